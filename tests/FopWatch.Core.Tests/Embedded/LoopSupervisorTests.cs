using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Running;

namespace FopWatch.Core.Tests.Embedded;

public sealed class LoopSupervisorTests : IOperatorLog, IDisposable
{
    private readonly ManualTimeProvider _time = new();
    private readonly CancellationTokenSource _stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
    private readonly SemaphoreSlim _started = new(0);
    private readonly List<LoopFailure> _failures = [];
    private readonly Troubles _troubles;
    private readonly LoopSupervisor _supervisor;

    public LoopSupervisorTests()
    {
        _troubles = new(this, _time);
        _supervisor = new(_troubles, new ThreadPoolWork(), _time, failure =>
        {
            _failures.Add(failure);
            if (LogFails)
                throw new IOException("No file descriptor is left.");
        });
    }

    private bool LogFails { get; set; }

    public void Dispose()
    {
        _stop.Dispose();
        _started.Dispose();
    }

    [Fact]
    public async Task A_loop_that_fails_starts_again_after_a_wait_that_doubles_up_to_a_minute()
    {
        var running = RunAsync(_ => throw new InvalidOperationException());
        var waits = new List<double>();
        for (var i = 0; i < 8; i++)
        {
            await _started.WaitAsync(_stop.Token);
            await FailedAsync(i + 1);
            waits.Add(_failures[^1].Wait.TotalSeconds);
            _time.Advance(_failures[^1].Wait - TimeSpan.FromMilliseconds(1));
            Assert.Equal(0, _started.CurrentCount);
            _time.Advance(TimeSpan.FromMilliseconds(1));
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 60, 60], waits);
        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal(("media", TroubleKind.LoopFails, "the watch loop failed: InvalidOperationException"), (trouble.Source, trouble.Kind, trouble.Detail));
        await StopAsync(running);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_loop_that_returns_or_a_log_that_fails_does_not_end_it(bool endsByItself)
    {
        LogFails = true;
        var running = RunAsync(_ => endsByItself ? Task.CompletedTask : throw new OperationCanceledException());

        for (var i = 0; i < 3; i++)
        {
            await _started.WaitAsync(_stop.Token);
            await FailedAsync(i + 1);
            _time.Advance(LoopSupervisor.Longest);
        }

        await StopAsync(running);
    }

    [Fact]
    public async Task A_loop_that_runs_for_long_is_no_longer_a_trouble_and_its_failures_are_reset()
    {
        var fails = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var starts = 0;
        var running = RunAsync(cancelled => ++starts switch
        {
            1 or 2 => throw new InvalidOperationException(),
            3 => fails.Task.WaitAsync(cancelled),
            _ => Task.Delay(Timeout.InfiniteTimeSpan, cancelled),
        });
        for (var i = 0; i < 2; i++)
        {
            await _started.WaitAsync(_stop.Token);
            await FailedAsync(i + 1);
            _time.Advance(_failures[^1].Wait);
        }

        await _started.WaitAsync(_stop.Token);
        await _time.UntilTimersAsync(1, _stop.Token);
        Assert.Single(_troubles.Current);
        _time.Advance(LoopSupervisor.Proven);
        while (_troubles.Current.Count > 0)
        {
            await Task.Delay(1, _stop.Token);
            _troubles.Check();
        }

        fails.SetException(new InvalidOperationException());
        while (_failures.Count < 3)
            await Task.Delay(1, _stop.Token);
        Assert.Equal(LoopSupervisor.First, _failures[^1].Wait);
        await StopAsync(running);
    }

    [Fact]
    public async Task Other_loops_continue_while_one_fails_and_all_end_when_stopped()
    {
        var turns = 0;
        var running = _supervisor.RunAsync(
            [
                new("bad", _ => throw new InvalidOperationException()),
                new("good", async cancelled =>
                {
                    while (true)
                    {
                        turns++;
                        await Task.Delay(1, cancelled);
                    }
                }),
            ],
            _stop.Token);

        while (turns < 10)
            await Task.Delay(1, _stop.Token);

        Assert.Equal("bad", Assert.Single(_failures).Loop.Name);
        await StopAsync(running);
    }

    void IOperatorLog.Settled(Job job, JobReferences references)
    {
    }

    void IOperatorLog.Warn(Trouble trouble)
    {
    }

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }

    private Task RunAsync(Func<CancellationToken, Task> loop) => _supervisor.RunAsync(
        [
            new("watch loop", cancelled =>
            {
                _started.Release();
                return loop(cancelled);
            })
            {
                Source = "media",
            },
        ],
        _stop.Token);

    /// <summary>Waits until the loop has failed the given number of times and waits for its restart.</summary>
    private async Task FailedAsync(int times)
    {
        while (_failures.Count < times)
            await Task.Delay(1, _stop.Token);
        await _time.UntilTimersAsync(1, _stop.Token);
    }

    private async Task StopAsync(Task running)
    {
        await _stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(10), CancellationToken.None);
    }
}

using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Providers;

namespace FopWatch.Core.Tests.PollLimits;

/// <summary>Several processes that poll the same source, on one clock.</summary>
public class PollSharesTests
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(50);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_single_process_has_the_whole_rate_but_one_poll_and_two_have_half_each_within_a_renewal()
    {
        using var world = new World(perSecond: 10);
        var first = world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(30));
        Assert.InRange(first.PerSecond(last: TimeSpan.FromSeconds(10)), 8.8, 9.2);

        // That one is for a newcomer.
        var second = world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(5));
        Assert.InRange(second.PerSecond(last: TimeSpan.FromSeconds(4)), 0.7, 1.3);

        await world.RunAsync(TimeSpan.FromSeconds(45));
        Assert.InRange(first.PerSecond(last: TimeSpan.FromSeconds(10)), 3.8, 5.2);
        Assert.InRange(second.PerSecond(last: TimeSpan.FromSeconds(10)), 3.8, 5.2);
        world.AssertRateHeld();
    }

    [Fact]
    public async Task The_share_of_a_killed_process_goes_to_the_others_once_its_lease_is_over()
    {
        using var world = new World(perSecond: 10);
        var processes = Enumerable.Range(0, 3).Select(_ => world.Start()).ToList();
        await world.RunAsync(TimeSpan.FromSeconds(90));
        Assert.All(processes, process => Assert.InRange(process.PerSecond(last: TimeSpan.FromSeconds(10)), 2.8, 3.2));

        processes[0].Kill();
        await world.RunAsync(TimeSpan.FromSeconds(75));

        Assert.InRange(processes.Skip(1).Sum(process => process.PerSecond(last: TimeSpan.FromSeconds(10))), 8.8, 9.2);
        world.AssertRateHeld();
    }

    [Fact]
    public async Task A_process_with_nothing_to_poll_holds_nothing_of_the_rate()
    {
        using var world = new World(perSecond: 10);
        var idle = world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(5));
        idle.Pause();
        var busy = world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(60));

        Assert.InRange(busy.PerSecond(last: TimeSpan.FromSeconds(10)), 8.8, 9.2);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(2.5)]
    public async Task A_process_asks_the_store_once_in_ten_seconds_however_much_it_polls(double perSecond)
    {
        using var world = new World(perSecond);
        for (var i = 0; i < 3; i++)
            world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(60));
        var before = world.Leases.Requests;

        await world.RunAsync(TimeSpan.FromSeconds(200));

        Assert.InRange(world.Leases.Requests - before, 1, 3 * 20);
    }

    [Fact]
    public async Task A_process_whose_store_fails_polls_until_its_lease_is_over_and_then_stops()
    {
        using var world = new World(perSecond: 10);
        var process = world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(5));
        world.Leases.Fault = _ => Fault.NotDone;

        await world.RunAsync(TimeSpan.FromSeconds(20));
        Assert.InRange(process.PerSecond(last: TimeSpan.FromSeconds(1)), 8, 10);
        await world.RunAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, process.PerSecond(last: TimeSpan.FromSeconds(3)));

        world.Leases.Fault = _ => Fault.None;
        await world.RunAsync(TimeSpan.FromSeconds(15));
        Assert.InRange(process.PerSecond(last: TimeSpan.FromSeconds(3)), 8, 10);
    }

    [Fact]
    public async Task A_caller_is_told_if_there_will_be_no_share_within_its_wait()
    {
        using var world = new World(perSecond: 1);
        world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(1));
        var pacer = world.Pacer();

        var waiting = pacer.TryWaitAsync(world.Source, TimeSpan.FromSeconds(5), Token).AsTask();
        await world.RunAsync(TimeSpan.FromSeconds(6));

        Assert.Equal(PollPacer.ShortestPause, await waiting.WaitAsync(TimeSpan.FromSeconds(30), Token));
    }

    [Theory]
    [InlineData(10, 1)]
    [InlineData(10, 2)]
    [InlineData(3, 3)]
    [InlineData(2.5, 4)]
    [InlineData(0.5, 5)]
    [InlineData(50, 6)]
    public async Task The_total_rate_holds_whatever_processes_start_and_die_and_whatever_the_store_does(double perSecond, int seed)
    {
        var random = new Random(seed);
        using var world = new World(perSecond);
        world.Leases.Fault = _ => (Fault)random.Next(0, 40) is var fault && fault <= Fault.Raced ? fault : Fault.None;
        var processes = new List<Process> { world.Start() };
        for (var i = 0; i < 60; i++)
        {
            await world.RunAsync(TimeSpan.FromSeconds(10 * random.NextDouble()));
            if (random.Next(3) == 0 && processes.Count < 12)
                processes.Add(world.Start());
            if (random.Next(4) == 0 && processes.Count > 1)
            {
                var victim = random.Next(processes.Count);
                processes[victim].Kill();
                processes.RemoveAt(victim);
            }
        }

        world.AssertRateHeld();
        Assert.InRange(world.Polls, 0.4 * perSecond * world.Elapsed.TotalSeconds, (perSecond * world.Elapsed.TotalSeconds) + perSecond + 1);
    }

    private enum Fault
    {
        None,
        NotDone,
        AnswerLost,
        Raced,
    }

    [Fact]
    public async Task A_lease_just_taken_that_ends_later_than_any_can_holds_nothing()
    {
        using var world = new World(perSecond: 10);
        world.Leases.Hold("ahead", polls: 10, TimeSpan.FromDays(365));
        var process = world.Start();
        await world.RunAsync(TimeSpan.FromSeconds(15));

        Assert.InRange(process.PerSecond(last: TimeSpan.FromSeconds(10)), 8.8, 9.2);
    }

    private sealed class World : IDisposable
    {
        private readonly ManualTimeProvider _clock = new();
        private readonly DateTimeOffset _start;
        private readonly List<Process> _processes = [];
        private readonly List<DateTimeOffset> _polls = [];

        public World(double perSecond)
        {
            Source = PollPacerTests.Source("media", perSecond);
            Leases = new(_clock);
            _start = _clock.GetUtcNow();
        }

        public Source Source { get; }

        public MemoryLeases Leases { get; }

        public int Polls => _polls.Count;

        public TimeSpan Elapsed => _clock.GetUtcNow() - _start;

        public PollPacer Pacer() => new(_clock, new PollShares(Leases, _clock, $"p{_processes.Count}"));

        public Process Start()
        {
            var process = new Process(this, _clock, Pacer());
            _processes.Add(process);
            return process;
        }

        public void Polled()
        {
            lock (_polls)
                _polls.Add(_clock.GetUtcNow());
        }

        public async Task RunAsync(TimeSpan length)
        {
            for (var end = _clock.GetUtcNow() + length; _clock.GetUtcNow() < end;)
            {
                await _clock.UntilTimersAsync(_processes.Count(process => process.Runs), Token);
                _clock.Advance(Step);
            }
        }

        public void Dispose() => _processes.ForEach(process => process.Dispose());

        public void AssertRateHeld()
        {
            var rate = PollRate.Of(Source);
            var polls = _polls.Order().ToList();
            Assert.All(polls.Zip(polls.Skip(rate.Polls)), pair => Assert.True(
                pair.Second - pair.First >= rate.Window - TimeSpan.FromMilliseconds(1), $"{rate.Polls + 1} polls from {pair.First:O} to {pair.Second:O}"));
        }
    }

    /// <summary>Polls as often as it may.</summary>
    private sealed class Process : IDisposable
    {
        private readonly ManualTimeProvider _clock;
        private readonly CancellationTokenSource _end = new();
        private readonly List<DateTimeOffset> _polls = [];

        public Process(World world, ManualTimeProvider clock, PollPacer pacer)
        {
            _clock = clock;
            var end = _end.Token;
            _ = Task.Run(async () =>
            {
                while (!end.IsCancellationRequested)
                {
                    await pacer.TryWaitAsync(world.Source, TimeSpan.MaxValue, end);
                    world.Polled();
                    lock (_polls)
                        _polls.Add(clock.GetUtcNow());
                }
            });
        }

        public bool Runs => !_end.IsCancellationRequested;

        /// <summary>Ends the process like a kill: it releases nothing.</summary>
        public void Kill() => _end.Cancel();

        /// <summary>It has nothing more to poll.</summary>
        public void Pause() => _end.Cancel();

        public void Dispose()
        {
            _end.Cancel();
            _end.Dispose();
        }

        public double PerSecond(TimeSpan last)
        {
            lock (_polls)
                return _polls.Count(at => at > _clock.GetUtcNow() - last) / last.TotalSeconds;
        }
    }

    /// <summary>A store whose clock has whole seconds, with the configured faults.</summary>
    private sealed class MemoryLeases(ManualTimeProvider clock) : IPollLeases
    {
        private readonly Lock _lock = new();
        private IReadOnlyList<PollLease> _leases = [];
        private int _version;

        public int Requests { get; private set; }

        public Func<string, Fault> Fault { get; set; } = _ => PollSharesTests.Fault.None;

        /// <summary>Writes a lease like another process.</summary>
        public void Hold(string owner, int polls, TimeSpan length)
        {
            lock (_lock)
                (_leases, _version) = ([.. _leases, new(owner, polls, clock.GetUtcNow() + length)], _version + 1);
        }

        public ValueTask<PollLeaseBook> ReadAsync(string source, CancellationToken cancellationToken)
        {
            lock (_lock)
            {
                Requests++;
                if (Fault("read") is PollSharesTests.Fault.NotDone or PollSharesTests.Fault.AnswerLost)
                    throw new StoreUnavailableException("The store is down.");
                var now = clock.GetUtcNow();
                return new(new PollLeaseBook(
                    _leases, _version == 0 ? null : $"{_version}", new DateTimeOffset(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), TimeSpan.Zero)));
            }
        }

        public ValueTask<bool> TryReplaceAsync(string source, IReadOnlyList<PollLease> leases, string? etag, CancellationToken cancellationToken)
        {
            lock (_lock)
            {
                Requests++;
                var fault = Fault("write");
                if (fault == PollSharesTests.Fault.NotDone)
                    throw new StoreUnavailableException("The store is down.");
                if (fault == PollSharesTests.Fault.Raced || etag != (_version == 0 ? null : $"{_version}"))
                    return new(false);
                (_leases, _version) = ([.. leases], _version + 1);
                return fault == PollSharesTests.Fault.AnswerLost ? throw new StoreUnavailableException("The answer was lost.") : new(true);
            }
        }
    }
}

using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Simulation.Tests;

/// <summary>When a watch makes its next step.</summary>
public sealed class PollStepTests : IStatusApi, ICommitObserver
{
    private static readonly Source Source = Scenario.NewSource(Contracts.ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.job");

    private readonly ManualTimeProvider _time = new();
    private readonly MemoryStore _store = new();
    private readonly PollSlots _slots;
    private readonly JobRecorder _recorder;
    private readonly Troubles _troubles;
    private Exception? _fault;
    private int _asked;

    public PollStepTests()
    {
        _slots = new(new(0, 1, 1), _time);
        _troubles = Unobserved.Troubles(_time);
        _recorder = new(new([Source]), _store, this, _time, new Random(7));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_step_before_its_poll_is_due_is_followed_by_one_when_it_is()
    {
        var job = await RegisterAsync(TimeSpan.FromHours(1));

        Assert.Equal(new(job.Watch.DueAt, PollAnswer.None, 0, IsPostponed: false), await StepOf(Source).RunAsync(Key, Cancelled));
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task An_answered_poll_is_followed_by_the_jobs_next_due_poll()
    {
        await RegisterAsync(TimeSpan.Zero);

        var next = await StepOf(Source).RunAsync(Key, Cancelled);

        Assert.Equal(new(_store.IndexedAt(Key), PollAnswer.NotFound, 1, IsPostponed: false), next);
        Assert.True(next.DueAt > _time.GetUtcNow());
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_poll_without_a_free_slot_is_postponed()
    {
        await RegisterAsync(TimeSpan.Zero);
        using var taken = await _slots.TryTakeAsync(Source, Cancelled);

        var next = await StepOf(Source).RunAsync(Key, Cancelled);

        Assert.Equal(new(_time.GetUtcNow() + PollSlots.ShortestWait, PollAnswer.None, 0, IsPostponed: true), next);
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task An_unwatched_or_unknown_job_or_one_without_a_source_needs_no_further_step()
    {
        Assert.Null((await StepOf(Source).RunAsync(Key, Cancelled)).DueAt);

        await RegisterAsync(TimeSpan.Zero);
        Assert.Null((await StepOf().RunAsync(Key, Cancelled)).DueAt);

        await _recorder.StopAsync(Key, Cancelled);
        Assert.Null((await StepOf(Source).RunAsync(Key, Cancelled)).DueAt);
        Assert.Equal(0, _asked);
    }

    [Fact]
    public async Task A_step_too_soon_after_a_poll_returns_how_that_poll_was_answered()
    {
        await RegisterAsync(TimeSpan.Zero);
        var next = await StepOf(Source).RunAsync(Key, Cancelled);

        Assert.Equal(next, await StepOf(Source).RunAsync(Key, Cancelled));
        Assert.Equal(1, _asked);
    }

    [Fact]
    public async Task A_poll_that_throws_and_is_postponed_in_the_store_is_followed_by_the_jobs_next_due_poll()
    {
        await RegisterAsync(TimeSpan.Zero);
        _fault = new InvalidOperationException();

        var next = await StepOf(Source).RunAsync(Key, Cancelled);

        Assert.Equal(new(_store.IndexedAt(Key), PollAnswer.Unavailable, 1, IsPostponed: false), next);
        Assert.True(next.DueAt > _time.GetUtcNow());
    }

    [Fact]
    public async Task A_poll_that_throws_and_cannot_be_postponed_in_the_store_is_postponed_for_a_minute()
    {
        await RegisterAsync(TimeSpan.Zero);
        (_fault, _store.Refuses) = (new InvalidOperationException(), new InvalidDataException());

        Assert.Equal(new(_time.GetUtcNow() + SetAside.First, PollAnswer.None, 0, IsPostponed: true), await StepOf(Source).RunAsync(Key, Cancelled));
    }

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(OperationCanceledException))]
    public async Task A_step_with_an_unexpected_exception_is_postponed_for_a_minute_and_reported(Type thrown)
    {
        await RegisterAsync(TimeSpan.Zero);
        _store.Finding = _ => throw (Exception)Activator.CreateInstance(thrown)!;

        Assert.Equal(new(_time.GetUtcNow() + SetAside.First, PollAnswer.None, 0, IsPostponed: true), await StepOf(Source).RunAsync(Key, Cancelled));
        var trouble = Assert.Single(_troubles.Current);
        Assert.Equal((Source.Name, TroubleKind.PollsFail), (trouble.Source, trouble.Kind));
    }

    [Fact]
    public async Task A_failing_store_and_a_cancelled_step_are_left_to_the_caller()
    {
        await RegisterAsync(TimeSpan.Zero);
        _store.Finding = _ => throw new StoreUnavailableException();
        await Assert.ThrowsAsync<StoreUnavailableException>(() => StepOf(Source).RunAsync(Key, Cancelled));

        _store.Finding = _ => throw new OperationCanceledException();
        await Assert.ThrowsAsync<OperationCanceledException>(() => StepOf(Source).RunAsync(Key, new CancellationToken(canceled: true)));
        Assert.Empty(_troubles.Current);
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        _asked++;
        if (_fault is not null)
            throw _fault;
        return Task.FromResult(new StatusAnswer(PollAnswer.NotFound));
    }

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;

    private Task<Job> RegisterAsync(TimeSpan firstPollAfter) => _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, firstPollAfter, Cancelled);

    private PollStep StepOf(params Source[] sources) => new(
        Unobserved.Poller(new(sources), _store, this, _recorder, _time, _troubles), _slots, _troubles, NullLogger.Instance, _time);
}

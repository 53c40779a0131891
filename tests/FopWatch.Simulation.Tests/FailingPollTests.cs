using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>Polls that throw unexpected exceptions.</summary>
public sealed class FailingPollTests : ICommitObserver, IStatusApi, IOperatorLog
{
    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll);
    private static readonly JobKey Key = new(Source.Name, "z0.bad");

    private readonly ManualTimeProvider _time = new();
    private readonly List<Trouble> _warned = [];
    private readonly MemoryStore _store = new();
    private readonly JobRecorder _recorder;
    private readonly Poller _poller;
    private Exception? _thrown;
    private bool _observerThrows;

    public FailingPollTests()
    {
        var sources = new Sources([Source]);
        _recorder = new(sources, _store, this, _time, new Random(7));
        _poller = Unobserved.Poller(sources, _store, this, _recorder, _time, new(this, _time));
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(OutOfMemoryException))]
    [InlineData(typeof(TaskCanceledException))]
    public async Task A_poll_that_throws_is_postponed_like_one_without_an_answer(Type thrown)
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _thrown = (Exception)Activator.CreateInstance(thrown)!;

        var polled = await PollAsync();

        Assert.Same(_thrown, polled.Fault);
        var watch = _store.Peek(Key)!.Watch;
        Assert.Equal((1, PollAnswer.Unavailable, $"the poll failed: {thrown.Name}"), (watch.Polls, watch.LastAnswer, watch.LastAnswerInWords));
        Assert.True(_store.IndexedAt(Key) >= _time.GetUtcNow() + (Source.Poll.First * 0.9), $"{_store.IndexedAt(Key)}");
        var trouble = Assert.Single(_warned);
        Assert.Equal((Source.Name, TroubleKind.PollsFail), (trouble.Source, trouble.Kind));
    }

    [Fact]
    public async Task The_next_poll_waits_longer_and_one_that_is_answered_settles_the_job()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _thrown = new InvalidOperationException();
        await PollAsync();
        var first = _store.IndexedAt(Key) - _time.GetUtcNow();

        _time.Advance(first!.Value);
        await PollAsync();
        Assert.True(_store.IndexedAt(Key) - _time.GetUtcNow() > first);

        _thrown = null;
        _time.Advance(_store.IndexedAt(Key)!.Value - _time.GetUtcNow());
        await PollAsync();
        Assert.Equal(JobState.Succeeded, _store.Peek(Key)!.State);
    }

    [Fact]
    public async Task If_neither_the_answer_nor_the_postponement_can_be_written_the_job_is_set_aside_for_longer_each_time()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        var before = _store.Peek(Key);
        _store.Refuses = new InvalidDataException("a job does not fit into a row");

        Assert.Same(_store.Refuses, (await PollAsync()).Fault);
        Assert.Equal(_time.GetUtcNow() + SetAside.Wait(1), _store.IndexedAt(Key));
        await PollAsync();
        Assert.Equal(_time.GetUtcNow() + SetAside.Wait(2), _store.IndexedAt(Key));
        Assert.Equal(before, _store.Peek(Key));

        _store.Refuses = null;
        await PollAsync();
        Assert.Equal(JobState.Succeeded, _store.Peek(Key)!.State);
    }

    [Fact]
    public async Task A_store_that_cannot_answer_is_not_counted_against_the_job()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _store.Refuses = new StoreUnavailableException();

        await Assert.ThrowsAsync<StoreUnavailableException>(PollAsync);

        Assert.Empty(_warned);
    }

    [Fact]
    public async Task A_committed_outcome_stays_whatever_is_thrown_afterwards()
    {
        await _recorder.RegisterAsync(Source, Key.Id, Job.NoMetadata, TimeSpan.Zero, Cancelled);
        _observerThrows = true;

        Assert.NotNull((await PollAsync()).Fault);

        Assert.Equal((JobState.Succeeded, null), (_store.Peek(Key)!.State, _store.IndexedAt(Key)));
    }

    private async Task<Polled> PollAsync()
    {
        var polled = await _poller.PollDueAsync(Key, slots: null, CommitCause.Watch, Cancelled);
        Assert.NotNull(polled.Answer);
        return polled;
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken) => _thrown is { } thrown
        ? Task.FromException<StatusAnswer>(thrown)
        : Task.FromResult(new StatusAnswer(PollAnswer.Report, source.Provider.Decode(
            ReportChannel.Poll, System.Text.Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","code":0,"items":[{"cmd":"x","code":0,"key":"k"}]}""")).Report));

    ValueTask ICommitObserver.CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) =>
        _observerThrows && committed.Before is { HasOutcome: false } ? throw new InvalidOperationException() : default;

    void IOperatorLog.Settled(Job job, JobReferences references)
    {
    }

    void IOperatorLog.Warn(Trouble trouble) => _warned.Add(trouble);

    void IOperatorLog.Over(Trouble trouble, TimeSpan lasted)
    {
    }
}

using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests;

/// <summary>Changing many jobs: in pieces, at a limited rate, without those that have changed since.</summary>
public sealed class BulkChangesTests : ICommitObserver
{
    private const double PerSecond = 4;

    private static readonly Source Source = Scenario.NewSource(ProviderKind.Qiniu, Scenarios.Poll with { PerSecond = PerSecond });

    private readonly ManualTimeProvider _time = new(Scenario.Start);
    private readonly MemoryStore _store = new();
    private readonly JobRecorder _recorder;
    private readonly BulkChanges _bulk;
    private readonly List<JobKey> _changed = [];

    public BulkChangesTests()
    {
        _recorder = new(new([Source]), _store, this, _time, new(1));

        // The store is not thread-safe.
        _bulk = new(new([Source]), _store, _recorder, _time, atOnce: 1);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_call_ends_when_its_time_is_over_and_the_next_continues_at_the_same_rate()
    {
        await RegisterAsync(250);
        _store.Committed = (_, _) => _time.Advance(BulkChanges.Longest / 100);

        var (progress, calls) = (new BulkProgress(), 0);
        do
        {
            progress = await _bulk.RunAsync(BulkAction.Poll, new() { Source = Source.Name }, progress, Cancelled);
            calls++;
        }
        while (progress.Continuation is not null);

        Assert.Equal((3, 250, 0), (calls, progress.Done, progress.Failed));
        Assert.Equal(250, _changed.Distinct().Count());
        var due = _store.Jobs.Select(job => job.Watch.DueAt!.Value).Order().ToList();
        Assert.All(due.Zip(due.Skip(1)), pair => Assert.InRange(pair.Second - pair.First, TimeSpan.FromSeconds(2 / PerSecond), TimeSpan.FromSeconds(30)));
        Assert.InRange(due.Count(at => at < Scenario.Start.AddSeconds(20)), 35, 41);
    }

    [Fact]
    public async Task A_bulk_poll_delays_no_poll_that_is_due_sooner()
    {
        await RegisterAsync(100, firstPollAfter: TimeSpan.FromSeconds(10));

        await _bulk.RunAsync(BulkAction.Poll, new() { Source = Source.Name }, new(), Cancelled);

        Assert.All(_store.Jobs, job => Assert.InRange(job.Watch.DueAt!.Value, Scenario.Start, Scenario.Start.AddSeconds(10)));
        Assert.Equal(20, _store.Jobs.Count(job => job.Watch.DueAt < Scenario.Start.AddSeconds(10)));
    }

    [Fact]
    public async Task A_job_that_changed_since_it_was_listed_is_skipped()
    {
        await RegisterAsync(1);
        var key = _store.Jobs.Single().Key;
        var isFirst = true;
        _store.Finding = _ =>
        {
            // After it was listed, and before it is stopped.
            if (isFirst)
            {
                isFirst = false;
                Assert.True(_store.CommitAsync(_store.Peek(key)!.Apply(Sample.Succeeded(ReportChannel.Poll), Scenario.Start).On(ETagOf(key)), Cancelled).AsTask().Result is not null);
            }
        };

        var progress = await _bulk.RunAsync(BulkAction.Stop, new() { States = [JobState.Waiting] }, new(), Cancelled);

        Assert.Equal((1, 0, null), (progress.Done, progress.Failed, progress.Continuation));
        Assert.Equal(JobState.Succeeded, _store.Peek(key)!.State);
        Assert.Empty(_changed);
    }

    [Fact]
    public async Task A_failing_store_ends_a_call_with_the_work_done_so_far_and_the_next_call_continues()
    {
        await RegisterAsync(150);
        var commits = 0;
        _store.Committed = (_, _) => _store.Refuses = ++commits == 120 ? new StoreUnavailableException("full") : null;

        var first = await _bulk.RunAsync(BulkAction.Stop, new() { Source = Source.Name }, new(), Cancelled);
        Assert.Equal((100, 0), (first.Done, first.Failed));
        await Assert.ThrowsAsync<StoreUnavailableException>(() => _bulk.RunAsync(BulkAction.Stop, new() { Source = Source.Name }, first, Cancelled));
        _store.Refuses = null;
        var second = await _bulk.RunAsync(BulkAction.Stop, new() { Source = Source.Name }, first, Cancelled);

        Assert.Equal((0, null), (second.Failed, second.Continuation));
        Assert.All(_store.Jobs, job => Assert.Equal(WatchStatus.Stopped, job.WatchStatus));
    }

    [Fact]
    public async Task Jobs_that_cannot_be_changed_are_counted_and_do_not_block_others()
    {
        await RegisterAsync(3);
        _store.Damage(_store.Jobs.First().Key, "damaged");

        var progress = await _bulk.RunAsync(BulkAction.Stop, new() { Source = Source.Name }, new(), Cancelled);

        Assert.Equal((2, 1, null), (progress.Done, progress.Failed, progress.Continuation));
    }

    [Fact]
    public async Task An_action_skips_jobs_in_states_to_which_it_does_not_apply()
    {
        await RegisterAsync(2);

        Assert.Equal(default, await _bulk.CountAsync(BulkAction.Republish, new() { States = [JobState.Waiting] }, Cancelled));
        Assert.Equal(default, await _bulk.CountAsync(BulkAction.Poll, new() { Watches = [WatchStatus.Stopped] }, Cancelled));
        Assert.Equal(new(2, AtLeast: false), await _bulk.CountAsync(BulkAction.Poll, new() { States = [JobState.Waiting, JobState.Failed] }, Cancelled));
        var progress = await _bulk.RunAsync(BulkAction.Republish, new() { States = [JobState.Waiting] }, new(), Cancelled);
        Assert.Equal((0, 0, null), (progress.Done, progress.Failed, progress.Continuation));
    }

    public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken)
    {
        if (committed.Cause == CommitCause.Bulk)
        {
            lock (_changed)
                _changed.Add(committed.After.Key);
        }

        return default;
    }

    private string? ETagOf(JobKey key)
    {
        var finding = _store.Finding;
        _store.Finding = null;
        var etag = _store.FindAsync(key, Cancelled).AsTask().Result?.ETag;
        _store.Finding = finding;
        return etag;
    }

    private async Task RegisterAsync(int jobs, TimeSpan? firstPollAfter = null)
    {
        for (var i = 0; i < jobs; i++)
            await _recorder.RegisterAsync(Source, $"j{i:000}", Job.NoMetadata, firstPollAfter ?? TimeSpan.FromHours(1), Cancelled);
    }
}

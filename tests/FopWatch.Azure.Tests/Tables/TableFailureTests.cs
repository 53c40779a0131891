using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>Lost answers, and a service that does not answer.</summary>
public sealed class TableFailureTests(SharedAzurite azurite) : IAsyncLifetime
{
    private readonly InterceptedRequests _wire = new();
    private TempTable _table = null!;
    private TableStore _store = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _table = await TempTable.OpenAsync(await azurite.StartedAsync());
        _store = await _table.StoreAsync(_wire.Between);
    }

    public ValueTask DisposeAsync() => _table.DisposeAsync();

    [Fact]
    public async Task A_creation_whose_answer_was_lost_succeeds_and_is_not_a_conflict()
    {
        _wire.Once("transaction", Fate.AnswerLost);

        var etag = await _store.Jobs.CommitAsync(Sample.Job("a").Settled().On(null), Cancelled);

        Assert.NotNull(etag);
        Assert.Equal(2, _wire.Requests.Count(request => request == "transaction"));
        Assert.Equal(etag, (await _store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled))?.ETag);
        Assert.Single(await _store.Outbox.PendingAsync(10, Cancelled));
        Assert.Equal(1, Assert.Single(await _store.Jobs.BooksAsync(Cancelled)).Settled);
    }

    [Fact]
    public async Task A_change_whose_answer_was_lost_succeeds_and_the_next_one_follows_it()
    {
        var job = Sample.Job("a");
        var created = await _store.Jobs.CommitAsync(job.New(), Cancelled);
        _wire.Once("transaction", Fate.AnswerLost);

        var moved = await _store.Jobs.CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), created, null), Cancelled);
        var settled = await _store.Jobs.CommitAsync(job.Settled().On(moved), Cancelled);

        Assert.NotNull(settled);
        Assert.Null(await _store.Due.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
        Assert.Single(await _store.Outbox.PendingAsync(10, Cancelled));
    }

    [Fact]
    public async Task A_change_whose_answer_was_lost_and_that_another_followed_is_a_conflict()
    {
        var job = Sample.Job("a");
        var created = await _store.Jobs.CommitAsync(job.New(), Cancelled);
        var other = _table.Store;
        _wire.Once("transaction", Fate.AnswerLost);
        _wire.WhenLost = async () =>
        {
            var stored = await other.Jobs.FindAsync(job.Key, Cancelled);
            Assert.Equal(Sample.Start.AddHours(1), stored?.Job.Watch.DueAt);
            Assert.NotNull(await other.Jobs.CommitAsync(stored!.Job.Settled().On(stored.ETag), Cancelled));
        };

        Assert.Null(await _store.Jobs.CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), created, null), Cancelled));

        Assert.True((await other.Jobs.FindAsync(job.Key, Cancelled))?.Job.IsSettled);
        Assert.Null(await other.Due.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
    }

    [Fact]
    public async Task With_all_answers_lost_the_store_is_unavailable_and_the_repeated_commit_succeeds()
    {
        _wire.Fates = request => request == "transaction" ? Fate.AnswerLost : Fate.Answered;
        var commit = Sample.Job("a").Settled().On(null);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await _store.Jobs.CommitAsync(commit, Cancelled));

        _wire.Fates = _ => Fate.Answered;
        var etag = await _store.Jobs.CommitAsync(commit, Cancelled);

        Assert.Equal((await _store.Jobs.FindAsync(commit.Job.Key, Cancelled))?.ETag, etag);
        Assert.NotNull(etag);
        Assert.Single(await _store.Outbox.PendingAsync(10, Cancelled));
    }

    [Theory]
    [InlineData(nameof(Fate.Busy))]
    [InlineData(nameof(Fate.Throttled))]
    [InlineData(nameof(Fate.Failed))]
    [InlineData(nameof(Fate.Unsent))]
    public async Task One_failure_is_retried_and_many_make_the_store_unavailable_with_nothing_written(string name)
    {
        var fate = Enum.Parse<Fate>(name);
        _wire.Once("transaction", fate);
        Assert.NotNull(await _store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled));

        _wire.Fates = _ => fate;
        var job = Sample.Job("b").Settled();
        await UnavailableAsync(() => _store.Jobs.CommitAsync(job.On(null), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.FindAsync(new JobKey("media", "a"), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.ListAsync(new JobQuery(), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Due.DueAsync("media", Sample.Start, 10, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Due.NextDueAsync("media", Sample.Start, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Outbox.PendingAsync(10, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Outbox.RemoveAsync([job.ToEvent()!], Cancelled).AsTask());
        await UnavailableAsync(() => _store.Outbox.DepthAsync(Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.PartsAsync(Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.CountAsync("media|0", 10, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.AddAsync(Sample.Notification("k"), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.FindAsync("k", Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.ListAsync(null, 10, null, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.RemoveAsync("k", Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.CountAsync(Cancelled).AsTask());
        await UnavailableAsync(() => _store.JobPurge.PurgeAsync(Sample.Start, TimeSpan.MaxValue, Cancelled).AsTask());

        _wire.Fates = _ => Fate.Answered;
        Assert.Null(await _store.Jobs.FindAsync(new JobKey("media", "b"), Cancelled));
        Assert.Equal("a", Assert.Single((await _store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements).Key.Id);
        Assert.Equal((0, null), await _store.Outbox.DepthAsync(Cancelled));
        Assert.Equal(0, await _store.Quarantine.CountAsync(Cancelled));
    }

    [Fact]
    public async Task A_lost_answer_to_a_removal_of_events_or_of_a_notification_is_not_an_error()
    {
        for (var i = 0; i < 8; i++)
            Assert.NotNull(await _store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled().On(null), Cancelled));
        await _store.Quarantine.AddAsync(Sample.Notification("k"), Cancelled);

        _wire.Once("transaction", Fate.AnswerLost);
        await _store.Outbox.RemoveAsync(await _store.Outbox.PendingAsync(7, Cancelled), Cancelled);
        _wire.Once("delete", Fate.AnswerLost);
        await _store.Outbox.RemoveAsync(await _store.Outbox.PendingAsync(1, Cancelled), Cancelled);
        _wire.Once("delete", Fate.AnswerLost);
        await _store.Quarantine.RemoveAsync("k", Cancelled);

        Assert.Equal((0, null), await _store.Outbox.DepthAsync(Cancelled));
        Assert.Equal(0, await _store.Quarantine.CountAsync(Cancelled));
    }

    [Fact]
    public async Task A_notification_whose_insertion_was_not_answered_is_kept_once()
    {
        _wire.Once("insert", Fate.AnswerLost);

        await _store.Quarantine.AddAsync(Sample.Notification("k"), Cancelled);

        Assert.Equal(1, await _store.Quarantine.CountAsync(Cancelled));
    }

    [Fact]
    public async Task A_call_cancelled_in_progress_is_not_reported_as_a_store_failure()
    {
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        _wire.Fates = request =>
        {
            if (request == "transaction")
                cancellation.Cancel();
            return Fate.Answered;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await _store.Jobs.CommitAsync(Sample.Job("a").New(), cancellation.Token));
    }

    [Theory]
    [InlineData(nameof(Fate.Busy))]
    [InlineData(nameof(Fate.Throttled))]
    [InlineData(nameof(Fate.Failed))]
    [InlineData(nameof(Fate.DoneAndFailed))]
    public async Task A_transaction_refused_within_an_accepted_answer_is_submitted_again(string name)
    {
        var fate = Enum.Parse<Fate>(name);
        var job = Sample.Job("a");

        await RefusedOnceAsync(async () => Assert.NotNull(await _store.Jobs.CommitAsync(job.New(), Cancelled)));
        var stored = await _store.Jobs.FindAsync(job.Key, Cancelled);
        await RefusedOnceAsync(async () => Assert.NotNull(await _store.Jobs.CommitAsync(job.Settled().On(stored!.ETag), Cancelled)));
        Assert.Equal((1, Sample.Start), await _store.Outbox.DepthAsync(Cancelled));

        // Two events of one partition go in one transaction.
        stored = await _store.Jobs.FindAsync(job.Key, Cancelled);
        Assert.NotNull(await _store.Jobs.CommitAsync(stored!.Job.Republish(Sample.Start).On(stored.ETag), Cancelled));
        await RefusedOnceAsync(async () => await _store.Outbox.RemoveAsync(await _store.Outbox.PendingAsync(10, Cancelled), Cancelled));
        Assert.Equal((0, null), await _store.Outbox.DepthAsync(Cancelled));

        // If a transaction that succeeded is refused, the job is found to have changed, and is retried once without its words.
        await RefusedOnceAsync(
            async () => await _store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled), fate == Fate.DoneAndFailed ? 3 : 2);
        Assert.Null(await _store.Jobs.FindAsync(job.Key, Cancelled));
        Assert.Empty(await _store.Jobs.BooksAsync(Cancelled));

        async Task RefusedOnceAsync(Func<Task> call, int transactions = 2)
        {
            _wire.Once("transaction", fate);
            _wire.Take();
            await call();
            Assert.Contains($"{transactions} transaction", _wire.Take(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_transaction_is_tried_five_times_over_at_least_one_and_a_half_seconds()
    {
        _wire.Fates = request => request == "transaction" ? Fate.Busy : Fate.Answered;
        var began = System.Diagnostics.Stopwatch.StartNew();

        await UnavailableAsync(() => _store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled).AsTask());

        Assert.Equal(5, _wire.Requests.Count(request => request == "transaction"));
        Assert.InRange(began.Elapsed, TimeSpan.FromSeconds(1.4), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task A_deleted_table_makes_the_store_unavailable_and_is_not_an_empty_store()
    {
        var job = Sample.Job("a");
        var etag = await _store.Jobs.CommitAsync(job.New(), Cancelled);
        await _table.Rows.DeleteAsync(Cancelled);

        await UnavailableAsync(() => _store.Jobs.FindAsync(job.Key, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.CommitAsync(job.Settled().On(etag), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.CommitAsync(Sample.Job("b").New(), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.ListAsync(new JobQuery { Source = "media" }, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Due.DueAsync("media", Sample.Start, 10, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Outbox.RemoveAsync([job.Settled().ToEvent()!], Cancelled).AsTask());
        await UnavailableAsync(() => _store.Outbox.PendingAsync(10, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.PartsAsync(Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.CountAsync("media|0", 10, Cancelled).AsTask());
        await UnavailableAsync(() => _store.Jobs.FindByReferenceAsync("media", _store.Jobs.References.Of(job.Key), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.FindAsync("k", Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.AddAsync(Sample.Notification("k"), Cancelled).AsTask());
        await UnavailableAsync(() => _store.Quarantine.RemoveAsync("k", Cancelled).AsTask());
        await UnavailableAsync(() => _store.JobPurge.PurgeAsync(Sample.Start, TimeSpan.MaxValue, Cancelled).AsTask());
        await UnavailableAsync(() => _store.PollLeases.ReadAsync("media", Cancelled).AsTask());
        await UnavailableAsync(() => _store.PollLeases.TryReplaceAsync("media", [], null, Cancelled).AsTask());
    }

    private static async Task UnavailableAsync(Func<Task> call) => await Assert.ThrowsAsync<StoreUnavailableException>(call);
}

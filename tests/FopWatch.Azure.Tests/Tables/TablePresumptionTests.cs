using Azure;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>What a process presumes of jobs, what that saves, and what comes of presumptions that are wrong.</summary>
public sealed class TablePresumptionTests(SharedAzurite azurite) : IAsyncLifetime
{
    private static readonly Source Media = FopWatchSettings.Read(new Dictionary<string, string?>
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:NotifyTokens:0"] = "right-token",
    }).Sources.All.Single();

    private readonly InterceptedRequests _wire = new();
    private TempTable? _table;
    private TableStore? _store;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private TableStore Store => _store!;

    public async ValueTask InitializeAsync()
    {
        _table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        _store = await _table.StoreAsync(_wire.Between);
        await Store.Jobs.CommitAsync(Sample.Job("first").New(), Cancelled);
        _wire.Take();
    }

    public ValueTask DisposeAsync() => _table!.DisposeAsync();

    [Fact]
    public async Task Ids_that_nobody_registered_cost_a_transaction_each_once_some_in_a_row_were_new()
    {
        for (var i = 0; i < Presumptions.Streak; i++)
        {
            await ReportAsync($"n{i}");
            Assert.Equal("1 read, 1 transaction", _wire.Take());
        }

        Assert.Equal(JobState.Succeeded, (await ReportAsync("next"))?.State);
        Assert.Equal("1 transaction", _wire.Take());

        // One that is known is read after all, and those after it for a while.
        await RecorderOf(Store, Sample.Start.AddMinutes(1)).ReportAsync(Media, "next", Sample.Succeeded(ReportChannel.Notification), null, Cancelled);
        Assert.Equal("2 read, 1 transaction", _wire.Take());
        await ReportAsync("another");
        Assert.Equal("1 read, 1 transaction", _wire.Take());
    }

    [Fact]
    public async Task A_registered_and_notified_job_costs_two_transactions_and_its_published_event_a_delete()
    {
        for (var i = 0; i < Presumptions.Streak; i++)
            await RegisterAsync($"r{i}");
        _wire.Take();

        await RegisterAsync("a");
        await ReportAsync("a");
        await Store.Outbox.RemoveAsync([(await Store.Outbox.PendingAsync(10, Cancelled)).Single(one => one.Key.Id == "a")], Cancelled);
        Assert.Equal("1 delete, 2 query, 2 transaction", _wire.Take());
        var job = (await Store.Jobs.FindAsync(new("media", "a"), Cancelled))!.Job;
        Assert.Equal((JobState.Succeeded, JobOrigin.Registration, 2), (job.State, job.Origin, job.Version));
    }

    [Fact]
    public async Task A_job_that_another_process_changed_or_made_is_read_before_it_is_changed()
    {
        var other = await _table!.StoreAsync();
        await RegisterAsync("changed");
        await RecorderOf(other).RegisterAsync(Media, "changed", new Dictionary<string, string> { ["lesson"] = "42" }, null, Cancelled);
        _wire.Take();
        var changed = await ReportAsync("changed");
        Assert.Equal("2 read, 2 transaction", _wire.Take());
        Assert.Equal(("42", JobState.Succeeded), (changed?.Metadata["lesson"], changed?.State));

        for (var i = 0; i < Presumptions.Streak; i++)
            await ReportAsync($"n{i}");
        await RecorderOf(other).RegisterAsync(Media, "made", new Dictionary<string, string> { ["lesson"] = "43" }, null, Cancelled);
        var made = await ReportAsync("made");
        Assert.Equal(("43", JobState.Succeeded, JobOrigin.Registration), (made?.Metadata["lesson"], made?.State, made?.Origin));
    }

    [Fact]
    public async Task A_presumption_decides_nothing_where_nothing_is_to_be_written()
    {
        await RegisterAsync("a");
        _wire.Take();

        // Settled elsewhere; here it is presumed to be open, and the report to say nothing new.
        var other = RecorderOf(await _table!.StoreAsync());
        await other.ReportAsync(Media, "a", Sample.Succeeded(ReportChannel.Notification), null, Cancelled);
        var told = await RecorderOf(Store).ReportAsync(Media, "a", Sample.Succeeded(ReportChannel.Notification) with { Facts = Sample.Job("a").Facts }, null, Cancelled);
        Assert.Equal(JobState.Succeeded, told?.State);
        Assert.DoesNotContain("transaction", _wire.Take(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registration_of_a_job_that_this_process_knows_reads_it()
    {
        for (var i = 0; i < Presumptions.Streak; i++)
            await RegisterAsync($"r{i}");
        _wire.Take();

        await RegisterAsync("r0");
        Assert.Equal("1 read", _wire.Take());
        Assert.Null(Store.Jobs.Presume(new("media", "r0"), JobOrigin.Registration));
        Assert.Equal("r0", Store.Jobs.Presume(new("media", "r0"), JobOrigin.Report)?.Job?.Job.Key.Id);
    }

    [Fact]
    public async Task A_job_that_is_purged_stays_purged_whatever_is_presumed()
    {
        var job = Sample.Job("a").Settled().Job;
        await Store.Jobs.CommitAsync(job.New(), Cancelled);
        Assert.Equal((1, true), await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        for (var i = 0; i < Presumptions.Streak; i++)
            await ReportAsync($"n{i}");

        _wire.Take();
        Assert.Null(await ReportAsync("a"));
        Assert.Equal("4 read, 1 transaction", _wire.Take());
        Assert.Null(await Store.Jobs.FindAsync(job.Key, Cancelled));
    }

    [Fact]
    public async Task A_tombstone_of_an_earlier_version_counts_until_it_is_too_old()
    {
        // A table of an earlier version: no mark, and a tombstone that is in no reference.
        await _table!.Rows.DeleteEntityAsync(RowKeys.TablePartition, RowKeys.TombstoneMark, ETag.All, Cancelled);
        var reference = Store.Jobs.References.Of(new("media", "a"));
        await _table.Rows.AddEntityAsync(new TableEntity("media|0", RowKeys.Tombstone(RowKeys.PeriodOf(Sample.Start), reference)), Cancelled);
        var opened = await _table.StoreAsync(_wire.Between, new SetTime(Sample.Start));
        Assert.False(opened.Jobs.RefusesPurged);
        Assert.True(await opened.Jobs.HasTombstoneAsync(new("media", "a"), Cancelled));
        Assert.Null(await RecorderOf(opened).ReportAsync(Media, "a", Sample.Succeeded(ReportChannel.Notification), null, Cancelled));

        // By then the last of them is gone, and looking for one takes a read.
        var end = Sample.Start + TimeSpan.FromDays(1) + (3 * Tombstone.Lifetime);
        var later = await _table.StoreAsync(_wire.Between, new SetTime(end));
        Assert.True(later.Jobs.RefusesPurged);
        Assert.Equal((0, true), await later.JobPurge.PurgeAsync(Sample.Start, TimeSpan.MaxValue, Cancelled));
        Assert.False(await later.Jobs.HasTombstoneAsync(new("media", "a"), Cancelled));
        Assert.NotNull(await RecorderOf(later).ReportAsync(Media, "a", Sample.Succeeded(ReportChannel.Notification), null, Cancelled));
    }

    [Fact]
    public void So_many_jobs_are_remembered_and_no_long_or_settled_ones()
    {
        var presumptions = new Presumptions();
        for (var i = 0; i < 3 * Presumptions.Remembered; i++)
            presumptions.Committed(Sample.Job($"j{i}").New(), "1|e", 400);
        Assert.Null(presumptions.Of(new("media", "j0"), JobOrigin.Hint));
        Assert.NotNull(presumptions.Of(new("media", $"j{2 * Presumptions.Remembered}"), JobOrigin.Hint)?.Job);

        presumptions.Committed(Sample.Job("long").New(), "1|e", Presumptions.LongestBody + 1);
        presumptions.Committed(Sample.Job("settled").Settled().Job.New(), "1|e", 400);
        presumptions.Committed(Sample.Job("refused").New(), "1|e", 400);
        presumptions.Refused(new(Sample.Job("refused"), "1|e", null));
        foreach (var id in (string[])["long", "settled", "refused"])
            Assert.Null(presumptions.Of(new("media", id), JobOrigin.Hint));
    }

    private Task<Job?> ReportAsync(string id) =>
        RecorderOf(Store).ReportAsync(Media, id, Sample.Succeeded(ReportChannel.Notification), null, Cancelled);

    private Task<Job> RegisterAsync(string id) => RecorderOf(Store).RegisterAsync(Media, id, Job.NoMetadata, null, Cancelled);

    private static JobRecorder RecorderOf(TableStore store, DateTimeOffset? now = null) =>
        new(new([Media]), store.Jobs, new Unheard(), new SetTime(now ?? Sample.Start), new Random(1));

    private sealed class Unheard : ICommitObserver
    {
        public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
    }
}

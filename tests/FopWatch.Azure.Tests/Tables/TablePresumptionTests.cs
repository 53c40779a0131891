using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>What an instance presumes about jobs that it committed, what that saves, and the effect of wrong presumptions.</summary>
public sealed class TablePresumptionTests(SharedAzurite azurite) : IAsyncLifetime
{
    private static readonly Source Media = FopWatchSettings.Read(new Dictionary<string, string?>
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:NotifyTokens:0"] = "right-token",
    }).Sources.All.Single();

    private static readonly JobKey Key = new("media", "a");

    private readonly InterceptedRequests _wire = new();
    private TempTable? _table;
    private TableStore? _here;
    private TableStore? _elsewhere;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private TableStore Here => _here!;

    private TableStore Elsewhere => _elsewhere!;

    public async ValueTask InitializeAsync()
    {
        _table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        _here = await _table.StoreAsync(_wire.Between);
        _elsewhere = await _table.StoreAsync();
        await RegisterAsync(Here, "first");
        await RegisterAsync(Elsewhere, "second");
        _wire.Take();
    }

    public ValueTask DisposeAsync() => _table!.DisposeAsync();

    [Fact]
    public async Task A_job_is_changed_without_a_read_by_the_instance_that_committed_it()
    {
        await RegisterAsync(Here, "a", ("lesson", "42"));
        Assert.Equal("1 read, 1 transaction", _wire.Take());

        Assert.Equal(JobState.Succeeded, (await ReportAsync(Here, "a"))?.State);

        Assert.Equal("1 transaction", _wire.Take());
        var stored = (await Elsewhere.Jobs.FindAsync(Key, Cancelled))!.Job;
        Assert.Equal((JobState.Succeeded, JobOrigin.Registration, 2, "42"), (stored.State, stored.Origin, stored.Version, stored.Metadata["lesson"]));
        Assert.Equal(2, Assert.Single(await Elsewhere.Outbox.PendingAsync(10, Cancelled)).Version);
        Assert.DoesNotContain(await Elsewhere.Due.DueAsync("media", null, DateTimeOffset.MaxValue, 10, Cancelled), due => due.Key == Key);
    }

    [Fact]
    public async Task A_settled_job_is_read_before_it_is_changed()
    {
        await RegisterAsync(Here, "a");
        await ReportAsync(Here, "a");
        _wire.Take();

        await ReportAsync(Here, "a");

        Assert.Equal("1 read", _wire.Take());
    }

    [Fact]
    public async Task An_unremembered_id_is_looked_up_however_many_new_ones_came_before()
    {
        for (var i = 0; i <= Presumptions.UsualAfter; i++)
        {
            await ReportAsync(Here, $"n{i}");
            Assert.Equal("3 read, 1 transaction", _wire.Take());
        }
    }

    [Fact]
    public async Task A_job_changed_by_another_instance_is_read_before_it_is_changed()
    {
        await RegisterAsync(Here, "a");
        await RegisterAsync(Elsewhere, "a", ("lesson", "42"));
        _wire.Take();

        var changed = await ReportAsync(Here, "a");

        Assert.Equal("2 read, 2 transaction", _wire.Take());
        Assert.Equal(("42", JobState.Succeeded, 3), (changed?.Metadata["lesson"], changed?.State, changed?.Version));
    }

    [Fact]
    public async Task A_job_settled_and_purged_by_another_instance_stays_purged()
    {
        await RegisterAsync(Here, "a");
        await ReportAsync(Elsewhere, "a");
        await Elsewhere.Outbox.RemoveAsync(await Elsewhere.Outbox.PendingAsync(10, Cancelled), Cancelled);
        Assert.Equal((1, true), await Elsewhere.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));

        var told = await RecorderOf(Here).RecordAsync(Key, new DecisionInput.Report(Sample.Succeeded(ReportChannel.Notification), null), Cancelled);

        Assert.Equal((null, true), (told.Job, told.WasPurged));
        Assert.Null(await Here.Jobs.FindAsync(Key, Cancelled));
        Assert.Empty(await Here.Outbox.PendingAsync(10, Cancelled));
    }

    [Fact]
    public async Task A_job_purged_and_registered_again_is_changed_in_its_current_form()
    {
        await RegisterAsync(Here, "a", ("lesson", "1"));
        await ReportAsync(Elsewhere, "a");
        await Elsewhere.Outbox.RemoveAsync(await Elsewhere.Outbox.PendingAsync(10, Cancelled), Cancelled);
        await Elsewhere.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled);
        await RegisterAsync(Elsewhere, "a", ("lesson", "2"));

        var changed = await ReportAsync(Here, "a");

        Assert.Equal(("2", JobState.Succeeded, 2), (changed?.Metadata["lesson"], changed?.State, changed?.Version));
    }

    [Fact]
    public async Task A_presumption_decides_nothing_if_nothing_is_to_be_written()
    {
        await RegisterAsync(Here, "a");
        await ReportAsync(Elsewhere, "a");
        _wire.Take();

        // It would not change the remembered job.
        var told = await RecorderOf(Here).ReportAsync(
            Media, "a", Sample.Succeeded(ReportChannel.Notification) with { Facts = Sample.Job("a").Facts }, null, Cancelled);

        Assert.Equal(JobState.Succeeded, told?.State);
        Assert.Equal("1 read", _wire.Take());
    }

    [Fact]
    public async Task A_change_whose_answer_was_lost_is_made_once()
    {
        await RegisterAsync(Here, "a");
        _wire.Take();
        _wire.Once("transaction", Fate.AnswerLost);

        Assert.Equal(2, (await ReportAsync(Here, "a"))?.Version);

        Assert.Equal("1 read, 2 transaction", _wire.Take());
        Assert.Single(await Here.Outbox.PendingAsync(10, Cancelled));
    }

    [Fact]
    public async Task A_registration_and_an_untrusted_notification_read_a_remembered_job()
    {
        await RegisterAsync(Here, "a");
        _wire.Take();

        await RegisterAsync(Here, "a");
        Assert.Equal("1 read", _wire.Take());
        await RecorderOf(Here).RecordAsync(Key, new DecisionInput.Hint(false), Cancelled, admits: _ => new(true));
        Assert.StartsWith("1 read", _wire.Take(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_facts_that_were_not_looked_up_are_presumed()
    {
        await RegisterAsync(Here, "a");
        await RegisterAsync(Elsewhere, "b");
        _wire.Take();

        Assert.True((await FindAsync("a", JobOrigin.Report, mayPresume: true)).IsPresumed);
        Assert.Equal("", _wire.Take());
        Assert.False((await FindAsync("a", JobOrigin.Report, mayPresume: false)).IsPresumed);
        Assert.False((await FindAsync("a", JobOrigin.Registration, mayPresume: true)).IsPresumed);
        Assert.False((await FindAsync("a", null, mayPresume: true)).IsPresumed);
        Assert.False((await FindAsync("b", JobOrigin.Report, mayPresume: true)).IsPresumed);
        Assert.Equal("4 read", _wire.Take());

        // That an id has neither job nor tombstone.
        Assert.Equal(default, await FindAsync("none", JobOrigin.Report, mayPresume: true));
        Assert.Equal("3 read", _wire.Take());

        ValueTask<FoundJob> FindAsync(string id, JobOrigin? origin, bool mayPresume) =>
            Here.Jobs.FindForChangeAsync(new("media", id), origin, mayPresume, Cancelled);
    }

    private static Task<Job?> ReportAsync(TableStore store, string id) =>
        RecorderOf(store).ReportAsync(Media, id, Sample.Succeeded(ReportChannel.Notification), null, Cancelled);

    private static Task<Job> RegisterAsync(TableStore store, string id, params (string Name, string Value)[] metadata) =>
        RecorderOf(store).RegisterAsync(Media, id, metadata.ToDictionary(one => one.Name, one => one.Value), null, Cancelled);

    private static JobRecorder RecorderOf(TableStore store) =>
        new(new([Media]), store.Jobs, new IgnoringObserver(), new SetTime(Sample.Start), new Random(1));

    private sealed class IgnoringObserver : ICommitObserver
    {
        public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
    }
}

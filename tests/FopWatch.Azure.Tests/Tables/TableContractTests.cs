using Azure;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Clocks;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

public sealed class TableJobStoreTests(SharedAzurite azurite) : JobStoreContract
{
    private TempTable? _table;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Jobs;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableJobListTests(SharedAzurite azurite) : JobListContract
{
    private TempTable? _table;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Jobs;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableJobSearchTests(SharedAzurite azurite) : JobSearchContract
{
    private TempTable? _table;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Jobs;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableJobBooksTests(SharedAzurite azurite) : JobBooksContract
{
    private TempTable? _table;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Jobs;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableDueIndexTests(SharedAzurite azurite) : DueIndexContract
{
    private TempTable? _table;

    protected override IJobStore Jobs => _table!.Store.Jobs;

    protected override async ValueTask<IDueIndex> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Due;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableOutboxTests(SharedAzurite azurite) : OutboxContract
{
    private TempTable? _table;
    private TableStore? _store;

    protected override IJobStore Jobs => _store!.Jobs;

    protected override async ValueTask<IOutbox> OpenAsync()
    {
        _table = await TempTable.OpenAsync(await azurite.StartedAsync());
        _store = await _table.StoreAsync(time: TimeProvider.System);
        return _store.Outbox;
    }

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableQuarantineTests(SharedAzurite azurite) : QuarantineContract
{
    private TempTable? _table;

    protected override IJobStore Jobs => _table!.Store.Jobs;

    protected override async ValueTask<IQuarantine> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Quarantine;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableStatisticsTests(SharedAzurite azurite) : StatisticsContract
{
    private TempTable? _table;
    private TableStore? _other;

    protected override IJobStore Jobs => _table!.Store.Jobs;

    protected override IStatistics Other => _other!.Statistics;

    protected override async ValueTask<IStatistics> OpenAsync()
    {
        _table = await TempTable.OpenAsync(await azurite.StartedAsync());
        _other = await _table.StoreAsync();
        return _table.Store.Statistics;
    }

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();

    [Fact]
    public async Task An_addition_is_a_query_a_read_of_its_hour_and_a_transaction()
    {
        await Port.AddAsync(Delta("media", Sample.Start, ("avthumb/mp4", new()), HourSum.Registered), Cancelled);
        var (wire, store) = await InterceptedAsync();

        await store.Statistics.AddAsync(Delta("media", Sample.Start, ("vframe/jpg", new()), HourSum.Registered), Cancelled);
        Assert.Equal("1 query, 1 read, 1 transaction", wire.Take());
        await store.Statistics.ReadAgesAsync("media", Sample.Start, Cancelled);
        await store.Statistics.ReadHoursAsync("media", Sample.Start.AddDays(-7), Sample.Start.AddDays(1), Cancelled);
        Assert.Equal("2 query", wire.Take());
    }

    [Theory]
    [InlineData(nameof(Fate.AnswerLost))]
    [InlineData(nameof(Fate.DoneAndFailed))]
    public async Task An_addition_whose_answer_is_lost_is_found_to_exist(string fate)
    {
        var (wire, store) = await InterceptedAsync();
        wire.Once("transaction", Enum.Parse<Fate>(fate));

        // Another process adds in between.
        wire.WhenLost = async () => await Port.AddAsync(Delta("media", Sample.Start, null, HourSum.Registered), Cancelled);
        await store.Statistics.AddAsync(Delta("media", Sample.Start, null, HourSum.Registered), Cancelled);

        var hour = Assert.Single(await Port.ReadHoursAsync("media", Sample.Start.AddDays(-1), Sample.Start.AddDays(1), Cancelled));
        Assert.Equal(fate == nameof(Fate.AnswerLost) ? 2 : 1, hour.Sums[HourSum.Registered]);
    }

    [Fact]
    public async Task Names_of_a_newer_version_are_kept_and_its_ages_are_unchanged()
    {
        var delta = Delta("media", Sample.Start, ("avthumb/mp4", new()), HourSum.Registered);
        await Port.AddAsync(delta, Cancelled);
        var partition = RowKeys.Statistics("media");
        var hour = new TableEntity(partition, RowKeys.Hour(delta.Hours.Keys.Single())) { ["Sums"] = """{"registered":1,"fromLater":5}""" };
        await _table!.Rows.UpdateEntityAsync(hour, ETag.All, TableUpdateMode.Merge, Cancelled);
        var ages = new TableEntity(partition, RowKeys.Class("avthumb/mp4")) { ["Ages"] = new byte[] { 3, 0 } };
        await _table.Rows.UpdateEntityAsync(ages, ETag.All, TableUpdateMode.Merge, Cancelled);

        await Port.AddAsync(delta with { Id = "again" }, Cancelled);

        var sums = Assert.Single(await Port.ReadHoursAsync("media", Sample.Start.AddDays(-1), Sample.Start.AddDays(1), Cancelled)).Sums;
        Assert.Equal((2, 5), (sums[HourSum.Registered], sums.ByName["fromLater"]));
        Assert.Empty(await Port.ReadAgesAsync("media", Sample.Start, Cancelled));
        Assert.Equal([3, 0], (await _table.Rows.GetEntityAsync<TableEntity>(partition, RowKeys.Class("avthumb/mp4"), cancellationToken: Cancelled)).Value.GetBinary("Ages"));
    }

    [Fact]
    public async Task The_last_time_is_added_to_a_row_of_an_earlier_version_which_leaves_it_unchanged()
    {
        var delta = Delta("media", Sample.Start, null, HourSum.Registered);
        await Port.AddAsync(delta, Cancelled);
        var (partition, latest) = (RowKeys.Statistics("media"), new LatestActivity(Sample.Start, null, PollAnswer.None));
        await _table!.Rows.UpdateEntityAsync(new TableEntity(partition, RowKeys.Additions) { ["Ids"] = delta.Id }, ETag.All, TableUpdateMode.Replace, Cancelled);
        Assert.Equal(default, await Port.ReadLatestAsync("media", Cancelled));

        await Port.AddAsync(delta, Cancelled);
        await Port.AddAsync(delta with { Id = "again", Latest = latest }, Cancelled);
        await _table.Rows.UpdateEntityAsync(new TableEntity(partition, RowKeys.Additions) { ["Ids"] = "earlier" }, ETag.All, TableUpdateMode.Merge, Cancelled);

        Assert.Equal(latest, await Port.ReadLatestAsync("media", Cancelled));
        Assert.Equal(2, Assert.Single(await Port.ReadHoursAsync("media", Sample.Start.AddDays(-1), Sample.Start.AddDays(1), Cancelled)).Sums[HourSum.Registered]);
    }

    private async Task<(InterceptedRequests Wire, TableStore Store)> InterceptedAsync()
    {
        var wire = new InterceptedRequests();
        var store = await _table!.StoreAsync(wire.Between);
        await store.Statistics.AddAsync(Delta("other", Sample.Start, null), Cancelled);
        wire.Take();
        return (wire, store);
    }

    [Fact]
    public async Task The_rows_of_statistics_are_not_jobs()
    {
        await Port.AddAsync(Delta("media", Sample.Start, ("avthumb/mp4", new()), HourSum.Registered), Cancelled);

        Assert.DoesNotContain(await Jobs.PartsAsync(Cancelled), part => part.Name.EndsWith("|s", StringComparison.Ordinal));
        foreach (var part in await Jobs.PartsAsync(Cancelled))
            Assert.Empty((await Jobs.CountAsync(part.Name, 10, Cancelled)).Books);
        Assert.Equal((0, true), await _table!.Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.FromMinutes(1), Cancelled));
        Assert.Single(await Port.ReadHoursAsync("media", Sample.Start.AddDays(-1), Sample.Start.AddDays(1), Cancelled));
    }

    [Fact]
    public async Task A_store_that_cannot_answer_says_so()
    {
        await using var other = await TempTable.OpenAsync(await azurite.StartedAsync());
        await other.Rows.DeleteAsync(Cancelled);

        var statistics = other.Store.Statistics;
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await statistics.AddAsync(Delta("media", Sample.Start, null), Cancelled));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await statistics.ReadAgesAsync("media", Sample.Start, Cancelled));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await statistics.ReadHoursAsync("media", Sample.Start, Sample.Start.AddDays(1), Cancelled));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await statistics.PurgeAsync(Sample.Start, Cancelled));
    }
}

public sealed class TablePurgeMarkTests(SharedAzurite azurite) : PurgeMarkContract
{
    private TempTable? _table;

    protected override IJobStore Jobs => _table!.Store.Jobs;

    protected override async ValueTask<IPurgeMarks> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.PurgeMarks;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();

    [Fact]
    public async Task A_store_that_cannot_answer_says_so()
    {
        await using var other = await TempTable.OpenAsync(await azurite.StartedAsync());
        await other.Rows.DeleteAsync(Cancelled);

        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await other.Store.PurgeMarks.AllowAsync(Sample.Start, Cancelled));
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await other.Store.PurgeMarks.WriteAsync(PurgeMark.None, Cancelled));
    }
}

public sealed class TableDamagedJobTests(SharedAzurite azurite) : DamagedJobContract
{
    private TempTable? _table;

    protected override IDueIndex Due => Store.Due;

    private TableStore Store => _table!.Store;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Jobs;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();

    protected override async Task<string> ReadDocumentAsync(JobKey key) => (await RowAsync(key)).GetString("Body");

    protected override async Task WriteDocumentAsync(JobKey key, string document)
    {
        var row = await RowAsync(key);
        row["Body"] = document;
        await _table!.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);
    }

    protected override async Task<int> PurgeAsync(DateTimeOffset settledBefore) => (await Store.JobPurge.PurgeAsync(settledBefore, TimeSpan.MaxValue, Cancelled)).Jobs;

    [Theory]
    [InlineData("d|")]
    [InlineData("v|")]
    public async Task An_overdue_job_that_settles_leaves_both_indexes_even_if_a_row_of_one_is_lost(string lost)
    {
        var overdue = Sample.Job("a").Overdue(TimeSpan.FromHours(1));
        var etag = await CommitAsync(overdue.On(null));
        foreach (var row in await IndexRowsAsync())
        {
            if (row.RowKey.StartsWith(lost, StringComparison.Ordinal))
                await _table!.Rows.DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, Cancelled);
        }

        Assert.Single(await IndexRowsAsync());
        Assert.NotNull(await Store.Jobs.CommitAsync(overdue.Job.Settled(TimeSpan.FromHours(2)).On(etag), Cancelled));
        Assert.Empty(await IndexRowsAsync());

        async Task<List<TableEntity>> IndexRowsAsync()
        {
            var rows = new List<TableEntity>();
            await foreach (var row in _table!.Rows.QueryAsync<TableEntity>(cancellationToken: Cancelled))
                rows.Add(row);
            return [.. rows.Where(row => row.RowKey.StartsWith("d|", StringComparison.Ordinal) || row.RowKey.StartsWith("v|", StringComparison.Ordinal))];
        }
    }

    [Theory]
    [InlineData("Body", null)]
    [InlineData("Body", 7)]
    [InlineData("DueAt", "never")]
    [InlineData("State", 7)]
    [InlineData("Settled", "yes")]
    [InlineData("Stopped", 1L)]
    [InlineData("RegisteredAt", true)]
    [InlineData("Commit", 1)]
    public async Task A_row_without_a_column_or_with_a_wrong_type_does_not_affect_others(string column, object? value)
    {
        await CommitAsync(Sample.Job("good").Settled().On(null));
        await CommitAsync(Sample.Job("bad").New());
        var row = await RowAsync(new("media", "bad"));
        if (value is null)
            row.Remove(column);
        else
            row[column] = value;
        await _table!.Rows.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Replace, Cancelled);

        var page = await Store.Jobs.ListAsync(new JobQuery(), Cancelled);
        Assert.Equal(2, page.Elements.Count + page.Unreadable.Count);
        Assert.Contains(page.Elements, job => job.Key.Id == "good");
        Assert.InRange(Assert.Single(await Store.Jobs.BooksAsync(Cancelled)).Registered, 2, 3);
        await Store.Jobs.UnwatchedAsync(10, Cancelled);
        try
        {
            var stored = await Store.Jobs.FindAsync(new JobKey("media", "bad"), Cancelled);
            Assert.NotNull(await Store.Jobs.CommitAsync(stored!.Job.Settled(TimeSpan.FromMinutes(1)).On(stored.ETag), Cancelled));
            Assert.Empty(await Store.Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled));
        }
        catch (UnreadableJobException unreadable)
        {
            await Store.Jobs.SetAsideAsync(unreadable.Job!, Sample.Start, Cancelled);
            Assert.Empty(await Store.Due.DueAsync("media", Sample.Start, 10, Cancelled));
        }

        await Store.Outbox.RemoveAsync(await Store.Outbox.PendingAsync(10, Cancelled), Cancelled);
        await Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled);
        Assert.Null(await Store.Jobs.FindAsync(new JobKey("media", "good"), Cancelled));
    }

    [Fact]
    public async Task A_key_of_unknown_form_does_not_affect_others()
    {
        await CommitAsync(Sample.Job("good").Settled().On(null));
        var partition = (await RowAsync(new("media", "good"))).PartitionKey;
        foreach (var kind in (string[])["d|", "l|", "o|", "j|", "r|"])
        {
            foreach (var rest in (string[])["x", "9999999999999999999|a", "0000000000000000000", "-1|a|b"])
                await _table!.Rows.AddEntityAsync(new TableEntity(partition, kind + rest), Cancelled);
        }

        await _table!.Rows.AddEntityAsync(new TableEntity("media|q", "h|zz"), Cancelled);

        Assert.Equal("good", Assert.Single((await Store.Jobs.ListAsync(new JobQuery(), Cancelled)).Elements).Key.Id);
        await Store.Jobs.BooksAsync(Cancelled);
        await Store.Jobs.UnwatchedAsync(10, Cancelled);
        Assert.Empty(await Store.Due.DueAsync("media", Sample.Start.AddYears(1), 10, Cancelled));
        await Store.Due.NextDueAsync("media", Sample.Start, Cancelled);
        var pending = await Store.Outbox.PendingAsync(10, Cancelled);
        Assert.Equal("good", Assert.Single(pending, one => one.Problem is null).Key.Id);
        Assert.Equal([("media", "its row key is not that of an event")], pending.Where(one => one.Problem is not null).Select(one => (one.Key.Source, one.Problem!)).Distinct());
        Assert.Equal((5, 5L), (pending.Count, (await Store.Outbox.DepthAsync(Cancelled)).Count));
        Assert.Empty((await Store.Quarantine.ListAsync(null, 10, null, Cancelled)).Elements);
        await Store.Outbox.SetAsideAsync([.. pending.Where(one => one.Problem is not null)], Cancelled);
        await Store.Outbox.RemoveAsync([.. pending.Where(one => one.Problem is null)], Cancelled);
        Assert.Equal(1, await PurgeAsync(Sample.Start.AddDays(1)));
    }

    private async Task<TableEntity> RowAsync(JobKey key)
    {
        var filter = TableClient.CreateQueryFilter($"RowKey eq {"j|" + key.Id}");
        return Assert.Single(await _table!.Rows.QueryAsync<TableEntity>(filter, cancellationToken: Cancelled).ToListAsync(Cancelled));
    }
}

public sealed class TableTombstoneTests(SharedAzurite azurite) : TombstoneContract
{
    private TempTable? _table;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Jobs;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();

    protected override async Task<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now) =>
        (await (await StoreAsync(now)).JobPurge.PurgeAsync(settledBefore, TimeSpan.MaxValue, Cancelled)).Jobs;

    protected override async ValueTask<IJobStore> AtAsync(DateTimeOffset now) => (await StoreAsync(now)).Jobs;

    private Task<TableStore> StoreAsync(DateTimeOffset now) => _table!.StoreAsync(time: new SetTime(now));
}

public sealed class TablePageLimitTests(SharedAzurite azurite) : PageLimitContract
{
    private TempTable? _table;

    protected override IOutbox Outbox => _table!.Store.Outbox;

    protected override IQuarantine Quarantine => _table!.Store.Quarantine;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store.Jobs;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

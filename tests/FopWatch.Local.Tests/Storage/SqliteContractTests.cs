using FopWatch.Clocks;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Sqlite;
using FopWatch.Statistics;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>A store in its own folder, for one test.</summary>
internal sealed class TempStore : IAsyncDisposable
{
    private readonly TempFolder _folder;

    private TempStore(TempFolder folder, SqliteStore store)
    {
        _folder = folder;
        Store = store;
    }

    public SqliteStore Store { get; }

    public string DatabasePath => _folder.DatabasePath;

    /// <summary>Opens a store whose log is the broker, as in the embedded host, or one whose events wait in the outbox.</summary>
    public static Task<TempStore> OpenAsync(bool isBroker) => OpenAsync(new SqliteStoreOptions { IsBroker = isBroker });

    public static async Task<TempStore> OpenAsync(SqliteStoreOptions? options = null, TimeProvider? time = null)
    {
        var folder = new TempFolder();
        return new(folder, await SqliteStore.OpenAsync(folder.FullName, time ?? TimeProvider.System, options));
    }

    /// <summary>Queries the database directly.</summary>
    public object? Scalar(string sql, params object?[] values)
    {
        using var connection = new SqliteConnection($"Data Source={DatabasePath};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        for (var i = 0; i < values.Length; i++)
            command.Parameters.AddWithValue($"${i + 1}", values[i] ?? DBNull.Value);
        return command.ExecuteScalar();
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}

public sealed class SqliteJobStoreTests() : SqliteJobStoreSuite(isBroker: false);

public sealed class SqliteJobStoreAsBrokerTests() : SqliteJobStoreSuite(isBroker: true);

public abstract class SqliteJobStoreSuite(bool isBroker) : JobStoreContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteJobListTests() : SqliteJobListSuite(isBroker: false);

public sealed class SqliteJobListAsBrokerTests() : SqliteJobListSuite(isBroker: true);

public abstract class SqliteJobListSuite(bool isBroker) : JobListContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteJobSearchTests() : SqliteJobSearchSuite(isIndexed: false);

public sealed class SqliteIndexedJobSearchTests() : SqliteJobSearchSuite(isIndexed: true);

public abstract class SqliteJobSearchSuite(bool isIndexed) : JobSearchContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    protected override async Task IndexAsync()
    {
        if (!isIndexed)
            return;
        await _temp!.Store.Upkeep.IndexAsync(Cancelled);
        Assert.Equal(0L, _temp.Scalar("SELECT count(*) FROM searchable_jobs WHERE is_indexed = 0"));
    }
}

public sealed class SqliteJobBooksTests() : SqliteJobBooksSuite(isBroker: false);

public sealed class SqliteJobBooksAsBrokerTests() : SqliteJobBooksSuite(isBroker: true);

public abstract class SqliteJobBooksSuite(bool isBroker) : JobBooksContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteDueIndexTests() : SqliteDueIndexSuite(isBroker: false);

public sealed class SqliteDueIndexAsBrokerTests() : SqliteDueIndexSuite(isBroker: true);

public abstract class SqliteDueIndexSuite(bool isBroker) : DueIndexContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IDueIndex> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Due;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

/// <summary>With the log as the broker, the outbox contains only events that the log refuses: <see cref="LoggedWithJobTests"/>.</summary>
public sealed class SqliteOutboxTests : OutboxContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IOutbox> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Outbox;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteQuarantineTests() : SqliteQuarantineSuite(isBroker: false);

public sealed class SqliteQuarantineAsBrokerTests() : SqliteQuarantineSuite(isBroker: true);

public abstract class SqliteQuarantineSuite(bool isBroker) : QuarantineContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IQuarantine> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Quarantine;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteStatisticsTests() : SqliteStatisticsSuite(isBroker: false);

public sealed class SqliteStatisticsAsBrokerTests() : SqliteStatisticsSuite(isBroker: true);

public abstract class SqliteStatisticsSuite(bool isBroker) : StatisticsContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IStatistics> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Statistics;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    [Fact]
    public async Task Names_of_a_newer_version_are_kept_and_its_ages_are_unchanged()
    {
        var delta = Delta("media", Sample.Start, ("avthumb/mp4", new()), HourSum.Registered);
        await Port.AddAsync(delta, Cancelled);
        _temp!.Scalar("UPDATE statistics_hours SET sums = '{\"registered\":1,\"fromLater\":5,\"broken\":\"x\"}'");
        _temp.Scalar("UPDATE statistics_ages SET ages = x'0300'");

        await Port.AddAsync(delta with { Id = "again" }, Cancelled);

        var hour = Assert.Single(await Port.ReadHoursAsync("media", DateTimeOffset.MinValue, DateTimeOffset.MaxValue, Cancelled));
        Assert.Equal((2, 5), (hour.Sums[HourSum.Registered], hour.Sums.ByName["fromLater"]));
        Assert.Empty(await Port.ReadAgesAsync("media", Sample.Start, Cancelled));
        Assert.Equal("0300", _temp.Scalar("SELECT hex(ages) FROM statistics_ages"));
    }

    [Fact]
    public async Task Damaged_rows_start_over()
    {
        await Port.AddAsync(Delta("media", Sample.Start, ("avthumb/mp4", new()), HourSum.Registered), Cancelled);
        _temp!.Scalar("UPDATE statistics_hours SET sums = '[nonsense'");
        _temp.Scalar("UPDATE statistics_ages SET ages = x'01ffff'");
        _temp.Scalar("UPDATE statistics_additions SET latest = '-5 x'");
        Assert.Equal(default, await Port.ReadLatestAsync("media", Cancelled));
        Assert.Empty(await Port.ReadAgesAsync("media", Sample.Start, Cancelled));

        var ages = new KnownAges();
        ages.AddOver(60);
        await Port.AddAsync(Delta("media", Sample.Start, ("avthumb/mp4", ages), HourSum.Registered), Cancelled);
        Assert.Equal(1, Assert.Single(await Port.ReadAgesAsync("media", Sample.Start, Cancelled)).Ages.Jobs, 0.001);
        Assert.Equal(1, Assert.Single(await Port.ReadHoursAsync("media", DateTimeOffset.MinValue, DateTimeOffset.MaxValue, Cancelled)).Sums[HourSum.Registered]);
    }
}

public sealed class SqlitePurgeMarkTests() : SqlitePurgeMarkSuite(isBroker: false);

public sealed class SqlitePurgeMarkAsBrokerTests() : SqlitePurgeMarkSuite(isBroker: true);

public abstract class SqlitePurgeMarkSuite(bool isBroker) : PurgeMarkContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IPurgeMarks> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.ClockMarks;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    [Fact]
    public async Task The_last_time_is_read_as_written_and_a_damaged_one_is_ignored()
    {
        var marks = _temp!.Store.ClockMarks;
        var time = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.FromHours(8));
        Assert.Null(await marks.ReadTimeAsync(Cancelled));

        await marks.WriteTimeAsync(time, Cancelled);
        Assert.Equal(time, await marks.ReadTimeAsync(Cancelled));

        _temp.Scalar("UPDATE installation SET value = x'00ff' WHERE name = 'time'");
        Assert.Null(await marks.ReadTimeAsync(Cancelled));
    }
}

public sealed class SqliteDamagedJobTests() : SqliteDamagedJobSuite(isBroker: false);

public sealed class SqliteDamagedJobAsBrokerTests() : SqliteDamagedJobSuite(isBroker: true);

public abstract class SqliteDamagedJobSuite(bool isBroker) : DamagedJobContract
{
    private TempStore? _temp;

    protected override IDueIndex Due => _temp!.Store.Due;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    protected override Task<string> ReadDocumentAsync(JobKey key) =>
        Task.FromResult((string)_temp!.Scalar("SELECT CAST(body AS TEXT) FROM jobs WHERE source = $1 AND id = $2", key.Source, key.Id)!);

    protected override Task WriteDocumentAsync(JobKey key, string document)
    {
        _temp!.Scalar("UPDATE jobs SET body = CAST($3 AS BLOB) WHERE source = $1 AND id = $2", key.Source, key.Id, document);
        return Task.CompletedTask;
    }

    protected override Task<int> PurgeAsync(DateTimeOffset settledBefore) => _temp!.Store.JobPurge.PurgeAsync(settledBefore, settledBefore, Cancelled).AsTask();
}

public sealed class SqliteTombstoneTests() : SqliteTombstoneSuite(isBroker: false);

public sealed class SqliteTombstoneAsBrokerTests() : SqliteTombstoneSuite(isBroker: true);

public abstract class SqliteTombstoneSuite(bool isBroker) : TombstoneContract
{
    private TempStore? _temp;

    protected override bool HasOutbox => !isBroker;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    protected override Task<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now) => _temp!.Store.JobPurge.PurgeAsync(settledBefore, now, Cancelled).AsTask();

    protected override ValueTask<IJobStore> AtAsync(DateTimeOffset now) => new(_temp!.Store.Jobs);
}

/// <summary>This includes pages of the outbox, which is empty in a store whose log is the broker.</summary>
public sealed class SqlitePageLimitTests : PageLimitContract
{
    private TempStore? _temp;

    protected override IOutbox Outbox => _temp!.Store.Outbox;

    protected override IQuarantine Quarantine => _temp!.Store.Quarantine;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class EventLogPublisherTests() : EventLogPublisherSuite(isBroker: false);

public sealed class EventLogPublisherAsBrokerTests() : EventLogPublisherSuite(isBroker: true);

public abstract class EventLogPublisherSuite(bool isBroker) : EventPublisherContract
{
    private TempStore? _temp;

    protected override async ValueTask<IEventPublisher> OpenAsync() => (_temp = await TempStore.OpenAsync(isBroker)).Store.Events;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    protected override async ValueTask<IReadOnlyList<ReceivedEvent>> ReceiveAsync(int count) =>
        [.. (await _temp!.Store.Events.ReadAsync(0, int.MaxValue, Cancelled)).Select(logged => new ReceivedEvent(logged.Id, logged.Type, logged.Body))];
}

using FopWatch.Clocks;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Sqlite;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>A store in a folder of its own, for one test.</summary>
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

    public static async Task<TempStore> OpenAsync(SqliteStoreOptions? options = null, TimeProvider? time = null)
    {
        var folder = new TempFolder();
        return new(folder, await SqliteStore.OpenAsync(folder.FullName, time ?? TimeProvider.System, options));
    }

    /// <summary>Asks the database behind the store's back.</summary>
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

public sealed class SqliteJobStoreTests : JobStoreContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteJobListTests : JobListContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteJobBooksTests : JobBooksContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteDueIndexTests : DueIndexContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IDueIndex> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Due;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteOutboxTests : OutboxContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IOutbox> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Outbox;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteQuarantineTests : QuarantineContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IQuarantine> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Quarantine;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqlitePurgeMarkTests : PurgeMarkContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store.Jobs;

    protected override async ValueTask<IPurgeMarks> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.ClockMarks;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    [Fact]
    public async Task The_last_time_is_read_as_it_was_written_and_a_damaged_one_is_none()
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

public sealed class SqliteDamagedJobTests : DamagedJobContract
{
    private TempStore? _temp;

    protected override IDueIndex Due => _temp!.Store.Due;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

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

public sealed class SqliteTombstoneTests : TombstoneContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    protected override Task<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now) => _temp!.Store.JobPurge.PurgeAsync(settledBefore, now, Cancelled).AsTask();

    protected override ValueTask<IJobStore> AtAsync(DateTimeOffset now) => new(_temp!.Store.Jobs);
}

public sealed class SqlitePageLimitTests : PageLimitContract
{
    private TempStore? _temp;

    protected override IOutbox Outbox => _temp!.Store.Outbox;

    protected override IQuarantine Quarantine => _temp!.Store.Quarantine;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Jobs;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class EventLogPublisherTests : EventPublisherContract
{
    private TempStore? _temp;

    protected override async ValueTask<IEventPublisher> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store.Events;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();

    protected override async ValueTask<IReadOnlyList<ReceivedEvent>> ReceiveAsync(int count) =>
        [.. (await _temp!.Store.Events.ReadAsync(0, int.MaxValue, Cancelled)).Select(logged => new ReceivedEvent(logged.Id, logged.Type, logged.Body))];
}

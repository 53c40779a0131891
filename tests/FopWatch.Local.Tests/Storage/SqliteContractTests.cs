using FopWatch.Contract.Tests;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Local.Storage;
using FopWatch.Publishing;
using FopWatch.Watching;

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

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        _folder.Dispose();
    }
}

public sealed class SqliteJobStoreTests : JobStoreContract
{
    private TempStore? _temp;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteDueIndexTests : DueIndexContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store;

    protected override async ValueTask<IDueIndex> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteOutboxTests : OutboxContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store;

    protected override async ValueTask<IOutbox> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqliteQuarantineTests : QuarantineContract
{
    private TempStore? _temp;

    protected override IJobStore Jobs => _temp!.Store;

    protected override async ValueTask<IQuarantine> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store;

    protected override ValueTask CloseAsync() => _temp!.DisposeAsync();
}

public sealed class SqlitePageLimitTests : PageLimitContract
{
    private TempStore? _temp;

    protected override IOutbox Outbox => _temp!.Store;

    protected override IQuarantine Quarantine => _temp!.Store;

    protected override async ValueTask<IJobStore> OpenAsync() => (_temp = await TempStore.OpenAsync()).Store;

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

using FopWatch.Azure.Tables;
using FopWatch.Contract.Tests;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

public sealed class TableJobStoreTests(SharedAzurite azurite) : JobStoreContract
{
    private TempTable? _table;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableDueIndexTests(SharedAzurite azurite) : DueIndexContract
{
    private TempTable? _table;

    protected override IJobStore Jobs => _table!.Store;

    protected override async ValueTask<IDueIndex> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableOutboxTests(SharedAzurite azurite) : OutboxContract
{
    private TempTable? _table;
    private TableStore? _store;

    protected override IJobStore Jobs => _store!;

    protected override async ValueTask<IOutbox> OpenAsync()
    {
        _table = await TempTable.OpenAsync(await azurite.StartedAsync());
        return _store = await _table.StoreAsync(time: TimeProvider.System);
    }

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TableQuarantineTests(SharedAzurite azurite) : QuarantineContract
{
    private TempTable? _table;

    protected override IJobStore Jobs => _table!.Store;

    protected override async ValueTask<IQuarantine> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

public sealed class TablePageLimitTests(SharedAzurite azurite) : PageLimitContract
{
    private TempTable? _table;

    protected override IOutbox Outbox => _table!.Store;

    protected override IQuarantine Quarantine => _table!.Store;

    protected override async ValueTask<IJobStore> OpenAsync() => (_table = await TempTable.OpenAsync(await azurite.StartedAsync())).Store;

    protected override ValueTask CloseAsync() => _table!.DisposeAsync();
}

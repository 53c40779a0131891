using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>A table for one test, deleted afterwards.</summary>
internal sealed class TempTable : IAsyncDisposable
{
    private readonly Azurite _azurite;

    private TempTable(Azurite azurite, TableStoreOptions options)
    {
        _azurite = azurite;
        Options = options;
    }

    /// <summary>A clock that stands still, so that a count is not cut short where the emulator is slow.</summary>
    public static TimeProvider WithoutElapsedTime => new StepTime(TimeSpan.Zero, Sample.Start);

    public TableStoreOptions Options { get; }

    public TableStore Store { get; private set; } = null!;

    /// <summary>The rows, for tests that bypass the store.</summary>
    public TableClient Rows => _azurite.Client().GetTableClient(Options.TableName);

    public static async Task<TempTable> OpenAsync(Azurite azurite, int buckets = 3)
    {
        var table = new TempTable(azurite, new() { TableName = $"t{Guid.NewGuid():N}", Buckets = buckets });
        table.Store = await table.StoreAsync();
        return table;
    }

    /// <summary>Another host's store of the same table.</summary>
    public Task<TableStore> StoreAsync(Action<TableClientOptions>? configure = null, TimeProvider? time = null) =>
        TableStore.CreateAsync(_azurite.Client(configure), Options, time ?? new SetTime(Sample.Start), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync() => await Rows.DeleteAsync(CancellationToken.None);
}

using FopWatch.Azure.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tests.Tables;

public abstract class TableTest(SharedAzurite azurite) : IAsyncLifetime
{
    private TempTable? _table;

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    protected SharedAzurite Azurite => azurite;

    private protected TempTable Table => _table ?? throw new InvalidOperationException("The table is not open.");

    private protected TableStore Store => Table.Store;

    public async ValueTask InitializeAsync() => _table = await TempTable.OpenAsync(await azurite.StartedAsync());

    public async ValueTask DisposeAsync()
    {
        if (_table is not null)
            await _table.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    protected async Task CommitAsync(JobCommit commit) => Assert.NotNull(await Store.Jobs.CommitAsync(commit, Cancelled));

    protected string PartitionOf(Job job) => RowKeys.Partition(job.Key, Table.Options.Buckets);
}

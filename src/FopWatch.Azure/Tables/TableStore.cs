using Azure.Data.Tables;
using FopWatch.Clocks;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Publishing;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Azure.Tables;

/// <summary>
/// The cloud host's store: one table. All rows of a job are in one partition and are committed in one entity group transaction. Any number of hosts may use a
/// table concurrently. Calls that the service refuses temporarily are retried by the client's options, and then throw a
/// <see cref="StoreUnavailableException"/>.
/// </summary>
public sealed class TableStore : IStore
{
    private readonly TableClient _rows;

    private TableStore(TableGateway table, TableLayout layout)
    {
        _rows = table.Rows;
        var references = new TableReferences(table, layout);
        Words = new(table, layout);
        Jobs = new TableJobs(table, references, new(table), new(table, references, new(table, Words)));
        Due = new TableDueIndex(table);
        Outbox = new TableOutbox(table);
        Quarantine = new TableQuarantine(table);
        Statistics = new TableStatistics(table);
        JobPurge = new(table, references);
        PollLeases = new TablePollLeases(table.Rows, table.Time);
        PurgeMarks = new TablePurgeMarks(table.Rows);
        TimerRuns = new(table.Rows, table.Time);
    }

    /// <inheritdoc/>
    public IJobStore Jobs { get; }

    /// <inheritdoc/>
    public IDueIndex Due { get; }

    /// <inheritdoc/>
    public IOutbox Outbox { get; }

    /// <inheritdoc/>
    public IQuarantine Quarantine { get; }

    /// <inheritdoc/>
    public IStatistics Statistics { get; }

    /// <summary>Completes the index of words.</summary>
    public WordsBackfill Words { get; }

    /// <summary>Deletes settled jobs.</summary>
    public JobPurge JobPurge { get; }

    /// <summary>The leases of the sources' poll rates, in the same table.</summary>
    public IPollLeases PollLeases { get; }

    /// <summary>The progress of purges, in the same table.</summary>
    public IPurgeMarks PurgeMarks { get; }

    /// <summary>The runs of the app's timers, in the same table.</summary>
    public TableTimerRuns TimerRuns { get; }

    /// <summary>Checks that rows can be written, read and deleted, with a row that nothing else uses.</summary>
    /// <exception cref="StoreUnavailableException">They cannot.</exception>
    public async ValueTask ProveAsync(CancellationToken cancellationToken) => await TableFailures.AskAsync(
        async token =>
        {
            var (partition, key) = (RowKeys.TablePartition, $"{RowKeys.Proofs}{Guid.NewGuid():N}");
            await _rows.UpsertEntityAsync(new TableEntity(partition, key), TableUpdateMode.Replace, token);
            try
            {
                await _rows.GetEntityAsync<TableEntity>(partition, key, cancellationToken: token);
            }
            finally
            {
                // Also if the caller has cancelled, because the row would stay.
                await _rows.DeleteEntityAsync(partition, key, cancellationToken: CancellationToken.None);
            }

            return true;
        },
        cancellationToken);

    /// <summary>Opens the store; creates the table if it does not exist.</summary>
    /// <param name="service">The storage account. Its options determine the retries of requests.</param>
    /// <param name="options">The options of the table.</param>
    /// <param name="time">The clock, which distinguishes leftovers from writes in progress.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The layout of the table does not match the options or this version of FopWatch.</exception>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public static async Task<TableStore> CreateAsync(
        TableServiceClient service, TableStoreOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        options.Validate();
        var rows = service.GetTableClient(options.TableName);
        var layout = await TableFailures.AskAsync(token => TableLayout.OpenAsync(rows, options, time, token), cancellationToken);
        return new(new(rows, options, time, layout.Sources), layout);
    }
}

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
/// The cloud host's store: one table. What belongs to a job is in one partition and is committed in one entity group transaction.
/// Any number of hosts may use a table at once. A call that the service refuses for now is tried again as the client's options
/// say; after that it is a <see cref="StoreUnavailableException"/>.
/// </summary>
public sealed class TableStore : IStore
{
    private readonly TableClient _rows;

    private TableStore(TableGateway table, TableLayout layout)
    {
        _rows = table.Rows;
        var references = new TableReferences(table, layout);
        Words = new(table, layout);
        Jobs = new TableJobs(table, references, new(table), new(table, references, Words));
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

    /// <summary>How far purges have come, in the same table.</summary>
    public IPurgeMarks PurgeMarks { get; }

    /// <summary>When the timers of the app ran, in the same table.</summary>
    public TableTimerRuns TimerRuns { get; }

    /// <summary>Finds out whether rows can be written, read and deleted, with a row that nothing else looks at.</summary>
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
                // Also where the caller has given up: the row would stay.
                await _rows.DeleteEntityAsync(partition, key, cancellationToken: CancellationToken.None);
            }

            return true;
        },
        cancellationToken);

    /// <summary>Opens the store; makes the table where there is none.</summary>
    /// <param name="service">The storage account. Its options say how often and how long requests are tried again.</param>
    /// <param name="options">Where the rows are and how.</param>
    /// <param name="time">The clock, by which leftovers are told from what is just being written.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    /// <exception cref="InvalidOperationException">The table was laid out otherwise than the options or this version of FopWatch have it.</exception>
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

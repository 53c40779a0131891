using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using FopWatch.Clocks;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Azure.Tables;

/// <summary>
/// The cloud host's store: one table. What belongs to a job is in one partition and is committed in one entity group transaction.
/// Any number of hosts may use a table at once. A call that the service refuses for now is tried again as the client's options
/// say; after that it is a <see cref="StoreUnavailableException"/>.
/// </summary>
public sealed partial class TableStore : IStore, IJobStore, IDueIndex, IOutbox, IQuarantine
{
    private const int LayoutVersion = 1;

    // What the service allows in one transaction.
    private const int MaxActions = 100;

    // The last retry is up to 3 seconds after the first try.
    private const int MaxTransactionRetries = 4;

    // Rows with bodies that are in memory at once before they are decoded; each is at most 1 MiB.
    private const int BodiesAtOnce = 16;

    private static readonly TimeSpan FirstTransactionRetry = TimeSpan.FromMilliseconds(200);

    private readonly TableClient _table;
    private readonly TableStoreOptions _options;
    private readonly TimeProvider _time;
    private readonly RangeMerge _merge;

    // Sources whose row is known to be there.
    private readonly ConcurrentDictionary<string, bool> _recorded = new(StringComparer.Ordinal);

    private TableStore(TableClient table, TableStoreOptions options, TimeProvider time)
    {
        _table = table;
        _options = options;
        _time = time;
        _merge = new(table, options.Parallelism);
    }

    /// <inheritdoc/>
    public IJobStore Jobs => this;

    /// <inheritdoc/>
    public IDueIndex Due => this;

    /// <inheritdoc/>
    public IOutbox Outbox => this;

    /// <inheritdoc/>
    public IQuarantine Quarantine => this;

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
        var store = new TableStore(service.GetTableClient(options.TableName), options, time);
        await AskAsync(store.OpenAsync, cancellationToken);
        return store;
    }

    /// <summary>The leases of the sources' poll rates, in the same table.</summary>
    public IPollLeases PollLeases() => new TablePollLeases(_table, _time);

    /// <summary>When the timers of the app ran, in the same table.</summary>
    public TableTimerRuns TimerRuns() => new(_table, _time);

    /// <summary>How far purges have come, in the same table.</summary>
    public IPurgeMarks PurgeMarks() => new TablePurgeMarks(_table);

    private async Task<bool> OpenAsync(CancellationToken cancellationToken)
    {
        TableEntity? layout = null;
        TableEntity? referenceKey = null;
        var everything = TableClient.CreateQueryFilter($"PartitionKey eq {RowKeys.TablePartition}");
        try
        {
            await foreach (var row in _table.QueryAsync<TableEntity>(everything, cancellationToken: cancellationToken))
            {
                if (row.RowKey == RowKeys.Layout)
                    layout = row;
                else if (row.RowKey == RowKeys.ReferenceKey)
                    referenceKey = row;
                else if (row.RowKey.StartsWith(RowKeys.Sources, StringComparison.Ordinal))
                    _recorded[row.RowKey[RowKeys.Sources.Length..]] = true;
            }
        }
        catch (RequestFailedException missing) when (missing.IsMissingTable())
        {
            await _table.CreateIfNotExistsAsync(cancellationToken);
        }

        layout ??= await AddOnceAsync(
            new(RowKeys.TablePartition, RowKeys.Layout)
            {
                ["Version"] = LayoutVersion,
                ["Buckets"] = _options.Buckets,
                ["WrittenBy"] = ProgramVersion.Text,
            },
            cancellationToken);
        if (layout.Number("Version") is var version && version != LayoutVersion)
        {
            throw new InvalidOperationException(
                version > LayoutVersion
                    ? $"The table '{_table.Name}' was written by a newer FopWatch{(layout.Text("WrittenBy") is { } by ? $" ({by})" : "")}: it is laid out in version {version}, "
                        + $"and this one, FopWatch {ProgramVersion.Text}, knows versions up to {LayoutVersion}. Deploy that version or a later one, or name another table."
                    : $"The table '{_table.Name}' is damaged: its row '{RowKeys.Layout}' has no valid version. Restore it from a backup, or name another table.");
        }

        if (layout.Number("Buckets") is var buckets && buckets != _options.Buckets)
        {
            throw new InvalidOperationException(
                $"The table '{_table.Name}' is laid out in {buckets} buckets and the settings say {_options.Buckets}. "
                + "A table keeps the number that it was made with: set it back, or name another table.");
        }

        referenceKey ??= await AddOnceAsync(NewReferenceKey(), cancellationToken);
        UseReferenceKey(referenceKey);
        return true;
    }

    /// <summary>Adds a row that a table has once; if another host was first, reads that host's row.</summary>
    private async Task<TableEntity> AddOnceAsync(TableEntity row, CancellationToken cancellationToken)
    {
        try
        {
            await _table.AddEntityAsync(row, cancellationToken);
            return row;
        }
        catch (RequestFailedException other) when (other.IsExistingRow())
        {
            // Another host opened the table at the same time; or the answer was lost.
            return await _table.GetEntityAsync<TableEntity>(row.PartitionKey, row.RowKey, null, cancellationToken);
        }
    }

    /// <summary>
    /// Makes sure that a source is known before it has a row: what looks at all sources finds them in the table, since a source may
    /// have been taken out of the settings and still have jobs. Costs one request per source and process.
    /// </summary>
    private async Task RecordSourceAsync(string source, CancellationToken cancellationToken)
    {
        if (_recorded.ContainsKey(source))
            return;
        if (!IsSource(source))
            throw new ArgumentException($"'{source}' is no name of a source.", nameof(source));

        await _table.UpsertEntityAsync(
            new TableEntity(RowKeys.TablePartition, RowKeys.Source(source)), TableUpdateMode.Replace, cancellationToken);
        _recorded[source] = true;
    }

    private static bool IsSource(string source) => source.Length > 0 && source.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');

    /// <summary>All sources that have ever had a row, in order.</summary>
    private async Task<List<string>> SourcesAsync(CancellationToken cancellationToken)
    {
        var sources = new List<string>();
        var filter = RowRange.Of(RowKeys.TablePartition, RowKeys.Sources).Filter();
        await foreach (var row in _table.QueryAsync<TableEntity>(filter, select: Columns.Keys, cancellationToken: cancellationToken))
            sources.Add(row.RowKey[RowKeys.Sources.Length..]);
        return sources;
    }

    private IEnumerable<string> Partitions(string source) =>
        Enumerable.Range(0, _options.Buckets).Select(bucket => RowKeys.Partition(source, bucket));

    /// <summary>The partitions of one source, or of all.</summary>
    private async Task<List<string>> PartitionsAsync(string? source, CancellationToken cancellationToken) =>
        source is not null
            ? [.. Partitions(source)]
            : [.. (await SourcesAsync(cancellationToken)).SelectMany(Partitions)];

    /// <summary>The same of many, at so many at once.</summary>
    private Task EachAsync<T>(IEnumerable<T> many, Func<T, CancellationToken, ValueTask> body, CancellationToken cancellationToken) =>
        Parallel.ForEachAsync(many, new ParallelOptions { MaxDegreeOfParallelism = _options.Parallelism, CancellationToken = cancellationToken }, body);

    /// <summary>Fills a page by reading what further belongs to rows, in their order, up to <see cref="PageLimit.Bytes"/>.</summary>
    /// <param name="rows">The rows.</param>
    /// <param name="readWhole">Reads the row that has the body of one; null if it is gone.</param>
    /// <param name="decode">Makes the element, and says how long its body is; null if it does not belong into the page.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The elements, and how many of the rows were read for them.</returns>
    private async Task<(List<T> Elements, int Rows)> FillAsync<T>(
        List<TableEntity> rows,
        Func<TableEntity, CancellationToken, Task<TableEntity?>> readWhole,
        Func<TableEntity, (T Element, int Bytes)?> decode,
        CancellationToken cancellationToken)
    {
        var (elements, bytes) = (new List<T>(), 0L);

        // A row holds its body compressed: so many of them are little against what one of them may become.
        for (var start = 0; start < rows.Count; start += BodiesAtOnce)
        {
            var whole = new TableEntity?[Math.Min(BodiesAtOnce, rows.Count - start)];
            var first = start;
            await EachAsync(
                Enumerable.Range(0, whole.Length),
                async (i, token) => whole[i] = await readWhole(rows[first + i], token),
                cancellationToken);
            for (var i = 0; i < whole.Length; i++)
            {
                if (whole[i] is not { } row || decode(row) is not { } decoded)
                    continue;
                elements.Add(decoded.Element);
                bytes += decoded.Bytes;
                if (bytes >= PageLimit.Bytes)
                    return (elements, start + i + 1);
            }
        }

        return (elements, rows.Count);
    }

    private async Task<TableEntity?> RowAsync(string partition, string rowKey, IEnumerable<string>? select, CancellationToken cancellationToken)
    {
        var row = await _table.GetEntityIfExistsAsync<TableEntity>(partition, rowKey, select, cancellationToken);
        if (row.HasValue)
            return row.Value;

        row.GetRawResponse().ThrowIfTableIsMissing();
        return null;
    }

    /// <summary>
    /// Submits a transaction, and again where the service refuses it for now. It answers 202 to the request and says so within, where
    /// the client's own retries do not look. A transaction that was refused with a 5xx may have been made all the same: callers tell by its rows.
    /// </summary>
    private async Task<IReadOnlyList<Response>> SubmitAsync(IReadOnlyCollection<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        for (var tries = 0; ; tries++)
        {
            try
            {
                return (await _table.SubmitTransactionAsync(actions, cancellationToken)).Value;
            }
            catch (TableTransactionFailedException refused) when (tries < MaxTransactionRetries && refused.IsTransient())
            {
                // Between half of the wait and all of it, so that callers that were refused together do not come back together.
                var wait = FirstTransactionRetry * Math.Pow(2, tries) * (0.5 + (Random.Shared.NextDouble() / 2));
                await Task.Delay(wait, _time, cancellationToken);
            }
        }
    }

    /// <summary>Deletes a row; one that is gone already is no error.</summary>
    private async Task DeleteAsync(string partition, string rowKey, CancellationToken cancellationToken) =>
        (await _table.DeleteEntityAsync(partition, rowKey, ETag.All, cancellationToken)).ThrowIfTableIsMissing();

    /// <summary>Deletes rows of one partition, all or none of every hundred; those that are gone already are no error.</summary>
    private async Task DeleteAsync(string partition, IEnumerable<string> rowKeys, CancellationToken cancellationToken)
    {
        foreach (var some in rowKeys.Chunk(MaxActions))
        {
            try
            {
                if (some.Length > 1)
                {
                    await SubmitAsync(
                        [.. some.Select(rowKey => new TableTransactionAction(TableTransactionActionType.Delete, new TableEntity(partition, rowKey), ETag.All))],
                        cancellationToken);
                    continue;
                }
            }
            catch (RequestFailedException gone) when (gone.IsMissingRow())
            {
                // At least one is: then one by one.
            }

            await EachAsync(some, async (rowKey, token) => await DeleteAsync(partition, rowKey, token), cancellationToken);
        }
    }

    private static async ValueTask<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return await ask(cancellationToken);
        }
        catch (Exception failure) when (failure.IsUnavailable(cancellationToken))
        {
            throw failure.ToUnavailable();
        }
    }

    private static string? Name<T>(T? value)
        where T : struct, Enum => value is { } member ? JsonNamingPolicy.CamelCase.ConvertName(member.ToString()) : null;

    /// <summary>The columns that requests ask for by name. (The rest are for people and their tools.)</summary>
    private static class Columns
    {
        public const string State = "State";
        public const string Settled = "Settled";
        public const string Stopped = "Stopped";
        public const string DueAt = "DueAt";
        public const string RegisteredAt = "RegisteredAt";
        public const string SettledAt = "SettledAt";
        public const string Commit = "Commit";
        public const string Id = "Id";
        public const string HasReference = "HasReference";
        public const string Chunks = "Chunks";
        public const string Size = "Size";
        public const string Source = "Source";
        public const string EventId = "EventId";
        public const string Type = "Type";
        public const string Redaction = "Redaction";
        public const string Refusals = "Refusals";
        public const string RetryAt = "RetryAt";
        public const string SetAside = "SetAside";
        public const string Key = "Key";
        public const string Correlation = "Correlation";
        public const string Reason = "Reason";
        public const string ReceivedAt = "ReceivedAt";

        public static readonly string[] Keys = ["PartitionKey", "RowKey"];
        public static readonly string[] ForReference = [.. Keys, Id];
        public static readonly string[] ForCommit = [.. Keys, Commit, DueAt];
        public static readonly string[] ForSetAside = [.. Keys, DueAt, Settled, Stopped, RegisteredAt, SetAside];
        public static readonly string[] ForBooks = [.. Keys, State, Settled, Stopped, DueAt, RegisteredAt];
        public static readonly string[] ForPurge = [.. Keys, State, DueAt, HasReference];
        public static readonly string[] ForChunks = [.. Keys, Chunks];
        public static readonly string[] ForSize = [.. Keys, Size];

        /// <summary>An event, whole where its body is short.</summary>
        public static readonly string[] ForOutbox = [.. Keys, Source, EventId, Type, Redaction, Refusals, RetryAt, .. BodyColumns.OfShortText];

        /// <summary>A notification in quarantine, whole where its body is short.</summary>
        public static readonly string[] ForQuarantine =
            [.. Keys, Source, Key, Correlation, Reason, ReceivedAt, Size, Chunks, .. Enumerable.Range(0, MaxHeadColumns).Select(Head), .. BodyColumns.OfShortBytes];

        /// <summary>What came with a body in quarantine, in as many columns as it takes.</summary>
        public static string Head(int number) => string.Create(CultureInfo.InvariantCulture, $"Head{number}");
    }
}

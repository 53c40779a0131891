using Azure;
using Azure.Data.Tables;
using FopWatch.Jobs;

namespace FopWatch.Azure.Tables;

/// <summary>The layout of a table.</summary>
/// <param name="References">The references of its jobs.</param>
/// <param name="ReferencedFrom">When jobs began to have references.</param>
/// <param name="WordsFrom">When jobs began to have words; null if all jobs have them.</param>
/// <param name="Sources">The sources that have ever had a row.</param>
internal sealed record TableLayout(JobReferences References, DateTimeOffset ReferencedFrom, DateTimeOffset? WordsFrom, IReadOnlyList<string> Sources)
{
    private const int Version = 1;

    /// <summary>Reads the layout of a table; creates the table if it does not exist.</summary>
    /// <exception cref="InvalidOperationException">The layout of the table does not match the options or this version of FopWatch.</exception>
    public static async Task<TableLayout> OpenAsync(TableClient table, TableStoreOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var sources = new List<string>();
        TableEntity? layout = null;
        TableEntity? referenceKey = null;
        TableEntity? words = null;
        var everything = TableClient.CreateQueryFilter($"PartitionKey eq {RowKeys.TablePartition}");
        try
        {
            await foreach (var row in table.QueryAsync<TableEntity>(everything, cancellationToken: cancellationToken))
            {
                if (row.RowKey == RowKeys.Layout)
                    layout = row;
                else if (row.RowKey == RowKeys.ReferenceKey)
                    referenceKey = row;
                else if (row.RowKey == RowKeys.WordsMark)
                    words = row;
                else if (row.RowKey.StartsWith(RowKeys.Sources, StringComparison.Ordinal))
                    sources.Add(row.RowKey[RowKeys.Sources.Length..]);
            }
        }
        catch (RequestFailedException missing) when (missing.IsMissingTable())
        {
            await table.CreateIfNotExistsAsync(cancellationToken);
        }

        // Written before the layout: in a new table, all jobs will have words.
        words ??= await AddOnceAsync(table, WordsBackfill.MarkOf(time.GetUtcNow(), isComplete: layout is null && sources.Count == 0), cancellationToken);
        layout ??= await AddOnceAsync(
            table,
            new(RowKeys.TablePartition, RowKeys.Layout)
            {
                ["Version"] = Version,
                ["Buckets"] = options.Buckets,
                ["WrittenBy"] = ProgramVersion.Text,
            },
            cancellationToken);
        if (layout.Number("Version") is var version && version != Version)
        {
            throw new InvalidOperationException(
                version > Version
                    ? $"The table '{table.Name}' was written by a newer FopWatch{(layout.Text("WrittenBy") is { } by ? $" ({by})" : "")}: its layout has version {version}, "
                        + $"and this one, FopWatch {ProgramVersion.Text}, knows versions up to {Version}. Deploy that version or a later one, or name another table."
                    : $"The table '{table.Name}' is damaged: its row '{RowKeys.Layout}' has no valid version. Restore it from a backup, or name another table.");
        }

        if (layout.Number("Buckets") is var buckets && buckets != options.Buckets)
        {
            throw new InvalidOperationException(
                $"The table '{table.Name}' is laid out in {buckets} buckets and the settings say {options.Buckets}. "
                + "The number is fixed when a table is created: restore the setting, or name another table.");
        }

        referenceKey ??= await AddOnceAsync(
            table,
            new(RowKeys.TablePartition, RowKeys.ReferenceKey) { ["Secret"] = JobReferences.NewKey(), ["CreatedAt"] = time.GetUtcNow() },
            cancellationToken);
        if (referenceKey.Bytes("Secret") is not { Length: JobReferences.KeyLength } secret)
            throw new InvalidOperationException($"The table '{table.Name}' is damaged: the row of its reference key has none. Restore it from a backup.");
        return new(new(secret), referenceKey.Time("CreatedAt") ?? DateTimeOffset.MinValue, WordsBackfill.IncompleteFrom(words), sources);
    }

    /// <summary>Adds a row that exists once per table; if another host was first, reads that host's row.</summary>
    private static async Task<TableEntity> AddOnceAsync(TableClient table, TableEntity row, CancellationToken cancellationToken)
    {
        try
        {
            await table.AddEntityAsync(row, cancellationToken);
            return row;
        }
        catch (RequestFailedException other) when (other.IsExistingRow())
        {
            // Another host opened the table at the same time, or the answer was lost.
            return await table.GetEntityAsync<TableEntity>(row.PartitionKey, row.RowKey, null, cancellationToken);
        }
    }
}

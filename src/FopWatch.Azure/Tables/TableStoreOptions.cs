namespace FopWatch.Azure.Tables;

/// <summary>The options of a <see cref="TableStore"/>.</summary>
public sealed record TableStoreOptions
{
    /// <summary>The maximum of <see cref="Buckets"/>.</summary>
    public const int MaxBuckets = 256;

    /// <summary>The table: 3 to 63 of <c>A-Z a-z 0-9</c>, beginning with a letter. It is created if it does not exist.</summary>
    public string TableName { get; init; } = "fopwatch";

    /// <summary>
    /// The number of partitions for the jobs of a source: 1 to <see cref="MaxBuckets"/>. Each takes about 2,000 rows per second, and adds a read to every
    /// operation on all jobs of a source. Fixed once the table exists.
    /// </summary>
    public int Buckets { get; init; } = 16;

    /// <summary>The maximum of concurrent requests of one call; at least 1.</summary>
    public int Parallelism { get; init; } = 16;

    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    internal void Validate()
    {
        if (TableName.Length is < 3 or > 63 || !char.IsAsciiLetter(TableName[0]) || !TableName.All(char.IsAsciiLetterOrDigit))
            throw new ArgumentException($"The table name '{TableName}' is not 3 to 63 of A-Z a-z 0-9, beginning with a letter.");
        if (Buckets is < 1 or > MaxBuckets)
            throw new ArgumentException($"The number of buckets is {Buckets}; it must be 1 to {MaxBuckets}.");
        if (Parallelism < 1)
            throw new ArgumentException($"The parallelism is {Parallelism}; it must be at least 1.");
    }
}

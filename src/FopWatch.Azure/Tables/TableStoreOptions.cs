namespace FopWatch.Azure.Tables;

/// <summary>Where the store keeps its rows, and how.</summary>
public sealed record TableStoreOptions
{
    /// <summary>The most buckets a table can have.</summary>
    public const int MaxBuckets = 256;

    /// <summary>The table: 3 to 63 of <c>A-Z a-z 0-9</c>, the first a letter. It is made where there is none.</summary>
    public string TableName { get; init; } = "fopwatch";

    /// <summary>
    /// Into how many partitions the jobs of a source are spread: 1 to <see cref="MaxBuckets"/>. Each takes about 2000 rows a second,
    /// and each is one more read for everything that looks at all jobs of a source. Fixed once a table exists.
    /// </summary>
    public int Buckets { get; init; } = 16;

    /// <summary>The most requests that one call has under way at once; at least 1.</summary>
    public int Parallelism { get; init; } = 16;

    /// <exception cref="ArgumentException">An option is outside its range.</exception>
    internal void Validate()
    {
        if (TableName.Length is < 3 or > 63 || !char.IsAsciiLetter(TableName[0]) || !TableName.All(char.IsAsciiLetterOrDigit))
            throw new ArgumentException($"The table name '{TableName}' is not 3 to 63 of A-Z a-z 0-9 with a letter first.");
        if (Buckets is < 1 or > MaxBuckets)
            throw new ArgumentException($"The number of buckets is {Buckets}; it has to be 1 to {MaxBuckets}.");
        if (Parallelism < 1)
            throw new ArgumentException($"The parallelism is {Parallelism}; it has to be at least 1.");
    }
}

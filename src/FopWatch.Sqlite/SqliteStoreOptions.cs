namespace FopWatch.Sqlite;

/// <summary>The limits of the store under load and under locks.</summary>
internal sealed record SqliteStoreOptions
{
    /// <summary>How long a commit waits for a lock of another program on the file; at least 1 ms.</summary>
    public TimeSpan BusyTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The most calls that may wait for the writer, which is also the most in one transaction; at least 1.</summary>
    public int QueueCapacity { get; init; } = 4096;

    /// <summary>How long a call waits for a place in a full queue before the store counts as unavailable.</summary>
    public TimeSpan QueueTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The most concurrent connections that read for intake, polls and single jobs; at least 1.</summary>
    public int Readers { get; init; } = 4;

    /// <summary>
    /// Whether the log of this store is the broker, so that events are written to it in the transaction of their jobs. Otherwise they wait
    /// in the outbox for another publisher.
    /// </summary>
    public bool IsBroker { get; init; }

    /// <summary>How many references of new jobs are collected in memory before they are indexed; at least 1.</summary>
    public int ReferencesCollected { get; init; } = 8192;

    /// <summary>The most concurrent connections that read for lists, searches and the sweep; at least 1.</summary>
    public int ListReaders { get; init; } = 2;
}

/// <summary>The data folder cannot be used. The message is for the operator.</summary>
internal sealed class StoreOpenException(string message, Exception? innerException = null) : Exception(message, innerException);

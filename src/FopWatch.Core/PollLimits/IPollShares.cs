using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>How much of each source's rate this process may use, where several processes poll the same sources.</summary>
public interface IPollShares
{
    /// <summary>
    /// The most polls of the source that this process may make in any window of the source's <see cref="PollRate"/>, asked before each
    /// poll. The shares of all processes together are never more than the rate.
    /// </summary>
    /// <returns>0 while other processes have the whole rate, or while nothing can be leased because the store cannot answer.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<int> TakeAsync(Source source, CancellationToken cancellationToken);
}

/// <summary>What one process may use of a source's rate, until a time.</summary>
/// <param name="Owner">The process: no blanks or semicolons. Empty for what was given back and may still have been used in the current window.</param>
/// <param name="Polls">Polls a window; 0 for a process that waits for a share.</param>
/// <param name="Until">When it counts no more, by the store's clock.</param>
public readonly record struct PollLease(string Owner, int Polls, DateTimeOffset Until);

/// <summary>All leases of a source.</summary>
/// <param name="Leases">The leases; those that are over may be among them.</param>
/// <param name="ETag">The version; null where there is none yet.</param>
/// <param name="Now">The time by the store's clock, which is the same for all processes; at most a second behind.</param>
public sealed record PollLeaseBook(IReadOnlyList<PollLease> Leases, string? ETag, DateTimeOffset Now);

/// <summary>Keeps the leases of the sources' rates, where all processes see them.</summary>
public interface IPollLeases
{
    /// <summary>Reads the leases of a source.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<PollLeaseBook> ReadAsync(string source, CancellationToken cancellationToken);

    /// <summary>Replaces the leases of a source.</summary>
    /// <returns>Whether it was done; false, and nothing is written, if another process was first.</returns>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now. It may have been done.</exception>
    ValueTask<bool> TryReplaceAsync(string source, IReadOnlyList<PollLease> leases, string? etag, CancellationToken cancellationToken);
}

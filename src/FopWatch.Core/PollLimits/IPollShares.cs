using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>Shares the poll rate of each source among the processes that poll it.</summary>
public interface IPollShares
{
    /// <summary>
    /// The most polls of the source that this process may make in any window of the source's <see cref="PollRate"/>. Called before each poll. The
    /// shares of all processes together never exceed the rate.
    /// </summary>
    /// <returns>The share; 0 while other processes have the whole rate, or while the store cannot answer and nothing can be leased.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    ValueTask<int> TakeAsync(Source source, CancellationToken cancellationToken);
}

/// <summary>The share of a source's rate that one process may use until a time.</summary>
/// <param name="Owner">The process: no spaces or semicolons. Empty for a share that was given back but may still have been used in the current window.</param>
/// <param name="Polls">Polls per window; 0 for a process that waits for a share.</param>
/// <param name="Until">When the lease ends, by the store's clock.</param>
public readonly record struct PollLease(string Owner, int Polls, DateTimeOffset Until);

/// <summary>All leases of a source.</summary>
/// <param name="Leases">The leases, possibly including ended ones.</param>
/// <param name="ETag">The version; null if there is none yet.</param>
/// <param name="Now">The time by the store's clock, which all processes share; at most 1 s behind.</param>
public sealed record PollLeaseBook(IReadOnlyList<PollLease> Leases, string? ETag, DateTimeOffset Now);

/// <summary>Stores the leases of the sources' rates for all processes.</summary>
public interface IPollLeases
{
    /// <summary>Reads the leases of a source.</summary>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<PollLeaseBook> ReadAsync(string source, CancellationToken cancellationToken);

    /// <summary>Replaces the leases of a source.</summary>
    /// <returns>Whether the leases were replaced. False, and nothing is written, if another process was faster.</returns>
    /// <exception cref="Jobs.StoreUnavailableException">The store cannot answer now. The leases may have been replaced.</exception>
    ValueTask<bool> TryReplaceAsync(string source, IReadOnlyList<PollLease> leases, string? etag, CancellationToken cancellationToken);
}

using FopWatch.Jobs;

namespace FopWatch.Upkeep;

/// <summary>What a store needs done now and then.</summary>
public interface IStoreUpkeep
{
    /// <summary>What is damaged, for the operator; null if nothing is known to be.</summary>
    string? Damage { get; }

    /// <summary>Looks for damage, some of it each time.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask InspectAsync(CancellationToken cancellationToken);

    /// <summary>Keeps the time, for the clock of the next process to be compared with.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask KeepTimeAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Completes the indexes that follow commits, and those of jobs of earlier versions. Lists are right without it, and short.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have been done.</exception>
    ValueTask IndexAsync(CancellationToken cancellationToken) => default;

    /// <summary>Deletes jobs that settled before a time, except those with events to be published and those that are watched, and what was published before it.</summary>
    /// <param name="before">The time.</param>
    /// <param name="now">The time now. What happened later, by a clock that was ahead, counts as happening now.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How many jobs were deleted, and whether these were all.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have been deleted.</exception>
    ValueTask<(int Deleted, bool IsComplete)> PurgeAsync(DateTimeOffset before, DateTimeOffset now, CancellationToken cancellationToken);
}

using FopWatch.Jobs;

namespace FopWatch.Upkeep;

/// <summary>Maintenance that a store needs at intervals.</summary>
public interface IStoreUpkeep
{
    /// <summary>A description of known damage for the operator; null if there is none.</summary>
    string? Damage { get; }

    /// <summary>Looks for damage in one part of the store per call.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask InspectAsync(CancellationToken cancellationToken);

    /// <summary>Stores the time. The next process compares its clock with it.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask KeepTimeAsync(DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Updates the indexes that are written after commits, and those of jobs of earlier versions. Until then lists are correct but may be short.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some indexes may have been updated.</exception>
    ValueTask IndexAsync(CancellationToken cancellationToken) => default;

    /// <summary>Deletes jobs that settled before a time, except watched jobs and jobs with unpublished events, and deletes events published before it.</summary>
    /// <param name="before">The time.</param>
    /// <param name="now">The current time. A later time, written by a clock that was ahead, counts as the current time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How many jobs were deleted, and whether the purge is complete.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some jobs may have been deleted.</exception>
    ValueTask<(int Deleted, bool IsComplete)> PurgeAsync(DateTimeOffset before, DateTimeOffset now, CancellationToken cancellationToken);
}

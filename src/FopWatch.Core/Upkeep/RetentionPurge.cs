using FopWatch.Clocks;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Settings;
using Microsoft.Extensions.Logging;

namespace FopWatch.Upkeep;

/// <summary>
/// Decides which jobs are purged now: all that are older than the retention, or none if the clock may have jumped. The <c>JobPurge</c> of each store deletes
/// them; <see cref="Tombstone"/> decides which ids it keeps.
/// </summary>
/// <param name="marks">How far earlier purges went.</param>
/// <param name="settings">Provides the retention.</param>
/// <param name="log">Receives postponed purges.</param>
/// <param name="time">The clock.</param>
public sealed class RetentionPurge(IPurgeMarks marks, FopWatchSettings settings, ILogger log, TimeProvider time)
{
    /// <summary>Purges once.</summary>
    /// <param name="purgeAsync">
    /// Deletes everything older than the first time. The second is the current time that the purge uses. Returns how many jobs were deleted, and whether the
    /// purge is complete.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How many jobs were deleted, and whether the purge is complete.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some jobs may have been deleted.</exception>
    public async Task<(int Deleted, bool IsComplete)> RunAsync(
        Func<DateTimeOffset, DateTimeOffset, ValueTask<(int Deleted, bool IsComplete)>> purgeAsync, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(purgeAsync);
        var allowed = await marks.AllowAsync(time.GetUtcNow() - settings.Retention, cancellationToken);
        if (allowed.Before is { } before)
            return await purgeAsync(before, before + settings.Retention);
        if (!allowed.IsFirst)
            log.PurgePutOff(SecondLook.After);
        return (0, true);
    }
}

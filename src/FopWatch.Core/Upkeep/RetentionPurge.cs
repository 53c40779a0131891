using FopWatch.Clocks;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Settings;
using Microsoft.Extensions.Logging;

namespace FopWatch.Upkeep;

/// <summary>
/// Decides up to which age jobs are deleted now: all that are older than the retention, or none where the clock may have jumped. The <c>JobPurge</c> of each store
/// deletes them; <see cref="Tombstone"/> decides which ids it keeps.
/// </summary>
/// <param name="marks">How far earlier purges have come.</param>
/// <param name="settings">The retention.</param>
/// <param name="log">Is told of a purge that is put off.</param>
/// <param name="time">The clock.</param>
public sealed class RetentionPurge(IPurgeMarks marks, FopWatchSettings settings, ILogger log, TimeProvider time)
{
    /// <summary>Purges once.</summary>
    /// <param name="purgeAsync">
    /// Deletes what is older than the first time. The second is the time now, as far as the purge may go by it. Answers how many jobs were deleted,
    /// and whether these were all.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How many jobs were deleted, and whether these were all.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have been deleted.</exception>
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

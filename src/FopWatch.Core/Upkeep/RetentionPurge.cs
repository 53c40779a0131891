using FopWatch.Clocks;
using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Settings;

namespace FopWatch.Upkeep;

/// <summary>Deletes what is older than the retention, unless the clock may have jumped.</summary>
/// <param name="store">The store.</param>
/// <param name="marks">How far earlier purges have come.</param>
/// <param name="settings">The retention.</param>
/// <param name="log">Is told of a purge that is put off.</param>
/// <param name="time">The clock.</param>
public sealed class RetentionPurge(IStoreUpkeep store, IPurgeMarks marks, FopWatchSettings settings, IRunLog log, TimeProvider time)
{
    /// <summary>Purges once.</summary>
    /// <returns>How many jobs were deleted, and whether these were all.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have been deleted.</exception>
    public async Task<(int Deleted, bool IsComplete)> RunAsync(CancellationToken cancellationToken)
    {
        var allowed = await marks.AllowAsync(time.GetUtcNow() - settings.Retention, cancellationToken);
        if (allowed.Before is { } before)
            return await store.PurgeAsync(before, before + settings.Retention, cancellationToken);
        if (!allowed.IsFirst)
            log.PurgePutOff(SecondLook.After);
        return (0, true);
    }
}

using FopWatch.Providers;
using FopWatch.Publishing;

namespace FopWatch.Jobs;

/// <summary>
/// The one write path of jobs: load, have <see cref="JobDecider"/> decide, commit with an optimistic concurrency check, and again on a conflict. Whatever
/// comes of a job comes through here.
/// </summary>
public sealed class JobRecorder(Sources sources, IJobStore store, ICommitObserver observer, TimeProvider time, Random random)
{
    /// <summary>More conflicts in a row than this many writers of one job could cause; then the store is at fault.</summary>
    private const int MaxTries = 50;

    /// <summary>Records what happened to a job.</summary>
    /// <param name="key">The job.</param>
    /// <param name="input">What happened.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="cause">What made the change.</param>
    /// <param name="known">The job as it was read; null for it to be read first.</param>
    /// <param name="admits">Asked where <see cref="JobDecider.NeedsAdmission"/>, whether the id may be watched; null to admit all.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing was written.</exception>
    /// <exception cref="MetadataTooLargeException">A registration would give the job too much metadata. Nothing was written.</exception>
    /// <exception cref="UnreadableJobException">The stored job cannot be read. Nothing was written.</exception>
    public async Task<RecordedJob> RecordAsync(
        JobKey key,
        DecisionInput input,
        CancellationToken cancellationToken,
        CommitCause cause = CommitCause.Outside,
        StoredJob? known = null,
        Func<CancellationToken, ValueTask<bool>>? admits = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        var source = sources.Find(key.Source);
        bool? admitted = null;
        for (var tries = 1; tries <= MaxTries; tries++)
        {
            // Where the presumption is wrong, the commit fails, and the next try reads.
            var presumed = tries == 1 && known is null && admits is null && input.Creates is { } by ? store.Presume(key, by) : null;
            var stored = known ?? (presumed is { } presumption ? presumption.Job : await store.FindAsync(key, cancellationToken));
            var keptOut = stored is null && input.Creates is { } origin && Tombstone.KeepsOut(origin);
            if (keptOut && (tries > 1 || admits is not null || !store.RefusesPurged) && await store.HasTombstoneAsync(key, cancellationToken))
                return new(null, WasPurged: true);
            if (admits is not null && JobDecider.NeedsAdmission(stored?.Job, input) && !(admitted ??= await admits(cancellationToken)))
                return default;
            if (JobDecider.Decide(key, stored?.Job, input, source, time.GetUtcNow()) is not { } change)
                return default;
            if (!change.IsWritten)
            {
                if (presumed is not null)
                    continue;
                return new(change.Job, WasPurged: false);
            }

            var committed = change.ToEvent(source?.Domains);
            if (await store.CommitAsync(new(change.Job, stored?.ETag, committed) { UnlessPurged = keptOut }, cancellationToken) is not null)
            {
                await observer.CommittedAsync(new(stored?.Job, change.Job, committed, cause), cancellationToken);
                return new(change.Job, WasPurged: false);
            }

            // Another writer was first. A short random pause keeps many of them from meeting again.
            known = null;
            if (tries > 3)
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 10 * tries)), time, cancellationToken);
        }

        throw new StoreUnavailableException($"A job was changed by others {MaxTries} times in a row.");
    }
}

/// <summary>A job after an input was recorded.</summary>
/// <param name="Job">The job; null if there is none: the id is unknown, or was not admitted, or was purged.</param>
/// <param name="WasPurged">Whether there is no job because the id has a <see cref="Tombstone"/>.</param>
public readonly record struct RecordedJob(Job? Job, bool WasPurged);

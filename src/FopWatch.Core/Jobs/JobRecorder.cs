using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// The only write path of jobs: it loads a job, lets <see cref="JobDecider"/> decide, commits with an optimistic concurrency check, and retries after a
/// conflict.
/// </summary>
/// <param name="sources">The configured sources.</param>
/// <param name="store">The store.</param>
/// <param name="observer">Observes every commit.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Varies the pauses after conflicts.</param>
/// <param name="plans">The learned plans of the sources; null for none.</param>
public sealed class JobRecorder(
    Sources sources, IJobStore store, ICommitObserver observer, TimeProvider time, Random random, LearnedPlans? plans = null)
{
    // More than concurrent writers of one job can require. After that the store is at fault.
    private const int MostTries = 50;

    // After this number of conflicts a short random pause separates the writers.
    private const int ConflictsWithoutPause = 3;

    /// <summary>Records an input of a job.</summary>
    /// <param name="key">The job.</param>
    /// <param name="input">The input.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="cause">The cause of the change.</param>
    /// <param name="known">The job, if the caller has read it; null to read it first.</param>
    /// <param name="by">The source of the job as the caller found it, which may have been replaced or removed since; null for the one that is configured now.</param>
    /// <param name="admits">Decides whether an id may be watched if <see cref="JobDecider.NeedsAdmission"/>; null to admit all.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing was written.</exception>
    /// <exception cref="MetadataTooLargeException">A registration would give the job too much metadata. Nothing was written.</exception>
    /// <exception cref="UnreadableJobException">The stored job cannot be read. Nothing was written.</exception>
    public async Task<RecordedJob> RecordAsync(
        JobKey key,
        DecisionInput input,
        CancellationToken cancellationToken,
        CommitCause cause = CommitCause.Outside,
        StoredJob? known = null,
        Source? by = null,
        Func<CancellationToken, ValueTask<bool>>? admits = null)
    {
        ArgumentNullException.ThrowIfNull(input);
        var source = by ?? sources.Find(key.Source);
        var learned = source?.Poll.Plan == PlanChoice.Fixed ? null : plans?.Of(key.Source);

        // A presumed new job is not checked for a tombstone, and a registration is committed in spite of one.
        var (conflicts, mayPresume, admitted) = (0, admits is null && input.ComesAs == input.Creates, (bool?)null);
        for (var tries = 0; tries < MostTries; tries++)
        {
            var found = known is null ? await store.FindForChangeAsync(key, input.ComesAs, mayPresume, cancellationToken) : new FoundJob(known);
            var stored = found.Job;
            if (found.WasPurged)
                return new(null, WasPurged: true);
            if (admits is not null && JobDecider.NeedsAdmission(stored?.Job, input) && !(admitted ??= await admits(cancellationToken)))
                return default;
            if (JobDecider.Decide(key, stored?.Job, input, source, time.GetUtcNow(), learned, plans?.OverdueOf(key.Source)) is not { } change)
                return default;
            if (change.IsWritten)
            {
                var committed = change.ToEvent(source?.Domains);
                if (await store.CommitAsync(new(change.Job, stored?.ETag, committed), cancellationToken) is not null)
                {
                    await observer.CommittedAsync(new(stored?.Job, change.Job, committed, cause), cancellationToken);
                    return new(change.Job, WasPurged: false);
                }
            }
            else if (!found.IsPresumed)
            {
                return new(change.Job, WasPurged: false);
            }

            // The presumption was wrong, or it gave no change and must be verified. Otherwise another writer was faster.
            (known, mayPresume) = (null, false);
            if (!found.IsPresumed && ++conflicts > ConflictsWithoutPause)
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 10 * conflicts)), time, cancellationToken);
        }

        throw new StoreUnavailableException($"A change of a job could not be committed in {MostTries} attempts.");
    }
}

/// <summary>The result of recording an input.</summary>
/// <param name="Job">The job; null if the id is unknown, was not admitted, or was purged.</param>
/// <param name="WasPurged">Whether there is no job because the id has a <see cref="Tombstone"/>.</param>
public readonly record struct RecordedJob(Job? Job, bool WasPurged);

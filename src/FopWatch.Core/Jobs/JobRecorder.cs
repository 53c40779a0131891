using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// The one write path of jobs: load, have <see cref="JobDecider"/> decide, commit with an optimistic concurrency check, and again on a conflict. Whatever
/// comes of a job comes through here.
/// </summary>
/// <param name="sources">The configured sources.</param>
/// <param name="store">The store.</param>
/// <param name="observer">Is told of every commit.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Varies the pauses after conflicts.</param>
/// <param name="plans">What was learned of the sources; null for nothing.</param>
public sealed class JobRecorder(
    Sources sources, IJobStore store, ICommitObserver observer, TimeProvider time, Random random, LearnedPlans? plans = null)
{
    /// <summary>More tries than the writers of one job could make necessary; then the store is at fault.</summary>
    private const int MostTries = 50;

    /// <summary>After so many conflicts a short random pause keeps the writers from meeting again.</summary>
    private const int ConflictsWithoutPause = 3;

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

        // What is presumed to be new is not looked for among tombstones, and a registration is committed in spite of one.
        var (conflicts, mayPresume, admitted) = (0, admits is null && input.ComesAs == input.Creates, (bool?)null);
        for (var tries = 0; tries < MostTries; tries++)
        {
            var found = known is null ? await store.FindForChangeAsync(key, input.ComesAs, mayPresume, cancellationToken) : new FoundJob(known);
            var stored = found.Job;
            if (found.WasPurged)
                return new(null, WasPurged: true);
            if (admits is not null && JobDecider.NeedsAdmission(stored?.Job, input) && !(admitted ??= await admits(cancellationToken)))
                return default;
            if (JobDecider.Decide(key, stored?.Job, input, source, time.GetUtcNow(), plans?.Of(key.Source), plans?.OverdueOf(key.Source)) is not { } change)
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

            // The presumption was wrong, or changes nothing and has to be right; otherwise another writer was first.
            (known, mayPresume) = (null, false);
            if (!found.IsPresumed && ++conflicts > ConflictsWithoutPause)
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 10 * conflicts)), time, cancellationToken);
        }

        throw new StoreUnavailableException($"A change of a job could not be committed in {MostTries} tries.");
    }
}

/// <summary>A job after an input was recorded.</summary>
/// <param name="Job">The job; null if there is none: the id is unknown, or was not admitted, or was purged.</param>
/// <param name="WasPurged">Whether there is no job because the id has a <see cref="Tombstone"/>.</param>
public readonly record struct RecordedJob(Job? Job, bool WasPurged);

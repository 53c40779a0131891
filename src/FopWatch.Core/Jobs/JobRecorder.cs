using System.Diagnostics;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// The one write path of jobs: load, have <see cref="JobDecider"/> decide, commit with an optimistic concurrency check, and again on a conflict. Whatever
/// comes of a job comes through here.
/// </summary>
/// <remarks>Every method throws <see cref="StoreUnavailableException"/>, with nothing written, where the store cannot answer now.</remarks>
public sealed class JobRecorder(Sources sources, IJobStore store, ICommitObserver observer, TimeProvider time, Random random)
{
    /// <summary>More conflicts in a row than this many writers of one job could cause; then the store is at fault.</summary>
    private const int MaxTries = 50;

    /// <summary>
    /// Records that an application wants to know how a job ends, also of an id with a <see cref="Tombstone"/>. Re-registering merges metadata, publishes
    /// the outcome of a settled job again if that added any, and resumes the watch of a job without an outcome whose watch was stopped or that was given up.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="id">A valid <c>persistentId</c>.</param>
    /// <param name="metadata">What to echo in every event.</param>
    /// <param name="firstPollAfter">From now to the first poll; null for the source's setting. Counts only the first time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<Job> RegisterAsync(
        Source source, string id, IReadOnlyDictionary<string, string> metadata, TimeSpan? firstPollAfter, CancellationToken cancellationToken) =>
        await RecordAsync(source, id, new DecisionInput.Registration(metadata, firstPollAfter), cancellationToken)
        ?? throw new UnreachableException("A registration always makes a job.");

    /// <summary>
    /// Merges a report that may settle the job: one that is trusted. A job that was given up and has no outcome still is watched again, since
    /// the provider plainly knows of it.
    /// </summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The id that the report names.</param>
    /// <param name="report">The report.</param>
    /// <param name="correlation">What the notify URL's path said the job belongs to; kept as metadata unless there is one already.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The job; null, and nothing is recorded, if there is none and the id has a <see cref="Tombstone"/>.</returns>
    public Task<Job?> ReportAsync(Source source, string id, JobReport report, string? correlation, CancellationToken cancellationToken) =>
        RecordAsync(source, id, new DecisionInput.Report(report, correlation), cancellationToken);

    /// <summary>Makes the next poll of a job due now: something that is not trusted says that the job has moved.</summary>
    /// <returns>The job; null if there is none and the id has a <see cref="Tombstone"/>.</returns>
    public Task<Job?> HintAsync(Source source, string id, CancellationToken cancellationToken) =>
        RecordAsync(source, id, new DecisionInput.Hint(IsWorkflow: false), cancellationToken);

    /// <summary>Does what <see cref="HintAsync(Source, string, CancellationToken)"/> does, if the id is known or is admitted.</summary>
    public async Task<Job?> HintAsync(
        Source source, string id, Func<CancellationToken, ValueTask<bool>> admitsUnknown, CancellationToken cancellationToken) =>
        (await HintAsync(source, id, isWorkflow: false, admitsUnknown, cancellationToken)).Job;

    /// <summary>Does what <see cref="HintAsync(Source, string, CancellationToken)"/> does, if the id is known or is admitted.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The id that it names.</param>
    /// <param name="isWorkflow">Whether it names the job as a workflow whose status has a query of its own.</param>
    /// <param name="admitsUnknown">Asked where <see cref="JobDecider.NeedsAdmission"/>, whether the id may be watched.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<Recorded> HintAsync(
        Source source, string id, bool isWorkflow, Func<CancellationToken, ValueTask<bool>> admitsUnknown, CancellationToken cancellationToken) =>
        CommitAsync(new(source.Name, id), new DecisionInput.Hint(isWorkflow), JobPolicy.Of(source), cancellationToken, admitsUnknown);

    /// <summary>Records how the status API answered: what it said, when to ask next, or that the job is given up.</summary>
    /// <param name="source">The source.</param>
    /// <param name="asked">The job as it was when the question was asked.</param>
    /// <param name="answer">The answer.</param>
    /// <param name="cause">Whether the job's own watch asked.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The job; null if it is not there any more.</returns>
    public async Task<Job?> PolledAsync(Source source, StoredJob asked, StatusAnswer answer, CommitCause cause, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(asked);
        var input = new DecisionInput.Polled(asked.Job.Watch, answer, random.NextDouble(), cause);
        return (await CommitAsync(asked.Job.Key, input, JobPolicy.Of(source), cancellationToken, known: asked)).Job;
    }

    /// <summary>Stops watching a job. It stays as it is, and a notification still settles it.</summary>
    /// <returns>The job; null if there is none.</returns>
    public Task<Job?> StopAsync(JobKey key, CancellationToken cancellationToken) => RecordAsync(key, new DecisionInput.StopWatching(), cancellationToken);

    /// <summary>Puts a watched job that is in no index back where the watch finds it; only the sweep has reason to.</summary>
    /// <returns>The job; null if there is none.</returns>
    public Task<Job?> RestoreWatchAsync(JobKey key, CancellationToken cancellationToken) =>
        RecordAsync(key, new DecisionInput.RestoreWatch(), cancellationToken);

    /// <summary>Moves the times of a job's watch that a clock which was ahead has set; see <see cref="PollPlan.Corrected"/>.</summary>
    /// <returns>The job; null if there is none.</returns>
    public Task<Job?> CorrectTimesAsync(Source source, string id, CancellationToken cancellationToken) =>
        RecordAsync(source, id, new DecisionInput.CorrectTimes(), cancellationToken);

    /// <summary>Takes a job out of the due index that has nothing to be polled for.</summary>
    internal Task<Job?> ReindexAsync(JobKey key, CancellationToken cancellationToken) => RecordAsync(key, new DecisionInput.Reindex(), cancellationToken);

    /// <summary>Publishes a settled job's outcome again, as a new version, since brokers drop an event id that they have seen.</summary>
    /// <returns>The job, unchanged if it is not settled or nothing genuine has named it yet; null if there is none.</returns>
    public Task<Job?> RepublishAsync(JobKey key, CancellationToken cancellationToken) =>
        RecordAsync(key, new DecisionInput.Republish(), cancellationToken);

    private async Task<Job?> RecordAsync(Source source, string id, DecisionInput input, CancellationToken cancellationToken) =>
        (await CommitAsync(new(source.Name, id), input, JobPolicy.Of(source), cancellationToken)).Job;

    private async Task<Job?> RecordAsync(JobKey key, DecisionInput input, CancellationToken cancellationToken) =>
        (await CommitAsync(key, input, null, cancellationToken)).Job;

    private async Task<Recorded> CommitAsync(
        JobKey key,
        DecisionInput input,
        JobPolicy? policy,
        CancellationToken cancellationToken,
        Func<CancellationToken, ValueTask<bool>>? admits = null,
        StoredJob? known = null)
    {
        bool? admitted = null;
        for (var tries = 1; tries <= MaxTries; tries++)
        {
            var stored = known ?? await store.FindAsync(key, cancellationToken);
            if (stored is null && input.Creates is { } origin && Tombstone.KeepsOut(origin) && await store.HasTombstoneAsync(key, cancellationToken))
                return new(null, WasPurged: true);
            if (admits is not null && JobDecider.NeedsAdmission(stored?.Job, input) && !(admitted ??= await admits(cancellationToken)))
                return default;
            if (JobDecider.Decide(key, stored?.Job, input, policy, time.GetUtcNow()) is not { } change)
                return default;
            if (!change.IsWritten)
                return new(change.Job, WasPurged: false);

            var committed = change.ToEvent(sources.Find(key.Source)?.Domains);
            if (await store.CommitAsync(new(change.Job, stored?.ETag, committed), cancellationToken) is not null)
            {
                await observer.CommittedAsync(new(stored?.Job, change.Job, committed, input.Cause), cancellationToken);
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

/// <summary>What came of an input.</summary>
/// <param name="Job">The job; null if the id is unknown and was not admitted, or was purged.</param>
/// <param name="WasPurged">Whether there is no job because the id has a <see cref="Tombstone"/>.</param>
public readonly record struct Recorded(Job? Job, bool WasPurged);

using System.Diagnostics;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// The one write path of jobs: load, decide, commit with an optimistic concurrency check, and again on a conflict. Whatever
/// comes of a job comes through here.
/// </summary>
/// <remarks>Every method throws <see cref="StoreUnavailableException"/>, with nothing written, where the store cannot answer now.</remarks>
public sealed class JobRecorder(
    Sources sources,
    IJobStore store,
    ICommitObserver observer,
    TimeProvider time,
    Random random)
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
        Source source,
        string id,
        IReadOnlyDictionary<string, string> metadata,
        TimeSpan? firstPollAfter,
        CancellationToken cancellationToken) =>
        await RecordAsync(
            source,
            id,
            JobOrigin.Registration,
            firstPollAfter,
            (job, now) => job.Register(metadata, now).Then(next =>
                next.HasOutcome ? JobChange.Nothing(next)
                : next.Watch.DueAt is null ? next.Rewatch(PollPlan.Again(source.Poll, next.Watch, now, firstPollAfter))
                : job.Origin == JobOrigin.Hint ? next.Rewatch(PollPlan.Claimed(source.Poll, next.Watch, now, firstPollAfter))
                : JobChange.Nothing(next)),
            cancellationToken)
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
    public Task<Job?> ReportAsync(
        Source source,
        string id,
        JobReport report,
        string? correlation,
        CancellationToken cancellationToken) =>
        RecordAsync(
            source,
            id,
            JobOrigin.Report,
            null,
            (job, now) =>
            {
                var change = job.Correlate(correlation, now).Then(next => next.Apply(report, now)).Then(next => Named(next, report.IsWorkflow));
                if (job.Origin == JobOrigin.Hint && !change.Job.HasOutcome)
                    change = change.Then(next => next.Rewatch(PollPlan.Claimed(source.Poll, next.Watch, now)));

                if (change.Job.HasOutcome)
                    return change;

                // The provider says that it is over and not how: the status API will know.
                if (report.AsksForPoll || report.Facts.Closed)
                    return change.Then(next => next.Rewatch(PollPlan.Hinted(source.Poll, next.Watch, now)));
                return change.Job.IsAbandoned ? change.Then(next => next.Rewatch(PollPlan.Again(source.Poll, next.Watch, now))) : change;
            },
            cancellationToken);

    /// <summary>Makes the next poll of a job due now: something that is not trusted says that the job has moved.</summary>
    /// <returns>The job; null if there is none and the id has a <see cref="Tombstone"/>.</returns>
    public Task<Job?> HintAsync(Source source, string id, CancellationToken cancellationToken) =>
        HintAsync(source, id, static _ => new(true), cancellationToken);

    /// <summary>Does what <see cref="HintAsync(Source, string, CancellationToken)"/> does, if the id is known or is admitted.</summary>
    public async Task<Job?> HintAsync(
        Source source, string id, Func<CancellationToken, ValueTask<bool>> admitsUnknown, CancellationToken cancellationToken) =>
        (await HintAsync(source, id, isWorkflow: false, admitsUnknown, cancellationToken)).Job;

    /// <summary>Does what <see cref="HintAsync(Source, string, CancellationToken)"/> does, if the id is known or is admitted.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The id that it names.</param>
    /// <param name="isWorkflow">Whether it names the job as a workflow whose status has a query of its own.</param>
    /// <param name="admitsUnknown">
    /// Asked where nothing genuine has named the id and nothing watches it, whether it may be watched: it may be made up.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<Hinted> HintAsync(
        Source source, string id, bool isWorkflow, Func<CancellationToken, ValueTask<bool>> admitsUnknown, CancellationToken cancellationToken)
    {
        var key = new JobKey(source.Name, id);
        bool? admitted = null;
        var wasPurged = false;
        var hinted = await CommitAsync(
            key,
            async (job, now) =>
            {
                wasPurged = job is null && await IsKeptOutAsync(key, JobOrigin.Hint, cancellationToken);
                if (wasPurged)
                    return null;
                if (job is null or { Origin: JobOrigin.Hint, IsAbandoned: true } && !(admitted ??= await admitsUnknown(cancellationToken)))
                    return null;
                if (job is null)
                    return Named(Job.New(key, source.Provider.Kind, JobOrigin.Hint, PollPlan.Start(source.Poll, now, TimeSpan.Zero), now), isWorkflow);
                return job.HasOutcome
                    ? JobChange.Nothing(job)
                    : job.Rewatch(PollPlan.Hinted(source.Poll, job.Watch, now)).Then(next => Named(next, isWorkflow));
            },
            evenUnchanged: false,
            cancellationToken);
        return new(hinted, wasPurged);
    }

    /// <summary>Records how the status API answered: what it said, when to ask next, or that the job is given up.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The job's id.</param>
    /// <param name="asked">
    /// The job's watch as it was when the question was asked. If the job had been given up by then and the provider says that it goes on,
    /// it is watched again; the answer to a question that is older than the giving up does not undo it.
    /// </param>
    /// <param name="answer">The answer.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The job; null if it is not there any more.</returns>
    public Task<Job?> PolledAsync(Source source, string id, Watch asked, StatusAnswer answer, CancellationToken cancellationToken) =>
        ChangeAsync(
            new(source.Name, id),
            (job, now) =>
            {
                var change = answer.Report is { } report
                    ? job.Apply(report with { Facts = job.Facts.Confirmed(report.Facts) }, now).Then(next => Named(next, report.IsWorkflow))
                    : JobChange.Nothing(job);
                if (job.Origin == JobOrigin.Hint && change.Job.Origin != JobOrigin.Hint)
                    change = change.Then(next => next.Rewatch(PollPlan.Claimed(source.Poll, next.Watch, now)));
                else if (change.Job.IsAbandoned && asked.DueAt is null && answer.Report is not null)
                    change = change.Then(next => next.Rewatch(PollPlan.Again(source.Poll, next.Watch, now)));
                change = change.Then(next => next.Rewatch(
                    PollPlan.Answered(source.Poll, next.Watch, asked, next.Facts, answer, now, random.NextDouble(), IsNobodys(next))));
                return PollPlan.GivesUp(change.Job.Watch, asked, now, IsNobodys(change.Job)) is { } reason ? change.Then(next => next.GiveUp(reason, now)) : change;
            },
            cancellationToken);

    /// <summary>Stops watching a job. It stays as it is, and a notification still settles it.</summary>
    /// <returns>The job; null if there is none.</returns>
    public Task<Job?> StopAsync(JobKey key, CancellationToken cancellationToken) =>
        ChangeAsync(key, (job, _) => job.HasOutcome ? JobChange.Nothing(job) : job.Rewatch(PollPlan.Stop(job.Watch)), cancellationToken);

    /// <summary>Puts a watched job that is in no index back where the watch finds it; only the sweep has reason to.</summary>
    /// <returns>The job; null if there is none.</returns>
    public Task<Job?> RestoreWatchAsync(JobKey key, CancellationToken cancellationToken) =>
        ChangeAsync(
            key,
            (job, now) => job.HasOutcome || job.Watch.Stopped || job.IsAbandoned ? JobChange.Nothing(job) : job.Rewatch(PollPlan.Restored(job.Watch, now)),
            cancellationToken,
            evenUnchanged: true);

    /// <summary>Moves the times of a job's watch that a clock which was ahead has set; see <see cref="PollPlan.Corrected"/>.</summary>
    /// <returns>The job; null if there is none.</returns>
    public Task<Job?> CorrectTimesAsync(Source source, string id, CancellationToken cancellationToken) =>
        ChangeAsync(
            new(source.Name, id),
            (job, now) => job.HasOutcome ? JobChange.Nothing(job) : job.Rewatch(PollPlan.Corrected(source.Poll, job.Watch, now)),
            cancellationToken);

    /// <summary>Takes a job out of the due index that has nothing to be polled for.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    internal Task<Job?> ReindexAsync(JobKey key, CancellationToken cancellationToken) =>
        ChangeAsync(key, (job, _) => JobChange.Nothing(job), cancellationToken, evenUnchanged: true);

    /// <summary>Publishes a settled job's outcome again, as a new version, since brokers drop an event id that they have seen.</summary>
    /// <returns>The job, unchanged if it is not settled or nothing genuine has named it yet; null if there is none.</returns>
    public Task<Job?> RepublishAsync(JobKey key, CancellationToken cancellationToken) =>
        ChangeAsync(
            key,
            (job, now) => job.IsSettled && job.Origin != JobOrigin.Hint ? job.Republish(now) : JobChange.Nothing(job),
            cancellationToken);

    private static bool IsNobodys(Job job) => job.Origin == JobOrigin.Hint;

    private static JobChange Named(Job job, bool isWorkflow) =>
        isWorkflow ? job.Rewatch(job.Watch with { IsWorkflow = true }) : JobChange.Nothing(job);

    private async ValueTask<bool> IsKeptOutAsync(JobKey key, JobOrigin origin, CancellationToken cancellationToken) =>
        Tombstone.KeepsOut(origin) && await store.HasTombstoneAsync(key, cancellationToken);

    private Task<Job?> RecordAsync(
        Source source,
        string id,
        JobOrigin origin,
        TimeSpan? firstPollAfter,
        Func<Job, DateTimeOffset, JobChange> decide,
        CancellationToken cancellationToken)
    {
        var key = new JobKey(source.Name, id);
        return CommitAsync(
            key,
            async (job, now) => job is null && await IsKeptOutAsync(key, origin, cancellationToken)
                ? null
                : decide(job ?? Job.New(key, source.Provider.Kind, origin, PollPlan.Start(source.Poll, now, firstPollAfter), now), now),
            evenUnchanged: false,
            cancellationToken);
    }

    private Task<Job?> ChangeAsync(
        JobKey key,
        Func<Job, DateTimeOffset, JobChange> decide,
        CancellationToken cancellationToken,
        bool evenUnchanged = false) =>
        CommitAsync(key, (job, now) => new(job is null ? null : decide(job, now)), evenUnchanged, cancellationToken);

    private async Task<Job?> CommitAsync(
        JobKey key,
        Func<Job?, DateTimeOffset, ValueTask<JobChange?>> decide,
        bool evenUnchanged,
        CancellationToken cancellationToken)
    {
        for (var tries = 1; tries <= MaxTries; tries++)
        {
            var stored = await store.FindAsync(key, cancellationToken);
            if (await decide(stored?.Job, time.GetUtcNow()) is not { } change)
                return null;
            if (change.Job.Facts.Bounded() is var bounded && !ReferenceEquals(bounded, change.Job.Facts))
                change = change with { Job = change.Job with { Facts = bounded } };
            if (stored is not null && !evenUnchanged && change.EventType is null && change.Job == stored.Job)
                return stored.Job;

            if (change.Job.Version == 0)
                change = change with { Job = change.Job with { Version = 1 } };
            var committed = change.ToEvent(sources.Find(key.Source)?.Domains);
            if (await store.CommitAsync(new(change.Job, stored?.ETag, committed), cancellationToken) is not null)
            {
                await observer.CommittedAsync(new(stored?.Job, change.Job, committed, CommitCause.Outside), cancellationToken);
                return change.Job;
            }

            // Another writer was first. A short random pause keeps many of them from meeting again.
            if (tries > 3)
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, 10 * tries)), time, cancellationToken);
        }

        throw new StoreUnavailableException($"A job was changed by others {MaxTries} times in a row.");
    }
}

/// <summary>What became of a hint.</summary>
/// <param name="Job">The job; null if the id is unknown and was not admitted, or was purged.</param>
/// <param name="WasPurged">Whether there is no job because the id has a <see cref="Tombstone"/>.</param>
public readonly record struct Hinted(Job? Job, bool WasPurged);

using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Watching;

/// <summary>The result of a poll.</summary>
/// <param name="Job">The job after the poll; null if there is none, or if it cannot be read.</param>
/// <param name="Answer">The answer of the status API; null if it was not asked, because no poll was due, the job needs none, or there was no slot.</param>
/// <param name="Fault">The exception of a poll that failed unexpectedly and was postponed; null if it did not fail.</param>
public sealed record Polled(Job? Job, StatusAnswer? Answer, Exception? Fault = null)
{
    /// <summary>When a due poll that had no slot may be retried; null if it had a slot.</summary>
    public DateTimeOffset? PostponedUntil { get; init; }

    /// <summary>Whether the source was removed from the settings. Its jobs wait unchanged until it returns.</summary>
    public bool LacksSource { get; init; }
}

/// <summary>Polls one job: reads it from the store once, and asks the provider only if the poll is due or requested.</summary>
/// <param name="sources">The configured sources.</param>
/// <param name="store">The store.</param>
/// <param name="statusApi">The status APIs.</param>
/// <param name="recorder">Records the answers.</param>
/// <param name="troubles">Receives failures and recoveries of status APIs.</param>
/// <param name="metrics">Counts polls.</param>
/// <param name="time">The clock.</param>
/// <param name="random">Varies the waits between polls.</param>
public sealed class Poller(
    Sources sources,
    IJobStore store,
    IStatusApi statusApi,
    JobRecorder recorder,
    Troubles troubles,
    FopWatchMetrics metrics,
    TimeProvider time,
    Random random)
{
    // Right after submission a status API may not know an id yet (providers.md, section 1).
    private static readonly TimeSpan SubmissionRace = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Polls a job if its poll is due, and records the answer. A poll that throws any exception is postponed like one without an answer. If that cannot be recorded
    /// either, the job is set aside like an unreadable job.
    /// </summary>
    /// <param name="key">The job.</param>
    /// <param name="slots">The slots from which the poll takes one; null if it needs none.</param>
    /// <param name="cause">The cause of the commit.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<Polled> PollDueAsync(JobKey key, PollSlots? slots, CommitCause cause, CancellationToken cancellationToken)
    {
        StoredJob? stored;
        try
        {
            stored = await store.FindAsync(key, cancellationToken);
        }
        catch (UnreadableJobException unreadable) when (unreadable.Job is { } damaged)
        {
            // Set aside, so that other jobs of the source are polled.
            troubles.Occurred(key.Source, TroubleKind.UnreadableJobs, Sentence.Verbatim(damaged.Problem));
            await store.SetAsideAsync(damaged, time.GetUtcNow(), cancellationToken);
            return new(null, null);
        }

        if (stored?.Job is not { Watch.NextPollAt: not null } job)
        {
            // The job was set aside while it was unreadable, and would stay in the index forever.
            if (stored is { IsIndexed: true })
                await recorder.RecordAsync(key, new DecisionInput.Reindex(), cancellationToken);
            return new(stored?.Job, null);
        }

        if (!PollPlan.IsDue(job.Watch, time.GetUtcNow()))
            return new(job, null);
        if (sources.Find(key.Source) is not { } source)
            return new(job, null) { LacksSource = true };

        using var slot = slots is null ? null : await slots.TryTakeAsync(source, cancellationToken);
        return slots is not null && slot is null
            ? new(job, null) { PostponedUntil = slots.Postpone(source) }
            : await PollAsync(source, stored, cause, isRequested: false, cancellationToken);
    }

    /// <summary>
    /// Polls a job on request, even if it expired or its watch was stopped. An outcome of the provider is final, so a job that has one is not polled.
    /// </summary>
    /// <param name="key">The job.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    /// <exception cref="UnreadableJobException">The job cannot be read.</exception>
    public async Task<Polled> PollNowAsync(JobKey key, CancellationToken cancellationToken)
    {
        var stored = await store.FindAsync(key, cancellationToken);
        return stored is { Job.HasOutcome: false } && sources.Find(key.Source) is { } source
            ? await PollAsync(source, stored, CommitCause.Outside, isRequested: true, cancellationToken)
            : new(stored?.Job, null);
    }

    private async Task<Polled> PollAsync(Source source, StoredJob asked, CommitCause cause, bool isRequested, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Activities.StartActivity("poll");
        activity?.SetTag("fopwatch.source", source.Name);
        Polled polled;
        StatusAnswer? answer = null;
        try
        {
            StatusAnswer told;
            try
            {
                told = await statusApi.AskAsync(source, asked.Job.Key.Id, asked.Job.Watch.IsWorkflow, cancellationToken);
            }
            catch (SourceReplacedException)
            {
                return sources.Find(source.Name) is { } other
                    ? await PollAsync(other, asked, cause, isRequested, cancellationToken)
                    : new(asked.Job, null) { LacksSource = true };
            }

            using var turn = told.Turn;
            answer = Judged(source, asked.Job, told);
            metrics.Polled(source, answer.Answer, answer.Asked);
            Diagnose(asked.Job, answer);
            var input = new DecisionInput.Polled(asked.Job.Watch, answer, random.NextDouble()) { IsRequested = isRequested };
            polled = new((await recorder.RecordAsync(asked.Job.Key, input, cancellationToken, cause, known: asked, by: source)).Job, answer);
            troubles.Worked(source.Name, TroubleKind.PollsFail);
        }
        catch (Exception fault) when (fault is not StoreUnavailableException && !(fault is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            if (answer is null)
                metrics.Polled(source, PollAnswer.Unavailable);
            polled = await PutOffAsync(source, asked, cause, isRequested, fault, cancellationToken);
        }

        activity?.SetTag("fopwatch.answer", polled.Answer?.Answer.ToString());
        return polled;
    }

    /// <summary>Interprets the answer of a status API for this job. <see cref="GivingUp"/> and <see cref="PollPlan"/> use the result.</summary>
    private static StatusAnswer Judged(Source source, Job job, StatusAnswer answer)
    {
        // An id that nothing genuine has named may be made up, so a missing key is no reason to poll it for days. But if keys are refused, its
        // notification is stored nowhere else, and valid keys would get its outcome.
        if (answer.NeedsKeys && job.Origin == JobOrigin.Hint && !(job.Watch.IsWorkflow && source.CanAskForWorkflows))
            answer = answer with { Answer = PollAnswer.NotFound };
        return source.Scope.Judge(answer, job.Origin);
    }

    private async Task<Polled> PutOffAsync(
        Source source, StoredJob asked, CommitCause cause, bool isRequested, Exception fault, CancellationToken cancellationToken)
    {
        var words = $"the poll failed: {fault.GetType().Name}";
        var answer = new StatusAnswer(PollAnswer.Unavailable, Detail: words);
        troubles.Occurred(source.Name, TroubleKind.PollsFail, Sentence.Verbatim(words));
        try
        {
            var input = new DecisionInput.Polled(asked.Job.Watch, answer, random.NextDouble()) { IsRequested = isRequested };
            return new((await recorder.RecordAsync(asked.Job.Key, input, cancellationToken, cause, known: asked, by: source)).Job, answer, fault);
        }
        catch (Exception again) when (again is not StoreUnavailableException && !cancellationToken.IsCancellationRequested)
        {
            if (await store.FindAsync(asked.Job.Key, cancellationToken) is { } stored)
                await store.SetAsideAsync(new(asked.Job.Key, stored.ETag, words), time.GetUtcNow(), cancellationToken);
            return new(asked.Job, answer, again);
        }
    }

    private void Diagnose(Job job, StatusAnswer answer)
    {
        if (!answer.Asked)
            return;

        var (source, words) = (job.Key.Source, answer.InWords());
        switch (answer.Answer)
        {
            case PollAnswer.Unavailable:
                troubles.Occurred(source, TroubleKind.StatusApiUnreachable, Sentence.Verbatim(words));
                break;
            case PollAnswer.Throttled:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable);
                troubles.Occurred(source, TroubleKind.StatusApiThrottles, Sentence.Verbatim(words));
                break;
            case PollAnswer.Refused:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable, TroubleKind.StatusApiThrottles);
                troubles.Occurred(source, TroubleKind.StatusApiRefuses, Sentence.Verbatim(words));
                break;
            case PollAnswer.NotFound:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable, TroubleKind.StatusApiThrottles, TroubleKind.StatusApiRefuses);

                // Anyone who has a notify URL can name a nonexistent id. A clock that was ahead may have written a registration time in the future.
                if (job.Origin != JobOrigin.Hint && (time.GetUtcNow() - job.RegisteredAt).Duration() >= SubmissionRace)
                    troubles.Occurred(source, TroubleKind.UnknownIds, Sentence.Verbatim(words));
                break;
            case PollAnswer.OutOfScope:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable, TroubleKind.StatusApiThrottles, TroubleKind.StatusApiRefuses);

                // Anyone who has a notify URL can name an id of another account.
                if (job.Origin != JobOrigin.Hint)
                    troubles.Occurred(source, TroubleKind.OutOfScope, Sentence.Verbatim(words));
                break;
            case PollAnswer.Report:
                troubles.Worked(
                    source,
                    TroubleKind.StatusApiUnreachable,
                    TroubleKind.StatusApiThrottles,
                    TroubleKind.StatusApiRefuses,
                    TroubleKind.UnknownIds,
                    TroubleKind.OutOfScope);
                break;
        }
    }
}

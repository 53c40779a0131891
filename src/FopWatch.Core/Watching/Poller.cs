using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Watching;

/// <summary>What came of asking about a job.</summary>
/// <param name="Job">The job afterwards; null if there is none.</param>
/// <param name="Answer">How the status API answered; null if it was not asked, because there was nothing to ask.</param>
/// <param name="Fault">What was thrown where the poll failed unexpectedly and was put off; null if it did not.</param>
public sealed record Polled(Job? Job, StatusAnswer? Answer, Exception? Fault = null);

/// <summary>Polls one job: looks in the store first, and asks the provider only if the job is watched.</summary>
/// <param name="sources">The configured sources.</param>
/// <param name="store">The store.</param>
/// <param name="statusApi">The status APIs.</param>
/// <param name="recorder">Records the answers.</param>
/// <param name="time">The clock.</param>
/// <param name="troubles">Is told how the status APIs answer; null if nobody is to be warned.</param>
public sealed class Poller(
    Sources sources, IJobStore store, IStatusApi statusApi, JobRecorder recorder, TimeProvider time, Troubles? troubles = null)
{
    /// <summary>Right after submission a status API may not know an id yet (providers.md, section 1).</summary>
    private static readonly TimeSpan SubmissionRace = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Reads a job whose poll is due. One that cannot be read is set aside, so that the others of its source are polled.
    /// </summary>
    /// <returns>Null if there is none, or it cannot be read.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<StoredJob?> FindDueAsync(JobKey key, CancellationToken cancellationToken)
    {
        try
        {
            var stored = await store.FindAsync(key, cancellationToken);

            // It was set aside while it could not be read, and would be due for ever.
            if (stored is { IsIndexed: true, Job.Watch.DueAt: null })
                await recorder.ReindexAsync(key, cancellationToken);
            return stored;
        }
        catch (UnreadableJobException unreadable) when (unreadable.Job is { } job)
        {
            troubles?.Occurred(key.Source, TroubleKind.UnreadableJobs, job.Problem);
            await store.SetAsideAsync(job, time.GetUtcNow(), cancellationToken);
            return null;
        }
    }

    /// <summary>
    /// Asks the status API about a job and records the answer. A poll that throws is put off as one whose answer does not come, whatever it throws;
    /// if that cannot be recorded either, the job is set aside as one that cannot be read.
    /// </summary>
    /// <param name="key">The job.</param>
    /// <param name="evenIfUnwatched">
    /// Whether somebody asked for it: then an expired job and one whose watch was stopped are asked about too. A provider's outcome
    /// is final, so a job that has one never is.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    /// <exception cref="UnreadableJobException">Somebody asked for it, and the job cannot be read.</exception>
    public async Task<Polled> PollAsync(JobKey key, bool evenIfUnwatched, CancellationToken cancellationToken)
    {
        var stored = evenIfUnwatched ? await store.FindAsync(key, cancellationToken) : await FindDueAsync(key, cancellationToken);
        if (stored is not { Job: { HasOutcome: false } job } || (!evenIfUnwatched && job.Watch.DueAt is null))
            return new(stored?.Job, null);

        var source = sources.Find(key.Source);
        if (source is null)
        {
            // The source was taken out of the settings: its jobs wait, as they are, for it to come back.
            return new(job, null);
        }

        using var activity = Telemetry.Activities.StartActivity("poll");
        activity?.SetTag("fopwatch.source", source.Name);
        Polled polled;
        try
        {
            polled = await AskAsync(source, stored, cancellationToken);
            troubles?.Worked(source.Name, TroubleKind.PollsFail);
        }
        catch (Exception fault) when (fault is not StoreUnavailableException && !(fault is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            polled = await PutOffAsync(source, stored, fault, cancellationToken);
        }

        activity?.SetTag("fopwatch.answer", polled.Answer?.Answer.ToString());
        return polled;
    }

    private async Task<Polled> AskAsync(Source source, StoredJob asked, CancellationToken cancellationToken)
    {
        var job = asked.Job;
        var answer = await statusApi.AskAsync(source, job.Key.Id, job.Watch.IsWorkflow, cancellationToken);
        using var turn = answer.Turn;

        // An id that nothing genuine has named may be made up. It is not polled for days because a key is missing; but where keys are refused,
        // its notification is nowhere else, and valid keys would get its outcome.
        if (answer.NeedsKeys && job.Origin == JobOrigin.Hint && !(job.Watch.IsWorkflow && source.CanAskForWorkflows))
            answer = answer with { Answer = PollAnswer.NotFound };

        answer = source.Scope.Judge(answer, job.Origin);

        Telemetry.Polled(source, answer.Answer);
        Diagnose(job, answer);
        return new(await recorder.PolledAsync(source, asked, answer, CommitCause.Outside, cancellationToken), answer);
    }

    private async Task<Polled> PutOffAsync(Source source, StoredJob asked, Exception fault, CancellationToken cancellationToken)
    {
        var words = $"the poll failed: {fault.GetType().Name}";
        var answer = new StatusAnswer(PollAnswer.Unavailable, Detail: words);
        Telemetry.Polled(source, answer.Answer);
        troubles?.Occurred(source.Name, TroubleKind.PollsFail, words);
        try
        {
            return new(await recorder.PolledAsync(source, asked, answer, CommitCause.Outside, cancellationToken), answer, fault);
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
        if (troubles is null || !answer.Asked)
            return;

        var (source, words) = (job.Key.Source, answer.InWords());
        switch (answer.Answer)
        {
            case PollAnswer.Unavailable:
                troubles.Occurred(source, TroubleKind.StatusApiUnreachable, words);
                break;
            case PollAnswer.Throttled:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable);
                troubles.Occurred(source, TroubleKind.StatusApiThrottles, words);
                break;
            case PollAnswer.Refused:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable, TroubleKind.StatusApiThrottles);
                troubles.Occurred(source, TroubleKind.StatusApiRefuses, words);
                break;
            case PollAnswer.NotFound:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable, TroubleKind.StatusApiThrottles, TroubleKind.StatusApiRefuses);

                // Anyone who has a notify URL can name an id that does not exist. A job may be from a time that has not come, by a clock that was ahead.
                if (job.Origin != JobOrigin.Hint && (time.GetUtcNow() - job.RegisteredAt).Duration() >= SubmissionRace)
                    troubles.Occurred(source, TroubleKind.UnknownIds, words);
                break;
            case PollAnswer.OutOfScope:
                troubles.Worked(source, TroubleKind.StatusApiUnreachable, TroubleKind.StatusApiThrottles, TroubleKind.StatusApiRefuses);

                // Anyone who has a notify URL can name an id of another account.
                if (job.Origin != JobOrigin.Hint)
                    troubles.Occurred(source, TroubleKind.OutOfScope, words);
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

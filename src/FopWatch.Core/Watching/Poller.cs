using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Watching;

/// <summary>What came of asking about a job.</summary>
/// <param name="Job">The job afterwards; null if there is none.</param>
/// <param name="Answer">How the status API answered; null if it was not asked, because there was nothing to ask.</param>
/// <param name="Settled">Whether the job was not settled so before.</param>
public sealed record Polled(Job? Job, StatusAnswer? Answer, bool Settled = false);

/// <summary>Polls one job: looks in the store first, and asks the provider only if the job is watched.</summary>
public sealed class Poller(Sources sources, IJobStore store, IStatusApi statusApi, JobRecorder recorder)
{
    /// <summary>Asks the status API about a job and records the answer.</summary>
    /// <param name="key">The job.</param>
    /// <param name="evenIfUnwatched">
    /// Whether somebody asked for it: then an expired job and one whose watch was stopped are asked about too. A provider's outcome
    /// is final, so a job that has one never is.
    /// </param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<Polled> PollAsync(JobKey key, bool evenIfUnwatched, CancellationToken cancellationToken)
    {
        var job = (await store.FindAsync(key, cancellationToken))?.Job;
        if (job is null || job.HasOutcome || (!evenIfUnwatched && job.Watch.DueAt is null))
            return new(job, null);

        var source = sources.Find(key.Source);
        if (source is null)
        {
            // The source was taken out of the settings: its jobs wait, as they are, for it to come back.
            return new(job, null);
        }

        using var activity = Telemetry.Activities.StartActivity("poll");
        activity?.SetTag("fopwatch.source", source.Name);

        var answer = await statusApi.AskAsync(source, key.Id, job.Watch.IsWorkflow, cancellationToken);

        // An id that nothing genuine has named may be made up. It is not polled for days because a key is missing.
        if (answer.NeedsKeys && job.Origin == JobOrigin.Hint)
            answer = answer with { Answer = PollAnswer.NotFound };

        activity?.SetTag("fopwatch.answer", answer.Answer.ToString());
        Telemetry.Polled(source, answer.Answer);
        var after = await recorder.PolledAsync(source, key.Id, job.Watch, answer, cancellationToken);
        return new(after, answer, after is { IsSettled: true } && after.State != job.State);
    }
}

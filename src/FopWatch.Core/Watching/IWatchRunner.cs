using FopWatch.Jobs;

namespace FopWatch.Watching;

/// <summary>A watch that runs.</summary>
/// <param name="SleepsUntil">Until when it sleeps; null if it does not, or has not said.</param>
/// <param name="IsPostponed">Whether it sleeps because there was no slot for its poll.</param>
/// <param name="ActiveAt">When it made its last step.</param>
public sealed record RunningWatch(DateTimeOffset? SleepsUntil, bool IsPostponed, DateTimeOffset ActiveAt);

/// <summary>
/// Runs the watches of jobs, and decides nothing: <see cref="CommitObserver"/> decides after each commit whether a watch is started, woken or ended. Whatever
/// gets lost here only makes a poll late: the due index says which jobs are to be polled, and the watches of those that are due are started again and
/// again, in the cloud host by <see cref="Cloud.WatchStarter"/>.
/// </summary>
public interface IWatchRunner
{
    /// <summary>Starts the watch of a job that is due at a time. It sleeps until then.</summary>
    /// <returns>False if it runs already; null if that is not known, since the runner does not answer.</returns>
    ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken);

    /// <summary>Starts the watch of a job, or has the one that runs look at its job at once.</summary>
    ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken);

    /// <summary>Ends the watch of a job that needs no more polls. One that does not run is no error.</summary>
    ValueTask EndAsync(JobKey key, CancellationToken cancellationToken);

    /// <summary>How the watch of a job stands; null if none runs, or the runner keeps none while a job is not being polled.</summary>
    ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken);
}

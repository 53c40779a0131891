using FopWatch.Jobs;

namespace FopWatch.Watching;

/// <summary>A running watch.</summary>
/// <param name="SleepsUntil">The time until which it sleeps; null if it does not sleep, or has not reported a time.</param>
/// <param name="IsPostponed">Whether it sleeps because its poll had no slot.</param>
/// <param name="ActiveAt">When it made its last step.</param>
public sealed record RunningWatch(DateTimeOffset? SleepsUntil, bool IsPostponed, DateTimeOffset ActiveAt);

/// <summary>
/// Runs the watches of jobs. It makes no decisions: <see cref="CommitObserver"/> decides after each commit whether a watch is started, woken or ended. A lost
/// call only delays a poll, because the due index determines which jobs to poll, and the watches of due jobs are started repeatedly, in the cloud host by
/// <see cref="Cloud.WatchStarter"/>.
/// </summary>
public interface IWatchRunner
{
    /// <summary>Starts the watch of a job. The watch sleeps until the job is due.</summary>
    /// <returns>True if it was started; false if it is already running; null if unknown, because the runner does not answer.</returns>
    ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken);

    /// <summary>Starts the watch of a job, or makes a running watch check its job at once.</summary>
    ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken);

    /// <summary>Ends the watch of a job that needs no more polls. Not an error if none is running.</summary>
    ValueTask EndAsync(JobKey key, CancellationToken cancellationToken);

    /// <summary>The state of the watch of a job; null if none is running, or if the runner keeps no watch between polls.</summary>
    ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken);
}

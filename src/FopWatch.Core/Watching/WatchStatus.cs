namespace FopWatch.Watching;

/// <summary>The status of the watch of a job.</summary>
public enum WatchStatus
{
    /// <summary>The job is polled, next at <see cref="Watch.DueAt"/>.</summary>
    Watching,

    /// <summary>Somebody stopped the watch. A notification can still settle the job.</summary>
    Stopped,

    /// <summary>FopWatch gave the job up. It is not polled until there is news about it.</summary>
    GivenUp,

    /// <summary>The job has an outcome from the provider, which is final.</summary>
    Done,
}

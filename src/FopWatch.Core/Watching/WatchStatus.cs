namespace FopWatch.Watching;

/// <summary>Where the watch of a job stands.</summary>
public enum WatchStatus
{
    /// <summary>The status API is asked, next at <see cref="Watch.DueAt"/>.</summary>
    Watching,

    /// <summary>Somebody stopped the watch. A notification still settles the job.</summary>
    Stopped,

    /// <summary>FopWatch gave the job up, and nothing asks about it until something is heard of it.</summary>
    GivenUp,

    /// <summary>The job has an outcome of the provider's, which is final.</summary>
    Done,
}

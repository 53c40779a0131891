namespace FopWatch.Jobs;

/// <summary>A stored job that cannot be read.</summary>
/// <param name="Key">The job.</param>
/// <param name="ETag">The version that could not be read.</param>
/// <param name="Problem">Why it cannot be read, without its content.</param>
public sealed record UnreadableJob(JobKey Key, string ETag, string Problem);

/// <summary>A stored job cannot be read: its row was damaged, or a newer FopWatch wrote it. The row stays unchanged.</summary>
/// <param name="job">The job.</param>
public sealed class UnreadableJobException(UnreadableJob job) : Exception($"A stored job cannot be read: {job.Problem}.")
{
    /// <summary>The job.</summary>
    public UnreadableJob Job { get; } = job;
}

namespace FopWatch.Jobs;

/// <summary>A stored job that cannot be read.</summary>
/// <param name="Key">The job.</param>
/// <param name="ETag">The version that could not be read.</param>
/// <param name="Problem">Why, in words that hold nothing of its content.</param>
public sealed record UnreadableJob(JobKey Key, string ETag, string Problem);

/// <summary>A stored job cannot be read: its row was damaged, or a newer FopWatch wrote it. The row stays as it is.</summary>
public sealed class UnreadableJobException : Exception
{
    /// <summary>Without a reason.</summary>
    public UnreadableJobException()
    {
    }

    /// <param name="message">Why.</param>
    public UnreadableJobException(string message)
        : base(message)
    {
    }

    /// <param name="message">Why.</param>
    /// <param name="innerException">The first failure.</param>
    public UnreadableJobException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="job">The job.</param>
    public UnreadableJobException(UnreadableJob job)
        : base($"A stored job cannot be read: {job?.Problem}.") => Job = job;

    /// <summary>The job.</summary>
    public UnreadableJob? Job { get; }
}

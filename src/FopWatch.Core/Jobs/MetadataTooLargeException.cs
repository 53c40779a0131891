namespace FopWatch.Jobs;

/// <summary>A registration would give a job more metadata than one may have: it is in every event. Nothing was stored.</summary>
public sealed class MetadataTooLargeException : Exception
{
    /// <summary>Without a size.</summary>
    public MetadataTooLargeException()
    {
    }

    /// <param name="message">What is too large.</param>
    public MetadataTooLargeException(string message)
        : base(message)
    {
    }

    /// <param name="message">What is too large.</param>
    /// <param name="innerException">What was thrown.</param>
    public MetadataTooLargeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <param name="bytes">How large it would be.</param>
    public MetadataTooLargeException(int bytes)
        : this(FormattableString.Invariant($"has, with that of earlier registrations, {bytes} bytes of names and values; at most {Job.MaxMetadataBytes} are kept"))
    {
    }
}

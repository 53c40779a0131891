namespace FopWatch.Intake;

/// <summary>A notification in quarantine cannot be read: its row was damaged, or a newer FopWatch wrote it. The row stays as it is.</summary>
public sealed class UnreadableNotificationException : Exception
{
    /// <summary>Without a reason.</summary>
    public UnreadableNotificationException()
    {
    }

    /// <param name="message">Why.</param>
    public UnreadableNotificationException(string message)
        : base(message)
    {
    }

    /// <param name="message">Why.</param>
    /// <param name="innerException">The first failure.</param>
    public UnreadableNotificationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

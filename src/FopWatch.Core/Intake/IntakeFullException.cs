namespace FopWatch.Intake;

/// <summary>
/// There is no room for it now. Nothing was stored; the provider is to try again. The message names no id, and is for the operator.
/// </summary>
public sealed class IntakeFullException : Exception
{
    /// <summary>Without a reason.</summary>
    public IntakeFullException()
    {
    }

    /// <param name="message">What there is no room for.</param>
    public IntakeFullException(string message)
        : base(message)
    {
    }

    /// <param name="message">What there is no room for.</param>
    /// <param name="innerException">What was thrown.</param>
    public IntakeFullException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

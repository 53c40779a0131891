namespace FopWatch.Intake;

/// <summary>A notification exceeds a limit now. Nothing was stored; the provider should retry.</summary>
/// <param name="message">The limit, for the operator. It names no id.</param>
public sealed class IntakeFullException(string message) : Exception(message);

namespace FopWatch.Intake;

/// <summary>There is no room for it now. Nothing was stored; the provider is to try again.</summary>
/// <param name="message">What there is no room for, for the operator. It names no id.</param>
public sealed class IntakeFullException(string message) : Exception(message);

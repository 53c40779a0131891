namespace FopWatch.Intake;

/// <summary>A notification in quarantine cannot be read: its row was damaged, or a newer FopWatch wrote it. The row stays unchanged.</summary>
/// <param name="message">Why.</param>
public sealed class UnreadableNotificationException(string message) : Exception(message);

namespace FopWatch;

/// <summary>
/// Decides how long the store puts off a job that cannot be read, or whose poll cannot be recorded, and an event that the broker refuses.
/// <see cref="Watching.PollPlan"/> decides when a job is polled after any other poll, also a failed one; <see cref="Embedded.PollBackoff"/> where the store
/// could not be written.
/// </summary>
public static class SetAside
{
    /// <summary>The first wait. Each is twice the one before.</summary>
    public static readonly TimeSpan First = TimeSpan.FromMinutes(1);

    /// <summary>The longest wait: short enough that a trouble that goes on is not taken for over.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(32);

    /// <summary>How long to wait after so many failures in a row, at least 1.</summary>
    public static TimeSpan Wait(int failures) =>
        failures > 6 ? Longest : First * Math.Pow(2, Math.Max(failures, 1) - 1);
}

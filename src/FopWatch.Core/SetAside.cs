namespace FopWatch;

/// <summary>
/// Decides how long the store postpones a job that cannot be read, a job whose poll cannot be recorded, and an event that the broker refuses.
/// <see cref="Watching.PollPlan"/> decides when a job is polled after any other poll, including a failed one. <see cref="Embedded.PollBackoff"/> decides if the
/// store cannot be written.
/// </summary>
public static class SetAside
{
    /// <summary>The first wait. Each is twice the one before.</summary>
    public static readonly TimeSpan First = TimeSpan.FromMinutes(1);

    /// <summary>The longest wait: short enough that a continuing trouble is not mistaken for a resolved one.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(32);

    /// <summary>How long to wait after a number of consecutive failures, at least 1.</summary>
    public static TimeSpan Wait(int failures) =>
        failures > 6 ? Longest : First * Math.Pow(2, Math.Max(failures, 1) - 1);
}

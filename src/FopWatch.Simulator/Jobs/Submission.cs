namespace FopWatch.Simulator;

/// <summary>A job that was submitted, and what has happened around it.</summary>
internal sealed class Submission(SimulatedJob job, Uri? notifyUrl, DateTimeOffset at)
{
    private int _asked;
    private int _notification;

    public SimulatedJob Job { get; } = job;

    public Uri? NotifyUrl { get; } = notifyUrl;

    public DateTimeOffset At { get; } = at;

    /// <summary>What the provider thinks of its notification; of several, the one that moved last.</summary>
    public NotificationFate Notification
    {
        get => (NotificationFate)Volatile.Read(ref _notification);
        set => Volatile.Write(ref _notification, (int)value);
    }

    /// <summary>Counts a question.</summary>
    /// <returns>How many came before it.</returns>
    public int Ask() => Interlocked.Increment(ref _asked) - 1;
}

namespace FopWatch.Simulator;

/// <summary>A submitted job, with its notifications and queries so far.</summary>
internal sealed class Submission(SimulatedJob job, Uri? notifyUrl, DateTimeOffset at)
{
    private int _asked;
    private int _notification;

    public SimulatedJob Job { get; } = job;

    public Uri? NotifyUrl { get; } = notifyUrl;

    public DateTimeOffset At { get; } = at;

    /// <summary>The provider's view of its notification; of several, the one that changed last.</summary>
    public NotificationFate Notification
    {
        get => (NotificationFate)Volatile.Read(ref _notification);
        set => Volatile.Write(ref _notification, (int)value);
    }

    /// <summary>Counts a query.</summary>
    /// <returns>The number of earlier queries.</returns>
    public int Ask() => Interlocked.Increment(ref _asked) - 1;
}

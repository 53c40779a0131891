namespace FopWatch.Watching;

/// <summary>The plan by which the jobs of a source are polled.</summary>
public enum PlanChoice
{
    /// <summary>A plan that is learned from the durations of its jobs; the fixed plan until enough jobs are known.</summary>
    Learned,

    /// <summary>The fixed plan: <see cref="PollSettings.First"/>, <see cref="PollSettings.Factor"/>, <see cref="PollSettings.Max"/>.</summary>
    Fixed,
}

/// <summary>When the jobs of a source are polled.</summary>
public sealed record PollSettings
{
    /// <summary>The time from registration to the first poll; more than 0.</summary>
    public required TimeSpan First { get; init; }

    /// <summary>The ratio of each wait to the previous wait; at least 1.</summary>
    public double Factor { get; init; } = 1.5;

    /// <summary>The longest wait between two polls; at least <see cref="First"/>.</summary>
    public TimeSpan Max { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The time from the start of the watch to the last poll, after which a job without an outcome expires. If the status API is down or busy then, it is
    /// polled for another tenth of this time. It should be less than the provider keeps ids: 10 days at Qiniu.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromDays(9);

    /// <summary>The most polls per second of the whole source; more than 0.</summary>
    public double PerSecond { get; init; } = 10;

    /// <summary>The plan.</summary>
    public PlanChoice Plan { get; init; } = PlanChoice.Learned;

    /// <summary>The mean number of polls per job in a learned plan; null for as many as the fixed plan would make for the same jobs.</summary>
    public double? PerJob { get; init; }
}

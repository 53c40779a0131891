namespace FopWatch.Watching;

/// <summary>By which plan the jobs of a source are polled.</summary>
public enum PlanChoice
{
    /// <summary>One that is learned from how long its jobs took, once enough are known; the fixed one until then.</summary>
    Learned,

    /// <summary>The fixed one: <see cref="PollSettings.First"/>, <see cref="PollSettings.Factor"/>, <see cref="PollSettings.Max"/>.</summary>
    Fixed,
}

/// <summary>When the status API of a source is asked.</summary>
public sealed record PollSettings
{
    /// <summary>From registration to the first poll; more than 0.</summary>
    public required TimeSpan First { get; init; }

    /// <summary>How much longer each wait is than the one before; at least 1.</summary>
    public double Factor { get; init; } = 1.5;

    /// <summary>The longest wait between two polls; at least <see cref="First"/>.</summary>
    public TimeSpan Max { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// From the start of the watch to the last poll, after which a job without an outcome expires. A status API that is down or busy just then
    /// is asked for a tenth longer. Less than the provider keeps ids for: Qiniu, 10 days.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromDays(9);

    /// <summary>The most polls a second for the whole source; more than 0.</summary>
    public double PerSecond { get; init; } = 10;

    /// <summary>The plan.</summary>
    public PlanChoice Plan { get; init; } = PlanChoice.Learned;

    /// <summary>The mean polls of a job by a learned plan; null for as many as the fixed plan would make of the same jobs.</summary>
    public double? PerJob { get; init; }
}

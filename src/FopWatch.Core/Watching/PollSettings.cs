namespace FopWatch.Watching;

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
    /// From registration to the last poll, after which a job without an outcome expires. A status API that is down or busy just then
    /// is asked for a tenth longer. Less than the provider keeps ids for: Qiniu, 10 days.
    /// </summary>
    public TimeSpan Deadline { get; init; } = TimeSpan.FromDays(9);

    /// <summary>The most polls a second for the whole source; more than 0.</summary>
    public double PerSecond { get; init; } = 10;
}

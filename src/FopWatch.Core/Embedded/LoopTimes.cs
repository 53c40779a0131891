
namespace FopWatch.Embedded;

/// <summary>The times of the loops.</summary>
public sealed record LoopTimes
{
    /// <summary>The longest sleep between two looks for work: what bounds the delay after a wake-up that got lost.</summary>
    public TimeSpan LongestSleep { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The pause after the store or the broker failed.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time between two sweeps.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The time between two completions of the indexes that follow commits.</summary>
    public TimeSpan IndexEvery { get; init; } = TimeSpan.FromSeconds(2);
}

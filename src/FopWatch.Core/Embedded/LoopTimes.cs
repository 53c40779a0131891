
namespace FopWatch.Embedded;

/// <summary>The times of the loops.</summary>
public sealed record LoopTimes
{
    /// <summary>The longest sleep between two checks for work. It bounds the delay after a lost wake-up.</summary>
    public TimeSpan LongestSleep { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The pause after a failure of the store or the broker.</summary>
    public TimeSpan Pause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The time between two sweeps.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The time between two updates of the indexes that are written after commits.</summary>
    public TimeSpan IndexEvery { get; init; } = TimeSpan.FromSeconds(2);
}

namespace FopWatch.Simulator;

/// <summary>Options of <see cref="SimulatedProvider"/>.</summary>
public sealed record SimulatorOptions
{
    /// <summary>The clock of jobs, retries and slow bodies. Network requests time out by the real clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// The keys for signing notifications of Qiniu jobs. Each job uses one of them; without keys, notifications are unsigned. Queries about
    /// V3 workflows must be signed with one of them.
    /// </summary>
    public IReadOnlyList<SigningKey> QiniuKeys { get; init; } = [];

    /// <summary>The keys for signing notifications of Wangsu jobs (providers.md, section 2). Each job uses one of them.</summary>
    public IReadOnlyList<SigningKey> WangsuKeys { get; init; } = [];

    /// <summary>The most notifications in flight at once; at least 1.</summary>
    public int MaxConcurrentNotifications { get; init; } = 32;

    /// <summary>How long one delivery may take, by the real clock. Wangsu allows 60 seconds (providers.md, section 2).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The time from the first delivery of a notification after which it is not retried, even if the schedule allows it.</summary>
    public TimeSpan RetryBudget { get; init; } = TimeSpan.FromHours(3);

    /// <summary>How long a slow body takes, by <see cref="Clock"/>.</summary>
    public TimeSpan SlowBody { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a hanging query is held open if the client does not give up, by the real clock.</summary>
    public TimeSpan HangLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Wangsu's status for an unknown id. The real one is undocumented (providers.md, section 2).</summary>
    public int WangsuNotFoundStatus { get; init; } = 404;
}

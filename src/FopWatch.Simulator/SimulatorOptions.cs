namespace FopWatch.Simulator;

/// <summary>What a <see cref="SimulatedProvider"/> is given.</summary>
public sealed record SimulatorOptions
{
    /// <summary>The clock that jobs, retries and slow bodies live by. Requests on the network time out by the real clock.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// The keys that Qiniu jobs' notifications are signed with, any of them; without keys they are unsigned. Questions about workflows V3
    /// have to be signed with one of them.
    /// </summary>
    public IReadOnlyList<SigningKey> QiniuKeys { get; init; } = [];

    /// <summary>The keys that Wangsu jobs' notifications are signed with, any of them (providers.md, section 2).</summary>
    public IReadOnlyList<SigningKey> WangsuKeys { get; init; } = [];

    /// <summary>The most notifications that are under way at once; at least 1.</summary>
    public int MaxConcurrentNotifications { get; init; } = 32;

    /// <summary>How long one delivery may take, by the real clock; Wangsu's 60 seconds (providers.md, section 2).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>From a notification's first delivery on, the time after which it is not tried again, whatever the schedule allows.</summary>
    public TimeSpan RetryBudget { get; init; } = TimeSpan.FromHours(3);

    /// <summary>How long a slow body takes, by <see cref="Clock"/>.</summary>
    public TimeSpan SlowBody { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client is kept waiting that does not give up by itself, by the real clock.</summary>
    public TimeSpan HangLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>What Wangsu answers for an unknown id: nobody knows what it really is (providers.md, section 2).</summary>
    public int WangsuNotFoundStatus { get; init; } = 404;
}

namespace FopWatch.Subscriber;

/// <summary>What to receive, and how.</summary>
internal sealed record SubscriberOptions
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The subscription.</summary>
    public required string Subscription { get; init; }

    /// <summary>How many events are handled at once, at least 1. Those of one job never are.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>The pause after an event's first failure; it doubles with each further one, up to 32 times as long.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);
}

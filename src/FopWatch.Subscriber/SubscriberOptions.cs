namespace FopWatch.Subscriber;

/// <summary>Options for receiving from Service Bus.</summary>
internal sealed record SubscriberOptions
{
    /// <summary>The topic.</summary>
    public required string Topic { get; init; }

    /// <summary>The subscription.</summary>
    public required string Subscription { get; init; }

    /// <summary>How many events are handled concurrently, at least 1. Events of one job are always handled one after the other.</summary>
    public int Concurrency { get; init; } = 4;

    /// <summary>The pause after the first failure of an event. It doubles with each further failure, up to 32 times.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);
}

using Azure.Messaging.ServiceBus;

namespace FopWatch.Azure.ServiceBus;

/// <summary>Where and how events are published.</summary>
public sealed record ServiceBusPublisherOptions
{
    /// <summary>The name of the topic when nothing else is set.</summary>
    public const string DefaultTopicName = "fopwatch-events";

    /// <summary>
    /// The least of <see cref="MaxMessageBytes"/>. An event without its items always fits: its metadata is at most 4 KB, and texts
    /// of the provider's that are longer than any real one are left out with the items.
    /// </summary>
    public const int LeastMaxMessageBytes = 64 * 1024;

    /// <summary>The topic. It must exist.</summary>
    public string TopicName { get; init; } = DefaultTopicName;

    /// <summary>
    /// The URL under which the HTTP API is reached, for the link to the job in an event that had to be reduced; null for a link
    /// relative to the API's host.
    /// </summary>
    public Uri? ApiUrl { get; init; }

    /// <summary>
    /// The most that one message, and one batch of them, may take on the wire, in bytes; null for as much as the broker allows (256 KiB
    /// in the Standard tier, 1 MiB for a batch in Premium). More than the broker allows is as good as null.
    /// </summary>
    public int? MaxMessageBytes { get; init; }

    /// <summary>How the SDK retries before an attempt counts as failed.</summary>
    /// <remarks>
    /// The outbox is what makes publishing certain; these retries only spare a passing fault the wait for its next sweep. So they end
    /// within about 13 seconds where each attempt fails at once (a broker that is down), and an attempt that gets no answer is
    /// given up after 15. After an answer that the broker is busy the SDK waits 10 seconds before it tries again.
    /// </remarks>
    public ServiceBusRetryOptions Retry { get; init; } = new()
    {
        Mode = ServiceBusRetryMode.Exponential,
        MaxRetries = 5,
        Delay = TimeSpan.FromSeconds(0.5),
        MaxDelay = TimeSpan.FromSeconds(5),
        TryTimeout = TimeSpan.FromSeconds(15),
    };

    internal void ThrowIfWrong()
    {
        if (string.IsNullOrWhiteSpace(TopicName))
            throw new ArgumentException($"{nameof(TopicName)} is missing.");
        if (MaxMessageBytes < LeastMaxMessageBytes)
            throw new ArgumentException($"{nameof(MaxMessageBytes)} is less than {LeastMaxMessageBytes}.");
        if (ApiUrl is { } url && !(url.IsAbsoluteUri && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps)))
            throw new ArgumentException($"{nameof(ApiUrl)} is no absolute http or https URL.");
    }
}

using Azure.Messaging.ServiceBus;

namespace FopWatch.Azure.ServiceBus;

/// <summary>Options for publishing events.</summary>
public sealed record ServiceBusPublisherOptions
{
    /// <summary>The default of <see cref="TopicName"/>.</summary>
    public const string DefaultTopicName = "fopwatch-events";

    /// <summary>
    /// The minimum of <see cref="MaxMessageBytes"/>. An event without items always fits: its metadata has at most 4 KB, and texts of the provider that are
    /// longer than any real one are omitted with the items.
    /// </summary>
    public const int LeastMaxMessageBytes = 64 * 1024;

    /// <summary>The topic. It must exist.</summary>
    public string TopicName { get; init; } = DefaultTopicName;

    /// <summary>
    /// The URL of the HTTP API, for the link to the job in a reduced event; null for a link relative to the API's host.
    /// </summary>
    public Uri? ApiUrl { get; init; }

    /// <summary>
    /// The maximum size of a message and of a batch on the wire, in bytes; null for the broker's maximum (256 KiB in the Standard tier, 1 MiB for a batch in
    /// Premium). A larger value than the broker's maximum has the same effect as null.
    /// </summary>
    public int? MaxMessageBytes { get; init; }

    /// <summary>How the SDK retries before an attempt counts as failed.</summary>
    /// <remarks>
    /// The outbox guarantees publication. These retries only avoid the wait for its next sweep after a transient failure. They end within about 13 seconds
    /// if each attempt fails at once (the broker is down). An attempt without an answer ends after 15 seconds. After a busy answer of the broker, the SDK
    /// waits 10 seconds before it retries.
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
            throw new ArgumentException($"{nameof(ApiUrl)} is not an absolute http or https URL.");
    }
}

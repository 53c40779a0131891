using System.Text.Json.Serialization;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>The state of a webhook.</summary>
[JsonConverter(typeof(OpenEnumConverter<WebhookState>))]
public enum WebhookState
{
    /// <summary>A value from a newer host that this version does not know.</summary>
    Unknown,

    /// <summary>Events are sent, or there is none to send.</summary>
    Active,

    /// <summary>The last attempt failed and is retried. Later events wait.</summary>
    Failing,

    /// <summary>Nothing is sent until it is resumed.</summary>
    Paused,
}

/// <summary>Why a webhook is paused.</summary>
[JsonConverter(typeof(OpenEnumConverter<WebhookPause>))]
public enum WebhookPause
{
    /// <summary>A value from a newer host that this version does not know.</summary>
    Unknown,

    /// <summary>An operator paused it.</summary>
    Operator,

    /// <summary>The receiver answered 410 Gone.</summary>
    Gone,

    /// <summary>Every attempt to deliver an event failed for three days.</summary>
    Undeliverable,
}

/// <summary>A webhook of an embedded host, with its state.</summary>
public sealed record WebhookStatus
{
    /// <summary>The name.</summary>
    public required string Name { get; init => field = Given.NotNull(value); }

    /// <summary>The URL, without the values of its query.</summary>
    public required string Url { get; init => field = Given.NotNull(value); }

    /// <summary>The state.</summary>
    public required WebhookState State { get; init; }

    /// <summary>Why it is paused; null if it is not.</summary>
    public WebhookPause? PausedBecause { get; init; }

    /// <summary>When it was paused; null if it is not.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>The position in the event log up to which all events were delivered or excluded by the filters.</summary>
    public required long Position { get; init; }

    /// <summary>How many positions of the event log follow. The filters may exclude some of them.</summary>
    public required long Behind { get; init; }

    /// <summary>How many positions of the event log retention deleted before the webhook reached them; null for none.</summary>
    public long? Missed { get; init; }

    /// <summary>When the last event was delivered; null if none was.</summary>
    public DateTimeOffset? LastDeliveredAt { get; init; }

    /// <summary>The HTTP status of the last attempt; null if there was no answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>The time since which attempts have failed; null if the last one succeeded.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>How many attempts at the next event have failed; null for none.</summary>
    public int? Attempt { get; init; }

    /// <summary>When the next attempt is made; null if none is scheduled.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Why the last attempt failed, in English; null if it succeeded.</summary>
    public string? LastError { get; init; }

    /// <summary>The CloudEvents types that are sent; empty for all.</summary>
    public required IReadOnlyList<string> Types { get; init => field = Given.Whole(value); }

    /// <summary>The sources whose events are sent; empty for all.</summary>
    public required IReadOnlyList<string> Sources { get; init => field = Given.Whole(value); }

    /// <summary>The job states whose events are sent; empty for all.</summary>
    public required IReadOnlyList<string> States { get; init => field = Given.Whole(value); }
}

/// <summary>The webhooks of a host.</summary>
internal sealed record WebhookList
{
    public required IReadOnlyList<WebhookStatus> Webhooks { get; init => field = Given.Whole(value); }
}

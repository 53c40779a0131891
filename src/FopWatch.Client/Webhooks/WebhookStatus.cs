using System.Text.Json.Serialization;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>How a webhook stands, in a word.</summary>
[JsonConverter(typeof(OpenEnumConverter<WebhookState>))]
public enum WebhookState
{
    /// <summary>A newer host says what this version does not know.</summary>
    Unknown,

    /// <summary>Events are sent, or there is none to send.</summary>
    Active,

    /// <summary>The last attempt failed and is repeated; later events wait.</summary>
    Failing,

    /// <summary>Nothing is sent until it is resumed.</summary>
    Paused,
}

/// <summary>Why a webhook is paused.</summary>
[JsonConverter(typeof(OpenEnumConverter<WebhookPause>))]
public enum WebhookPause
{
    /// <summary>A newer host says what this version does not know.</summary>
    Unknown,

    /// <summary>An operator paused it.</summary>
    Operator,

    /// <summary>The receiver answered 410: it wants no more.</summary>
    Gone,

    /// <summary>An event could not be delivered in any attempt of three days.</summary>
    Undeliverable,
}

/// <summary>A webhook of an embedded host, and how it stands.</summary>
public sealed record WebhookStatus
{
    /// <summary>Its name.</summary>
    public required string Name { get; init => field = Given.NotNull(value); }

    /// <summary>Its URL, without the values of its query.</summary>
    public required string Url { get; init => field = Given.NotNull(value); }

    /// <summary>How it stands.</summary>
    public required WebhookState State { get; init; }

    /// <summary>Why it is paused; null if it is not.</summary>
    public WebhookPause? PausedBecause { get; init; }

    /// <summary>Since when it is paused; null if it is not.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>The place in the event log up to which all is done: delivered, or left out by the filters.</summary>
    public required long Position { get; init; }

    /// <summary>How many places of the event log follow. The filters may leave some of them out.</summary>
    public required long Behind { get; init; }

    /// <summary>How many places of the event log were deleted by the retention before the webhook came to them; null for none.</summary>
    public long? Missed { get; init; }

    /// <summary>When an event was delivered last; null if none was.</summary>
    public DateTimeOffset? LastDeliveredAt { get; init; }

    /// <summary>The HTTP status of the last attempt; null if there was no answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Since when attempts fail; null if the last one did not.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>How many attempts at the next event have failed; null for none.</summary>
    public int? Attempt { get; init; }

    /// <summary>When the next event is tried again; null if that is not put off.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Why the last attempt failed, in English; null if it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>The CloudEvents types that are sent; none for all.</summary>
    public required IReadOnlyList<string> Types { get; init => field = Given.Whole(value); }

    /// <summary>The sources whose events are sent; none for all.</summary>
    public required IReadOnlyList<string> Sources { get; init => field = Given.Whole(value); }

    /// <summary>The states of the job whose events are sent; none for all.</summary>
    public required IReadOnlyList<string> States { get; init => field = Given.Whole(value); }
}

/// <summary>The webhooks of a host.</summary>
internal sealed record WebhookList
{
    public required IReadOnlyList<WebhookStatus> Webhooks { get; init => field = Given.Whole(value); }
}

using FopWatch.Contracts;

namespace FopWatch.Webhooks;

/// <summary>The state of a webhook.</summary>
public enum WebhookState
{
    /// <summary>Events are sent, or there are none to send.</summary>
    Active,

    /// <summary>The last attempt failed and is retried; later events wait.</summary>
    Failing,

    /// <summary>Nothing is sent until the webhook is resumed.</summary>
    Paused,
}

/// <summary>A webhook and its state.</summary>
public sealed record WebhookStatus
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The URL, without the values of its query.</summary>
    public required string Url { get; init; }

    /// <summary>The state.</summary>
    public required WebhookState State { get; init; }

    /// <summary>Why the webhook is paused.</summary>
    public WebhookPause? PausedBecause { get; init; }

    /// <summary>When the webhook was paused.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>The position in the event log up to which every event was delivered or left out by the filters.</summary>
    public required long Position { get; init; }

    /// <summary>How many positions of the event log follow. The filters may leave some of them out.</summary>
    public required long Behind { get; init; }

    /// <summary>How many positions of the event log the retention deleted before the webhook reached them; absent for none.</summary>
    public long? Missed { get; init; }

    /// <summary>When the last event was delivered.</summary>
    public DateTimeOffset? LastDeliveredAt { get; init; }

    /// <summary>The HTTP status of the last attempt; absent if there was no answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>When attempts began to fail.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>How many attempts at the next event have failed.</summary>
    public int? Attempt { get; init; }

    /// <summary>When the next event is retried.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Why the last attempt failed.</summary>
    public string? LastError { get; init; }

    /// <summary>The CloudEvents types that are sent; empty for all.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>The sources whose events are sent; empty for all.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The job states whose events are sent; empty for all.</summary>
    public required IReadOnlyList<JobState> States { get; init; }

    internal static WebhookStatus Of(Webhook webhook, WebhookCursor cursor, long last) => new()
    {
        Name = webhook.Name,
        Url = webhook.ShownUrl,
        State = cursor.Paused is not null ? WebhookState.Paused : cursor.FailingSince is not null ? WebhookState.Failing : WebhookState.Active,
        PausedBecause = cursor.Paused,
        PausedAt = cursor.PausedAt,
        Position = cursor.Position,
        Behind = Math.Max(0, last - cursor.Position),
        Missed = cursor.Missed > 0 ? cursor.Missed : null,
        LastDeliveredAt = cursor.LastDeliveredAt,
        LastStatus = cursor.LastStatus,
        FailingSince = cursor.FailingSince,
        Attempt = cursor.Attempts > 0 ? cursor.Attempts : null,
        NextAttemptAt = cursor.NextAttemptAt,
        LastError = cursor.LastError,
        Types = webhook.Types,
        Sources = webhook.Sources,
        States = webhook.States,
    };
}

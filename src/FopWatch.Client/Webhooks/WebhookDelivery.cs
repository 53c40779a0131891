namespace FopWatch.Client;

/// <summary>An attempt to deliver an event to a webhook.</summary>
public sealed record WebhookDelivery
{
    /// <summary>When the attempt began.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The position of the event in the log.</summary>
    public required long Position { get; init; }

    /// <summary>The id of the event, which is also the <c>webhook-id</c>.</summary>
    public required string EventId { get; init => field = Given.NotNull(value); }

    /// <summary>The CloudEvents type.</summary>
    public required string Type { get; init => field = Given.NotNull(value); }

    /// <summary>The source of the job.</summary>
    public required string Source { get; init => field = Given.NotNull(value); }

    /// <summary>The id of the job.</summary>
    public required string Id { get; init => field = Given.NotNull(value); }

    /// <summary>The number of the attempt at this event, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The HTTP status; null if there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Why the attempt failed, in English; null if the event was delivered.</summary>
    public string? Error { get; init; }

    /// <summary>The duration in milliseconds.</summary>
    public required long Milliseconds { get; init; }
}

/// <summary>The result of a test of a webhook.</summary>
public sealed record WebhookTest
{
    /// <summary>The HTTP status; null if there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Why the test failed, in English; null if it succeeded.</summary>
    public string? Error { get; init; }

    /// <summary>The duration in milliseconds.</summary>
    public required long Milliseconds { get; init; }
}

/// <summary>The last attempts of a webhook.</summary>
internal sealed record DeliveryList
{
    public required IReadOnlyList<WebhookDelivery> Deliveries { get; init => field = Given.Whole(value); }
}

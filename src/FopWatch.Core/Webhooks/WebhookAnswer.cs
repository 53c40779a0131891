namespace FopWatch.Webhooks;

/// <summary>What came of one attempt to deliver.</summary>
/// <param name="Status">The HTTP status; null if there was no answer.</param>
/// <param name="Error">Why it failed, in words without anything secret; null if it did not.</param>
/// <param name="RetryAfter">How long the receiver asks to be left alone; null if it does not.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record WebhookAnswer(int? Status, string? Error, TimeSpan? RetryAfter, TimeSpan Elapsed)
{
    /// <summary>Whether the receiver has the event.</summary>
    public bool IsDelivered => Error is null;

    /// <summary>Whether the receiver wants no more.</summary>
    public bool IsGone => Status == 410;
}

/// <summary>An attempt to deliver an event, as it is kept.</summary>
public sealed record WebhookDelivery
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The place of the event in the log.</summary>
    public required long Position { get; init; }

    /// <summary>The id of the event, which is its <c>webhook-id</c>.</summary>
    public required string EventId { get; init; }

    /// <summary>The CloudEvents type.</summary>
    public required string Type { get; init; }

    /// <summary>The source of the job.</summary>
    public required string Source { get; init; }

    /// <summary>The id of the job.</summary>
    public required string Id { get; init; }

    /// <summary>Which attempt at the event it was, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The HTTP status; null if there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Why it failed; null if the event was delivered.</summary>
    public string? Error { get; init; }

    /// <summary>How long it took.</summary>
    public required long Milliseconds { get; init; }
}

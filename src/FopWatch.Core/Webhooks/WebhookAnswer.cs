using FopWatch.Wording;

namespace FopWatch.Webhooks;

/// <summary>The result of one delivery attempt.</summary>
/// <param name="Status">The HTTP status; null if there was no answer.</param>
/// <param name="Error">Why it failed, without secrets; null if it succeeded.</param>
/// <param name="RetryAfter">How long the receiver asks the sender to wait; null if it does not ask.</param>
/// <param name="Elapsed">The duration of the attempt.</param>
public sealed record WebhookAnswer(int? Status, string? Error, TimeSpan? RetryAfter, TimeSpan Elapsed)
{
    /// <summary>Whether the receiver accepted the event.</summary>
    public bool IsDelivered => Error is null;

    /// <summary><see cref="Error"/>, in words of any language.</summary>
    public Sentence? Failure => WebhookFailure.InWords(Status, Error);

    /// <summary>Whether the receiver refuses further events (410).</summary>
    public bool IsGone => Status == 410;
}

/// <summary>A stored attempt to deliver an event.</summary>
public sealed record WebhookDelivery
{
    /// <summary>When the attempt began.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The position of the event in the log.</summary>
    public required long Position { get; init; }

    /// <summary>The id of the event, which is its <c>webhook-id</c>.</summary>
    public required string EventId { get; init; }

    /// <summary>The CloudEvents type.</summary>
    public required string Type { get; init; }

    /// <summary>The source of the job.</summary>
    public required string Source { get; init; }

    /// <summary>The id of the job.</summary>
    public required string Id { get; init; }

    /// <summary>The number of the attempt at this event, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The HTTP status; null if there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Why it failed; null if the event was delivered.</summary>
    public string? Error { get; init; }

    /// <summary>The duration of the attempt, in milliseconds.</summary>
    public required long Milliseconds { get; init; }
}

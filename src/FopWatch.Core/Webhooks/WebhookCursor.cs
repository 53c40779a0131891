namespace FopWatch.Webhooks;

/// <summary>Why a webhook is paused.</summary>
public enum WebhookPause
{
    /// <summary>An operator paused it.</summary>
    Operator,

    /// <summary>The receiver answered 410 Gone.</summary>
    Gone,

    /// <summary>Every attempt to deliver an event failed, over three days.</summary>
    Undeliverable,
}

/// <summary>
/// The position of a webhook in the log, and the results of its attempts. Its methods hold every rule of how an attempt, an operator or a purge changes it.
/// </summary>
public sealed record WebhookCursor
{
    /// <summary>The name of the webhook.</summary>
    public required string Name { get; init; }

    /// <summary>The position in the log up to which every event was delivered or left out by the filters.</summary>
    public required long Position { get; init; }

    /// <summary>Why the webhook is paused; null if it is not.</summary>
    public WebhookPause? Paused { get; init; }

    /// <summary>When the webhook was paused.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>When attempts began to fail; null if the last one succeeded.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>How many attempts at the next event have failed so far.</summary>
    public int Attempts { get; init; }

    /// <summary>When the next event is retried; null for at once.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When the last event was delivered.</summary>
    public DateTimeOffset? LastDeliveredAt { get; init; }

    /// <summary>The HTTP status of the last attempt; null if there was no answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why the last attempt failed; null if it succeeded.</summary>
    public string? LastError { get; init; }

    /// <summary>How many positions of the log were purged before the webhook reached them, since an operator last moved it.</summary>
    public long Missed { get; init; }

    /// <summary>When the webhook was removed from the settings; null if it is in them.</summary>
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>The cursor after an attempt at an event.</summary>
    /// <param name="answer">The result of the attempt.</param>
    /// <param name="seq">The position of the event.</param>
    /// <param name="now">The time.</param>
    /// <param name="random">Varies the time of the next attempt.</param>
    public WebhookCursor After(WebhookAnswer answer, long seq, DateTimeOffset now, Random random)
    {
        ArgumentNullException.ThrowIfNull(answer);
        if (answer.IsDelivered)
        {
            return this with
            {
                Position = seq,
                FailingSince = null,
                Attempts = 0,
                NextAttemptAt = null,
                LastDeliveredAt = now,
                LastStatus = answer.Status,
                LastError = null,
            };
        }

        var failed = this with
        {
            FailingSince = FailingSince ?? now,
            Attempts = Attempts + 1,
            LastStatus = answer.Status,
            LastError = answer.Error,
        };
        var wait = WebhookRetries.WaitAfter(failed.Attempts, answer.RetryAfter, random);
        return answer.IsGone ? failed.PausedBecause(WebhookPause.Gone, now)
            : wait is { } until ? failed with { NextAttemptAt = now + until }
            : failed.PausedBecause(WebhookPause.Undeliverable, now);
    }

    /// <summary>How long to wait before the next attempt; 0 for no wait.</summary>
    public TimeSpan WaitFrom(DateTimeOffset now)
    {
        var wait = NextAttemptAt - now ?? TimeSpan.Zero;

        // A clock that was ahead may have written a later time.
        return wait <= TimeSpan.Zero ? TimeSpan.Zero : wait < WebhookRetries.LongestWait ? wait : WebhookRetries.LongestWait;
    }

    /// <summary>Pauses the webhook. A paused webhook keeps its first reason.</summary>
    public WebhookCursor PausedBecause(WebhookPause reason, DateTimeOffset now) =>
        Paused is not null ? this : this with { Paused = reason, PausedAt = now, NextAttemptAt = null };

    /// <summary>Resumes the webhook at once, with the full number of attempts.</summary>
    public WebhookCursor Resumed() => this with { Paused = null, PausedAt = null, FailingSince = null, Attempts = 0, NextAttemptAt = null };

    /// <summary>Moves the webhook, so that it continues after a position. Events that were purged are not missed: they are left out. A paused webhook stays paused.</summary>
    /// <param name="position">The position.</param>
    /// <param name="first">The position of the first event that is left.</param>
    public WebhookCursor MovedTo(long position, long first) => this with
    {
        Position = Math.Max(position, first - 1),
        FailingSince = null,
        Attempts = 0,
        NextAttemptAt = null,
        Missed = 0,
    };

    /// <summary>The cursor after a purge. Purged events that the webhook had not reached are missed.</summary>
    public WebhookCursor Purged(long first) =>
        first - 1 > Position ? this with { Position = first - 1, Missed = Missed + (first - 1 - Position) } : this;
}

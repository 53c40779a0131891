namespace FopWatch.Webhooks;

/// <summary>Why a webhook is paused.</summary>
public enum WebhookPause
{
    /// <summary>An operator paused it.</summary>
    Operator,

    /// <summary>The receiver answered 410: it wants no more.</summary>
    Gone,

    /// <summary>An event could not be delivered in any attempt of three days.</summary>
    Undeliverable,
}

/// <summary>
/// How far a webhook is in the log, and what became of its attempts. Its methods hold every rule of what an attempt, an operator or a purge changes about it.
/// </summary>
public sealed record WebhookCursor
{
    /// <summary>The name of the webhook.</summary>
    public required string Name { get; init; }

    /// <summary>The place in the log up to which all is done: delivered, or not wanted.</summary>
    public required long Position { get; init; }

    /// <summary>Why it is paused; null if it is not.</summary>
    public WebhookPause? Paused { get; init; }

    /// <summary>Since when it is paused.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>Since when attempts fail; null if the last one did not.</summary>
    public DateTimeOffset? FailingSince { get; init; }

    /// <summary>How many attempts at the next event have failed.</summary>
    public int Attempts { get; init; }

    /// <summary>When the next event is tried again; null for at once.</summary>
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>When an event was delivered last.</summary>
    public DateTimeOffset? LastDeliveredAt { get; init; }

    /// <summary>The HTTP status of the last attempt; null if there was no answer.</summary>
    public int? LastStatus { get; init; }

    /// <summary>Why the last attempt failed; null if it did not.</summary>
    public string? LastError { get; init; }

    /// <summary>How many places of the log were purged before it came to them, since it was last moved by an operator.</summary>
    public long Missed { get; init; }

    /// <summary>Since when it is in no settings; null if it is in them.</summary>
    public DateTimeOffset? RemovedAt { get; init; }

    /// <summary>An attempt at an event was answered.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="seq">The place of the event.</param>
    /// <param name="now">The time.</param>
    /// <param name="random">Spreads the next attempt.</param>
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

    /// <summary>How long the next attempt waits; 0 for not at all.</summary>
    public TimeSpan WaitFrom(DateTimeOffset now)
    {
        var wait = NextAttemptAt - now ?? TimeSpan.Zero;

        // A time that is further away was written by a clock that was ahead.
        return wait <= TimeSpan.Zero ? TimeSpan.Zero : wait < WebhookRetries.LongestWait ? wait : WebhookRetries.LongestWait;
    }

    /// <summary>Pauses it. One that is paused already stays paused for the first reason.</summary>
    public WebhookCursor PausedBecause(WebhookPause reason, DateTimeOffset now) =>
        Paused is not null ? this : this with { Paused = reason, PausedAt = now, NextAttemptAt = null };

    /// <summary>Has it go on at once, with all attempts before it again.</summary>
    public WebhookCursor Resumed() => this with { Paused = null, PausedAt = null, FailingSince = null, Attempts = 0, NextAttemptAt = null };

    /// <summary>Moves it to a place, after which it goes on. It stays paused if it is.</summary>
    public WebhookCursor MovedTo(long position) => this with
    {
        Position = position,
        FailingSince = null,
        Attempts = 0,
        NextAttemptAt = null,
        Missed = 0,
    };

    /// <summary>Events up to before a place were purged: those that it had not come to are missed.</summary>
    public WebhookCursor Purged(long first) =>
        first - 1 > Position ? this with { Position = first - 1, Missed = Missed + (first - 1 - Position) } : this;
}

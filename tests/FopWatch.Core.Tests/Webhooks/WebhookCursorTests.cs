using FopWatch.Webhooks;

namespace FopWatch.Core.Tests.Webhooks;

/// <summary>How an attempt, an operator or a purge changes a webhook's cursor.</summary>
public sealed class WebhookCursorTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly WebhookCursor Start = new() { Name = "crm", Position = 10 };

    [Fact]
    public void A_delivered_event_moves_it_on_and_ends_the_failure()
    {
        var failing = Failed(Failed(Start, Answer(500)), Answer(null));

        var delivered = failing.After(Answer(200), 12, Now.AddMinutes(1), new(1));

        Assert.Equal(Start with { Position = 12, LastDeliveredAt = Now.AddMinutes(1), LastStatus = 200 }, delivered);
    }

    [Fact]
    public void An_undelivered_event_is_retried_for_three_days_and_then_the_webhook_is_paused()
    {
        var (cursor, now, random) = (Start, Now, new Random(7));
        var waits = new List<TimeSpan>();
        while (cursor.Paused is null)
        {
            cursor = cursor.After(Answer(503), 11, now, random);
            Assert.Equal((10L, Now, 503, "answered 503"), (cursor.Position, cursor.FailingSince, cursor.LastStatus, cursor.LastError));
            if (cursor.NextAttemptAt is not { } next)
                break;
            waits.Add(cursor.WaitFrom(now));
            now = next;
        }

        Assert.Equal((WebhookPause.Undeliverable, now, WebhookRetries.MostAttempts), (cursor.Paused, cursor.PausedAt, cursor.Attempts));
        Assert.Equal(WebhookRetries.MostAttempts - 1, waits.Count);
        double[] first = [5, 30, 120, 600, 1800, 3600, 3600];
        Assert.All(first.Zip(waits), wait => Assert.InRange(wait.Second.TotalSeconds, 0.8 * wait.First, 1.2 * wait.First));
        Assert.True(waits.Distinct().Count() > 70);
        Assert.InRange((now - Now).TotalDays, 2.8, 3.3);
    }

    [Fact]
    public void A_receiver_can_postpone_the_next_attempt_by_at_most_a_day()
    {
        Assert.Equal(Now.AddMinutes(10), Failed(Start, Answer(429, TimeSpan.FromMinutes(10))).NextAttemptAt);
        Assert.Equal(Now.AddDays(1), Failed(Start, Answer(503, TimeSpan.FromDays(400))).NextAttemptAt);

        // Less than the regular wait.
        Assert.InRange(Failed(Start, Answer(503, TimeSpan.FromMilliseconds(1))).WaitFrom(Now).TotalSeconds, 4, 6);
    }

    [Fact]
    public void A_receiver_that_is_gone_gets_nothing_more()
    {
        var gone = Failed(Start, Answer(410));

        Assert.Equal((WebhookPause.Gone, Now, null, 10L), (gone.Paused, gone.PausedAt, gone.NextAttemptAt, gone.Position));
    }

    [Fact]
    public void A_webhook_paused_while_an_event_was_in_flight_stays_paused()
    {
        var paused = Start.PausedBecause(WebhookPause.Operator, Now);

        Assert.Equal((WebhookPause.Operator, 11L), (paused.After(Answer(200), 11, Now, new(1)).Paused, paused.After(Answer(200), 11, Now, new(1)).Position));
        Assert.Equal((WebhookPause.Operator, 10L), (Failed(paused, Answer(410)).Paused, Failed(paused, Answer(410)).Position));
        Assert.Same(paused, paused.PausedBecause(WebhookPause.Gone, Now.AddHours(1)));
    }

    [Fact]
    public void Resuming_starts_over_whatever_came_before()
    {
        foreach (var cursor in (WebhookCursor[])[Failed(Start, Answer(500)), Failed(Start, Answer(410)), Start.PausedBecause(WebhookPause.Operator, Now)])
        {
            var resumed = cursor.Resumed();
            Assert.Equal((null, null, null, 0, TimeSpan.Zero), (resumed.Paused, resumed.PausedAt, resumed.FailingSince, resumed.Attempts, resumed.WaitFrom(Now)));
            Assert.Equal(cursor.LastError, resumed.LastError);
        }
    }

    [Fact]
    public void Moving_it_forgets_missed_events_and_keeps_a_pause()
    {
        var moved = Failed(Start with { Missed = 3 }, Answer(410)).MovedTo(2, first: 1);

        Assert.Equal((2L, 0L, 0, WebhookPause.Gone), (moved.Position, moved.Missed, moved.Attempts, moved.Paused));
    }

    [Fact]
    public void A_purge_skips_the_deleted_events_and_counts_them()
    {
        Assert.Same(Start, Start.Purged(1));
        Assert.Same(Start, Start.Purged(11));
        Assert.Equal((14L, 4L), (Start.Purged(15).Position, Start.Purged(15).Missed));
        Assert.Equal((20L, 10L), (Start.Purged(15).Purged(21).Position, Start.Purged(15).Purged(21).Missed));
    }

    [Fact]
    public void A_next_attempt_postponed_for_years_by_a_clock_ahead_comes_within_a_day() =>
        Assert.Equal(TimeSpan.FromDays(1), (Start with { NextAttemptAt = Now.AddYears(5) }).WaitFrom(Now));

    private static WebhookCursor Failed(WebhookCursor cursor, WebhookAnswer answer) => cursor.After(answer, 11, Now, new(1));

    private static WebhookAnswer Answer(int? status, TimeSpan? retryAfter = null) =>
        new(status, status is 200 ? null : $"answered {status}", retryAfter, TimeSpan.FromMilliseconds(3));
}

using FopWatch.Clocks;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using static FopWatch.Core.Tests.Watching.PollPlanTests;

namespace FopWatch.Core.Tests.Watching;

/// <summary>How a plan handles times written by a wrong clock.</summary>
public class PollPlanClockTests
{
    [Fact]
    public void Actions_of_a_clock_that_was_ahead_count_as_done_now_with_the_same_waits_after_them()
    {
        var ahead = Start.AddDays(5);
        var begun = Watch.Start(PollPlanTests.Settings, ahead, TimeSpan.FromHours(3));
        Assert.Equal((Start, Start.AddDays(9), Start.AddHours(3)), Times(PollPlan.Clamped(begun, Start)));

        var polled = Answered(Watch.Start(PollPlanTests.Settings, Start), JobFacts.None, PollPlanTests.Running, ahead, 0.5);
        var clamped = PollPlan.Clamped(polled, Start.AddMinutes(1));
        Assert.Equal((Start, Start.AddDays(9), Start.AddMinutes(4)), Times(clamped));
        Assert.Equal((Start.AddMinutes(1), 1), (clamped.LastPolledAt, clamped.Polls));

        // Both, with a report since.
        var both = Answered(begun, JobFacts.None, PollPlanTests.Running, ahead.AddHours(3), 0.5) with { DueAt = Start };
        Assert.Equal((Start, Start.AddDays(9), Start), Times(PollPlan.Clamped(both, Start)));

        // A clock that cannot be further ahead, and one that is not.
        var last = begun with { LastPolledAt = DateTimeOffset.MaxValue, DueAt = DateTimeOffset.MaxValue };
        Assert.Equal((Start, Start), (PollPlan.Clamped(last, Start).LastPolledAt, PollPlan.Clamped(last, Start).DueAt));
        Assert.Same(polled, PollPlan.Clamped(polled, ahead));
        Assert.Null(PollPlan.Clamped(begun with { DueAt = null }, Start).DueAt);

        static (DateTimeOffset, DateTimeOffset, DateTimeOffset?) Times(Watch watch) => (watch.StartedAt, watch.Deadline, watch.DueAt);
    }

    [Fact]
    public void Only_due_times_that_no_plan_can_have_produced_are_corrected()
    {
        var polled = Answered(Watch.Start(PollPlanTests.Settings, Start), JobFacts.None, PollPlanTests.Running, Start.AddMinutes(2), 0.5);
        var now = Start.AddMinutes(3);
        Assert.Equal(now, PollPlan.Corrected(PollPlanTests.Settings, polled with { DueAt = Start.AddDays(30) }, now).DueAt);
        var registered = Watch.Start(PollPlanTests.Settings, Start);
        Assert.Equal(now, PollPlan.Corrected(PollPlanTests.Settings, registered with { DueAt = Start.AddDays(30) }, now).DueAt);
        Assert.Equal(now, PollPlan.Corrected(PollPlanTests.Settings, registered with { DueAt = DateTimeOffset.MaxValue }, now).DueAt);

        // A pause requested by the status API, a second look, and a registration's own time.
        foreach (var watch in (Watch[])
            [
                polled,
                polled with { DueAt = Start.AddMinutes(2) + StatusClient.LongestRetryAfter },
                polled with { DueAt = Start.AddMinutes(2) + SecondLook.After },
                polled with { DueAt = null },
                Watch.Start(PollPlanTests.Settings, Start, TimeSpan.FromDays(9)),
                (polled with { DueAt = null }).Restart(PollPlanTests.Settings, Start.AddMinutes(2.5), TimeSpan.FromDays(5)),
            ])
        {
            Assert.Equal(watch, PollPlan.Corrected(PollPlanTests.Settings, watch, now));
        }
    }

    [Fact]
    public void A_watch_restored_by_a_clock_that_is_ahead_is_due_by_the_right_one()
    {
        var polled = Answered(Watch.Start(PollPlanTests.Settings, Start), JobFacts.None, PollPlanTests.Running, Start.AddMinutes(2), 0.5) with { DueAt = null };

        Assert.Equal(Start.AddMinutes(2), PollPlan.Restored(polled, Start.AddDays(30)).DueAt);
        Assert.Equal(Start, PollPlan.Restored(Watch.Start(PollPlanTests.Settings, Start) with { DueAt = null }, Start.AddDays(30)).DueAt);
        Assert.Equal(Start.AddMinutes(1), PollPlan.Restored(polled, Start.AddMinutes(1)).DueAt);
    }

    [Fact]
    public void A_hint_is_followed_by_a_poll_within_seconds_although_the_last_one_is_in_the_future()
    {
        var polled = Answered(Watch.Start(PollPlanTests.Settings, Start), JobFacts.None, PollPlanTests.Running, Start.AddDays(5), 0.5);

        Assert.Equal(Start + PollPlan.HintSpacing, polled.Hinted(PollPlanTests.Settings, Start).DueAt);
        Assert.Equal(Start + PollPlan.HintSpacing, (polled with { DueAt = null }).Hinted(PollPlanTests.Settings, Start).DueAt);
    }

    [Fact]
    public void A_watch_that_began_in_the_future_ends_like_one_that_begins_now()
    {
        var watch = Watch.Start(PollPlanTests.Settings, Start.AddDays(365));
        var (now, givenUp) = (Start, (SettledBy?)null);
        for (var i = 0; i < GivingUp.UnknownAnswers; i++, now += GivingUp.UnknownGrace)
        {
            Assert.Null(givenUp);
            (watch, givenUp) = Polled(watch, PollAnswer.NotFound, now);
        }

        Assert.Equal(SettledBy.Poll, givenUp);
        Assert.Equal(Start.AddDays(9), watch.Deadline);
    }
}

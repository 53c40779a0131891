using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Watching;

public class PollPlanTests
{
    internal static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    internal static readonly PollSettings Settings = new()
    {
        First = TimeSpan.FromMinutes(2),
        Factor = 1.5,
        Max = TimeSpan.FromMinutes(10),
        Deadline = TimeSpan.FromDays(9),
    };

    internal static readonly StatusAnswer Running = new(PollAnswer.Report);

    [Fact]
    public void The_first_poll_is_due_after_the_first_wait_or_at_the_registrations_time()
    {
        Assert.Equal(Start.AddMinutes(2), Watch.Start(Settings, Start).DueAt);
        Assert.Equal(Start.AddHours(3), Watch.Start(Settings, Start, TimeSpan.FromHours(3)).DueAt);
        Assert.Equal(Start.AddDays(9), Watch.Start(Settings, Start, TimeSpan.FromDays(10)).DueAt);
    }

    [Theory]
    [InlineData(2, 10, 11)]
    [InlineData(20, 10, 22)]
    public void The_longest_wait_is_a_tenth_longer_than_the_longer_of_First_and_Max(double first, double max, double longest) => Assert.Equal(
        TimeSpan.FromMinutes(longest),
        PollPlan.LongestWait(Settings with { First = TimeSpan.FromMinutes(first), Max = TimeSpan.FromMinutes(max) }));

    [Fact]
    public void A_doubt_of_the_past_outlasts_a_clock_that_was_ahead_and_one_of_the_future_does_not()
    {
        var ahead = Watch.Start(Settings, Start.AddDays(5));

        Assert.Equal(Start.AddHours(-1), PollPlan.Clamped(ahead with { DoubtedAt = Start.AddHours(-1) }, Start).DoubtedAt);
        Assert.Null(PollPlan.Clamped(ahead with { DoubtedAt = Start.AddHours(1) }, Start).DoubtedAt);
    }

    [Fact]
    public void Waits_grow_by_the_factor_up_to_the_longest()
    {
        var (watch, now) = (Watch.Start(Settings, Start), Start);
        var waits = new List<double>();
        for (var i = 0; i < 6; i++)
        {
            now = watch.DueAt!.Value;
            watch = Answered(watch, JobFacts.None, Running, now, 0.5);
            waits.Add((watch.DueAt!.Value - now).TotalMinutes);
        }

        Assert.Equal([3, 4.5, 6.75, 10, 10, 10], waits);
        Assert.Equal(6, watch.Polls);
    }

    [Fact]
    public void Jitter_changes_a_wait_by_up_to_a_tenth_in_either_direction()
    {
        var watch = Watch.Start(Settings, Start);

        Assert.Equal(2.7, (Answered(watch, JobFacts.None, Running, Start, 0).DueAt!.Value - Start).TotalMinutes, 6);
        Assert.Equal(3.3, (Answered(watch, JobFacts.None, Running, Start, 0.999999999).DueAt!.Value - Start).TotalMinutes, 6);
    }

    [Fact]
    public void A_throttled_poll_waits_like_any_other_or_as_long_as_requested()
    {
        var watch = Watch.Start(Settings, Start);
        var throttled = new StatusAnswer(PollAnswer.Throttled);

        Assert.Equal(Start.AddMinutes(3), Answered(watch, JobFacts.None, throttled, Start, 0.5).DueAt);
        Assert.Equal(
            Start.AddMinutes(30),
            Answered(watch, JobFacts.None, throttled with { RetryAfter = TimeSpan.FromMinutes(30) }, Start, 0.5).DueAt);
    }

    [Fact]
    public void A_query_that_was_not_sent_is_not_a_poll()
    {
        var watch = Watch.Start(Settings, Start);
        var spared = new StatusAnswer(PollAnswer.Throttled, RetryAfter: TimeSpan.FromMinutes(30), Asked: false);

        var later = Answered(watch, JobFacts.None, spared, Start, 0.5);

        Assert.Equal((0, Start.AddMinutes(30)), (later.Polls, later.DueAt!.Value));
    }

    [Fact]
    public void An_idle_time_task_is_polled_at_the_longest_wait_from_the_start() =>
        Assert.Equal(
            Start.AddMinutes(10),
            Answered(Watch.Start(Settings, Start), JobFacts.None with { Idle = true }, Running, Start, 0.5).DueAt);

    [Fact]
    public void An_unknown_id_is_queried_during_the_grace_and_given_up_after_it()
    {
        var watch = Watch.Start(Settings, Start);
        var (now, givenUp) = (Start, (SettledBy?)null);
        while (givenUp is null)
        {
            now = watch.DueAt!.Value;
            (watch, givenUp) = Polled(watch, PollAnswer.NotFound, now);
        }

        Assert.Equal(SettledBy.Poll, givenUp);
        Assert.Null(watch.DueAt);
        Assert.InRange(now - Start, GivingUp.UnknownGrace, GivingUp.UnknownGrace + Settings.Max);
    }

    [Theory]
    [InlineData(PollAnswer.Report, null)]
    [InlineData(PollAnswer.Unavailable, SettledBy.Poll)]
    [InlineData(PollAnswer.Throttled, SettledBy.Poll)]
    public void A_report_makes_an_unknown_id_known_again_and_an_API_outage_says_nothing_about_it(PollAnswer between, SettledBy? expected)
    {
        var late = Start + GivingUp.UnknownGrace;
        var (watch, givenUp) = (Watch.Start(Settings, Start), (SettledBy?)null);
        foreach (var answer in (PollAnswer[])[PollAnswer.NotFound, PollAnswer.NotFound, between, PollAnswer.NotFound])
            (watch, givenUp) = Polled(watch, answer, late);

        Assert.Equal(expected, givenUp);
    }

    [Fact]
    public void An_id_unknown_within_the_grace_must_be_unknown_once_more_after_it()
    {
        var (watch, late) = (Watch.Start(Settings, Start), Start + GivingUp.UnknownGrace);
        for (var i = 0; i < GivingUp.UnknownAnswers; i++)
            watch = Answered(watch, JobFacts.None, new(PollAnswer.NotFound), Start.AddMinutes(1 + i), 0.5);

        (watch, var givenUp) = Polled(watch, PollAnswer.Unavailable, late);
        Assert.Null(givenUp);
        Assert.NotNull(watch.DueAt);

        (watch, givenUp) = Polled(watch, PollAnswer.NotFound, late);
        Assert.Equal((SettledBy.Poll, null), (givenUp, watch.DueAt));
    }

    [Fact]
    public void The_last_poll_is_at_the_deadline_and_then_the_job_is_given_up()
    {
        var almost = Start.AddDays(9).AddMinutes(-1);
        var (watch, givenUp) = Polled(Watch.Start(Settings, Start), PollAnswer.Unavailable, almost);
        Assert.Equal((Start.AddDays(9), null), (watch.DueAt, givenUp));

        (watch, givenUp) = Polled(watch, PollAnswer.Report, Start.AddDays(9));
        Assert.Equal((null, SettledBy.Deadline), (watch.DueAt, givenUp));
    }

    [Theory]
    [InlineData(PollAnswer.Unavailable)]
    [InlineData(PollAnswer.Throttled)]
    public void A_status_API_that_is_down_at_the_deadline_is_queried_for_a_tenth_longer(PollAnswer answer)
    {
        var (watch, givenUp) = (Watch.Start(Settings, Start) with { DueAt = Start.AddDays(9) }, (SettledBy?)null);
        var now = Start;
        while (givenUp is null)
        {
            now = watch.DueAt!.Value;
            (watch, givenUp) = Polled(watch, answer, now);
        }

        Assert.InRange(now - Start, TimeSpan.FromDays(9.9), TimeSpan.FromDays(10));
        Assert.Equal(SettledBy.Deadline, givenUp);
    }

    [Fact]
    public void A_hint_makes_the_poll_due_now_but_a_flood_of_hints_only_every_ten_seconds()
    {
        var watch = Watch.Start(Settings, Start).Hinted(Settings, Start.AddSeconds(1));
        Assert.Equal(Start.AddSeconds(1), watch.DueAt);

        watch = Answered(watch, JobFacts.None, Running, Start.AddSeconds(1), 0.5);
        Assert.Equal(Start.AddSeconds(11), watch.Hinted(Settings, Start.AddSeconds(2)).DueAt);
        Assert.Equal(Start.AddSeconds(60), watch.Hinted(Settings, Start.AddSeconds(60)).DueAt);
    }

    [Fact]
    public void A_hint_during_a_poll_is_followed_by_exactly_one_more_poll()
    {
        var asked = Watch.Start(Settings, Start).Hinted(Settings, Start);
        var hinted = asked.Hinted(Settings, Start.AddSeconds(1));
        Assert.Equal(hinted, hinted.Hinted(Settings, Start.AddSeconds(2)));

        var answered = Answered(hinted, JobFacts.None, Running, Start.AddSeconds(3), 0.5);
        Assert.Equal(Start.AddSeconds(3) + PollPlan.HintSpacing, answered.DueAt);

        var again = Answered(answered, JobFacts.None, Running, answered.DueAt!.Value, 0.5);
        Assert.True(again.DueAt - answered.DueAt > TimeSpan.FromMinutes(1));

        // A throttling provider, however, is left alone.
        var throttled = new StatusAnswer(PollAnswer.Throttled, RetryAfter: TimeSpan.FromMinutes(5));
        Assert.Equal(Start.AddMinutes(5), Answered(hinted, JobFacts.None, throttled, Start, 0.5).DueAt);
    }

    [Fact]
    public void A_report_during_a_poll_is_not_postponed_by_the_polls_answer()
    {
        // An operator polls long before the poll is due, and a hint comes before the answer.
        var asked = Watch.Start(Settings, Start);
        var hinted = asked.Hinted(Settings, Start.AddSeconds(1));
        Assert.Equal(
            Start.AddSeconds(2) + PollPlan.HintSpacing,
            PollPlan.Answered(Settings, hinted, asked, JobFacts.None, Running, Start.AddSeconds(2), 0.5).Watch.DueAt);

        // A timer fires early, and the hint comes in the second before the poll is due.
        asked = asked with { LastPolledAt = asked.DueAt - TimeSpan.FromSeconds(5) };
        hinted = asked.Hinted(Settings, asked.DueAt!.Value.AddSeconds(-0.5));
        Assert.Equal(asked.DueAt, hinted.DueAt);
        var answered = Answered(hinted, JobFacts.None, Running, asked.DueAt.Value, 0.5);
        Assert.Equal(asked.DueAt + PollPlan.HintSpacing, answered.DueAt);

        // Another poll's answer came in between: its planned time stays if it is sooner.
        var between = Answered(Watch.Start(Settings, Start), JobFacts.None, Running, Start, 0.5);
        var second = PollPlan.Answered(Settings, between, Watch.Start(Settings, Start), JobFacts.None, Running, Start.AddSeconds(1), 0.999);
        Assert.Equal(between.DueAt, second.Watch.DueAt);
    }

    [Fact]
    public void A_hint_during_the_last_poll_is_followed_by_one_more_which_is_the_last()
    {
        var late = Start.AddDays(9);
        var last = Watch.Start(Settings, Start) with { DueAt = late };
        var (answered, givenUp) = Polled(last.Hinted(Settings, late.AddSeconds(1)), PollAnswer.Report, late.AddSeconds(2));
        Assert.Equal(SettledBy.Deadline, givenUp);
        Assert.Equal(late.AddSeconds(2) + PollPlan.HintSpacing, answered.DueAt);

        Assert.Null(Answered(answered, JobFacts.None, Running, answered.DueAt!.Value, 0.5).DueAt);
    }

    [Fact]
    public void The_watch_of_a_given_up_job_starts_over_with_a_hint_but_not_too_soon_after_its_last_poll()
    {
        var late = Start.AddDays(9);
        var ended = Answered(Watch.Start(Settings, Start) with { DueAt = late }, JobFacts.None, new(PollAnswer.NotFound), late, 0.5);
        Assert.Null(ended.DueAt);

        var hinted = ended.Hinted(Settings, late.AddSeconds(3));
        Assert.Equal(late + PollPlan.HintSpacing, hinted.DueAt);
        Assert.Equal((late.AddSeconds(3), late.AddSeconds(3) + Settings.Deadline, 0), (hinted.StartedAt, hinted.Deadline, hinted.NotFound));
        Assert.Null(Polled(hinted, PollAnswer.NotFound, hinted.DueAt!.Value).GivenUp);

        Assert.Equal(late.AddHours(1), ended.Hinted(Settings, late.AddHours(1)).DueAt);
    }

    [Fact]
    public void An_answer_about_an_unwatched_job_makes_no_poll_due()
    {
        var stopped = Watch.Start(Settings, Start).Stop();
        Assert.Null(Answered(stopped, JobFacts.None, Running, Start, 0.5).DueAt);
        Assert.Null(Answered(stopped.GiveUp(), JobFacts.None, new(PollAnswer.Unavailable), Start, 0.5).DueAt);
    }

    [Fact]
    public void A_job_given_up_by_a_poll_that_was_not_due_has_a_given_up_watch_unless_it_was_stopped()
    {
        var (late, watch) = (Start.AddDays(9), Watch.Start(Settings, Start));

        foreach (var (before, expected) in (IEnumerable<(Watch, WatchStatus)>)[(watch with { DueAt = null }, WatchStatus.GivenUp), (watch.Stop(), WatchStatus.Stopped)])
        {
            var (answered, givenUp) = PollPlan.Answered(Settings, before, watch with { DueAt = late }, JobFacts.None, Running, late, 0.5);
            Assert.Equal((SettledBy.Deadline, expected, null), (givenUp, answered.Status, answered.DueAt));
        }
    }

    [Fact]
    public void The_watch_of_a_job_named_by_hints_starts_over_when_something_genuine_names_it()
    {
        var watch = Answered(Watch.Start(Settings, Start), JobFacts.None, new(PollAnswer.NotFound), Start, 0.5);

        var claimed = watch.Claimed(Settings, Start.AddDays(1));
        Assert.Equal((Start.AddDays(1), Start.AddDays(10), 0), (claimed.StartedAt, claimed.Deadline, claimed.NotFound));
        Assert.Equal((watch.DueAt, watch.Polls, watch.LastPolledAt), (claimed.DueAt, claimed.Polls, claimed.LastPolledAt));

        Assert.Equal(Start.AddDays(1).AddMinutes(2), (watch with { DueAt = null }).Claimed(Settings, Start.AddDays(1)).DueAt);
        Assert.Equal(watch.Stop(), watch.Stop().Claimed(Settings, Start.AddDays(1)));
    }

    [Fact]
    public void A_hint_neither_delays_a_poll_nor_wakes_a_stopped_watch()
    {
        var watch = Watch.Start(Settings, Start) with { LastPolledAt = Start };
        Assert.Equal(Start.AddSeconds(1), (watch with { DueAt = Start.AddSeconds(1) }).Hinted(Settings, Start).DueAt);
        Assert.Null(watch.Stop().Hinted(Settings, Start).DueAt);
    }

    [Fact]
    public void Whatever_the_answers_an_open_job_is_always_due_and_never_long_after_its_deadline() => Prop
        .ForAll(
            Arb.From(
                from answers in Gen.Elements(Enum.GetValues<PollAnswer>()).NonEmptyListOf()
                from first in Gen.Choose(1, 100_000)
                from factor in Gen.Choose(10, 100)
                from deadline in Gen.Choose(1, 10_000_000)
                from random in Gen.Choose(0, 999)
                select (answers, first, factor: factor / 10.0, deadline, random: random / 1000.0)),
            plan =>
            {
                var settings = new PollSettings
                {
                    First = TimeSpan.FromSeconds(plan.first),
                    Factor = plan.factor,
                    Deadline = TimeSpan.FromSeconds(Math.Max(plan.deadline, plan.first)),
                    Max = TimeSpan.FromSeconds(Math.Max(plan.first, 600)),
                };
                var watch = Watch.Start(settings, Start);
                foreach (var answer in plan.answers)
                {
                    var now = watch.DueAt!.Value;
                    if (now > watch.Deadline + (settings.Deadline / 10) + (settings.Max * 2.2))
                        return false;
                    (watch, var givenUp) = PollPlan.Answered(settings, watch, watch, JobFacts.None, new(answer), now, plan.random);
                    if (givenUp is not null)
                        return watch.DueAt is null;
                    if (watch.DueAt <= now)
                        return false;
                }

                return true;
            })
        .Check(PropertyConfig.Of(2000));

    internal static Watch Answered(Watch watch, JobFacts facts, StatusAnswer answer, DateTimeOffset now, double random) =>
        PollPlan.Answered(Settings, watch, watch, facts, answer, now, random).Watch;

    internal static (Watch Watch, SettledBy? GivenUp) Polled(Watch watch, PollAnswer answer, DateTimeOffset now) =>
        PollPlan.Answered(Settings, watch, watch, JobFacts.None, new(answer), now, 0.5);
}

using System.Text;
using FopWatch.Clocks;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Watching;

/// <summary>Polls that come too late to give a job up, and the second look that decides.</summary>
public sealed class DoubtTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly PollSettings Settings = new()
    {
        First = TimeSpan.FromMinutes(2),
        Factor = 1.5,
        Max = TimeSpan.FromMinutes(10),
        Deadline = TimeSpan.FromDays(9),
    };

    [Theory]
    [InlineData(PollAnswer.Report, 45)]
    [InlineData(PollAnswer.NotFound, 45)]
    [InlineData(PollAnswer.Unavailable, 45)]
    [InlineData(PollAnswer.Report, 46)]
    [InlineData(PollAnswer.Report, 3 * 60)]
    [InlineData(PollAnswer.Report, 90 * 24 * 60)]
    public void A_poll_that_is_far_too_late_gives_nothing_up_and_a_second_look_does_however_late(PollAnswer answer, int minutes)
    {
        // Down for 60 days, or a clock that jumped by as much.
        var job = Polled(Registered(), PollAnswer.Report, Start.AddMinutes(2));
        var late = Start.AddDays(60);

        job = Polled(job, answer, late);
        Assert.Equal((JobState.Waiting, late, late + SecondLook.After), (job.State, job.Watch.DoubtedAt, job.Watch.DueAt));

        job = Polled(job, answer, late.AddMinutes(minutes));
        Assert.Equal((JobState.Expired, SettledBy.Deadline, WatchStatus.GivenUp), (job.State, job.SettledBy, job.WatchStatus));
        Assert.Null(job.Watch.DoubtedAt);
    }

    [Fact]
    public void Setting_the_clock_right_ends_the_doubt_and_the_job_is_polled_until_its_deadline()
    {
        var polled = Polled(Registered(), PollAnswer.Report, Start.AddMinutes(2));
        var doubted = Polled(polled, PollAnswer.Report, Start.AddDays(60));
        var right = Start.AddMinutes(6);

        // By the sweep, or by a poll requested before it.
        var corrected = Decide(doubted, new DecisionInput.CorrectTimes(), right);
        Assert.Equal((right, right + PollPlan.LongestWait(Settings), Start.AddDays(9)), (corrected.Watch.LastPolledAt, corrected.Watch.DueAt, corrected.Watch.Deadline));
        var asked = Polled(doubted, PollAnswer.Report, right);
        Assert.Equal(right + TimeSpan.FromMinutes(6.75), asked.Watch.DueAt);
        Assert.Equal((null, null), (corrected.Watch.DoubtedAt, asked.Watch.DoubtedAt));

        // A jump at another time is doubted again.
        var again = Polled(corrected, PollAnswer.Report, Start.AddDays(61));
        Assert.Equal((JobState.Waiting, Start.AddDays(61)), (again.State, again.Watch.DoubtedAt));
    }

    [Fact]
    public void A_resolved_doubt_does_not_count_for_the_next()
    {
        // No host ran for two hours, and the id was known at the second look.
        var job = Unknown();
        job = Polled(job, PollAnswer.NotFound, Start.AddHours(2));
        Assert.Equal((JobState.Waiting, Start.AddHours(2)), (job.State, job.Watch.DoubtedAt));
        job = Polled(job, PollAnswer.Report, job.Watch.DueAt!.Value);
        Assert.Null(job.Watch.DoubtedAt);

        job = Polled(job, PollAnswer.Report, Start.AddDays(60));
        Assert.Equal((JobState.Waiting, Start.AddDays(60)), (job.State, job.Watch.DoubtedAt));
    }

    [Theory]
    [InlineData(PollAnswer.Report)]
    [InlineData(PollAnswer.Throttled)]
    [InlineData(PollAnswer.NotFound)]
    public void Neither_a_hint_nor_a_requested_poll_shortens_the_second_look(PollAnswer answer)
    {
        var late = Start.AddDays(9).AddHours(2);
        var job = Polled(Registered(), PollAnswer.Report, late);
        for (var now = late.AddSeconds(20); now < late + SecondLook.After; now += TimeSpan.FromMinutes(4))
        {
            // A hint makes the poll due, signed or not.
            job = Decide(job, new DecisionInput.Hint(false), now);
            Assert.Equal(now, job.Watch.DueAt);
            job = Polled(job, answer, now);
            job = Polled(job, PollAnswer.Report, now.AddSeconds(5));
            Assert.Equal((JobState.Waiting, late, late + SecondLook.After), (job.State, job.Watch.DoubtedAt, job.Watch.DueAt));
        }

        Assert.Equal(JobState.Expired, Polled(job, PollAnswer.Report, late + SecondLook.After).State);
    }

    [Fact]
    public void A_job_with_a_stopped_watch_is_not_given_up_by_a_single_requested_poll()
    {
        var stopped = Decide(Polled(Registered(), PollAnswer.Report, Start.AddMinutes(2)), new DecisionInput.StopWatching(), Start.AddMinutes(3));
        var late = Start.AddDays(60);

        var asked = Polled(stopped, PollAnswer.Report, late);
        Assert.Equal((JobState.Waiting, late, WatchStatus.Stopped), (asked.State, asked.Watch.DoubtedAt, asked.WatchStatus));
        Assert.Equal(JobState.Waiting, Polled(asked, PollAnswer.Report, late.AddMinutes(44)).State);
        Assert.Equal((JobState.Expired, WatchStatus.Stopped), Polled(asked, PollAnswer.Report, late.AddMinutes(45)) is var job ? (job.State, job.WatchStatus) : default);
    }

    [Theory]
    [InlineData(9 * 24 * 60, 60, true)]
    [InlineData(9 * 24 * 60, 61, false)]
    [InlineData(20, 10, true)]
    [InlineData(20, 11, false)]
    [InlineData(1, 1, true)]
    [InlineData(1, 2, false)]
    public void A_poll_gives_up_if_it_is_late_by_at_most_an_hour_or_half_of_a_shorter_deadline(int deadline, int late, bool givesUp)
    {
        var settings = Settings with { Deadline = TimeSpan.FromMinutes(deadline) };
        var job = Registered(settings);
        job = job with { Watch = job.Watch with { DueAt = job.Watch.Deadline } };

        job = Polled(job, PollAnswer.Report, job.Watch.Deadline.AddMinutes(late), settings);

        Assert.Equal(givesUp ? JobState.Expired : JobState.Waiting, job.State);
    }

    [Fact]
    public void A_jump_of_less_than_an_hour_does_not_expire_a_new_job_with_a_shorter_deadline()
    {
        var settings = Settings with { Deadline = TimeSpan.FromMinutes(20) };

        var job = Polled(Registered(settings), PollAnswer.Report, Start.AddMinutes(51), settings);

        Assert.Equal(JobState.Waiting, job.State);
    }

    [Fact]
    public void An_id_that_the_provider_is_slow_to_know_is_not_given_up_by_a_clock_that_jumped_over_the_grace()
    {
        var late = Start.AddHours(2);

        var job = Polled(Unknown(), PollAnswer.NotFound, late);

        Assert.Equal((JobState.Waiting, late + SecondLook.After), (job.State, job.Watch.DueAt));
        Assert.Equal((JobState.Expired, SettledBy.Poll), Polled(job, PollAnswer.NotFound, late + SecondLook.After) is var after ? (after.State, after.SettledBy) : default);
    }

    [Theory]
    [InlineData(7000, 1)]
    [InlineData(30_000, 1)]
    [InlineData(5000, 0.1)]
    public void More_overdue_jobs_than_can_be_polled_in_time_end_after_two_polls_each(int count, double perSecond)
    {
        // Down for ten days. The source polls in the order of the due index, at its rate.
        var up = Start.AddDays(10);
        var due = new PriorityQueue<Job, DateTimeOffset>();
        for (var i = 0; i < count; i++)
            due.Enqueue(Registered(), Start.AddMinutes(2));

        var (now, polls, open) = (up, 0, count);
        while (due.TryDequeue(out var job, out var at) && polls < 3 * count)
        {
            now = at > now ? at : now;
            job = Polled(job, PollAnswer.Report, now);
            polls++;
            now += TimeSpan.FromSeconds(1 / perSecond);
            if (job.Watch.DueAt is { } next)
                due.Enqueue(job, next);
            else
                open -= job.State == JobState.Expired ? 1 : 0;
        }

        Assert.Equal((0, 2 * count), (open, polls));
    }

    [Fact]
    public void A_host_that_never_runs_for_45_minutes_expires_an_overdue_job_at_its_second_start()
    {
        var job = Polled(Registered(), PollAnswer.Report, Start.AddMinutes(2));

        job = Polled(job, PollAnswer.Report, Start.AddDays(10));
        Assert.Equal(JobState.Waiting, Polled(job, PollAnswer.Report, Start.AddDays(10).AddMinutes(40)).State);

        Assert.Equal(JobState.Expired, Polled(job, PollAnswer.Report, Start.AddDays(11)).State);
    }

    [Fact]
    public void A_watch_without_a_doubt_is_stored_as_before_and_a_doubt_survives_a_round_trip()
    {
        var job = Registered();
        Assert.DoesNotContain("oubted", Encoding.UTF8.GetString(JobJson.Serialize(job)), StringComparison.Ordinal);

        job = Polled(job, PollAnswer.Report, Start.AddDays(60));
        Assert.Equal(Start.AddDays(60), JobJson.Deserialize(JobJson.Serialize(job)).Watch.DoubtedAt);
    }

    private static Job Registered(PollSettings? settings = null) => Decide(null, new DecisionInput.Registration(Job.NoMetadata, null), Start, settings);

    /// <summary>A job that is given up at the next answer that it is unknown.</summary>
    private static Job Unknown() => Registered() is var job ? job with { Watch = job.Watch with { NotFound = GivingUp.UnknownAnswers - 1 } } : null;

    private static Job Polled(Job job, PollAnswer answer, DateTimeOffset now, PollSettings? settings = null) =>
        Decide(job, new DecisionInput.Polled(job.Watch, new(answer), 0.5), now, settings);

    private static Job Decide(Job? job, DecisionInput input, DateTimeOffset now, PollSettings? settings = null) =>
        JobDecider.Decide(new("media", "z0.job"), job, input, SourceOf(settings ?? Settings), now)!.Job;

    private static Source SourceOf(PollSettings settings) => new()
    {
        Name = "media",
        Provider = ProviderKinds.For(ProviderKind.Qiniu),
        StatusEndpoint = new("https://api.example.com"),
        Tokens = new(["0123456789"]),
        Poll = settings,
    };
}

using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Watching;

/// <summary>What a learned plan decides, and what overrides it.</summary>
public sealed class LearnedWatchTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly JobKey Key = new("media", "z0.job");
    private static readonly DecisionInput Registration = new DecisionInput.Registration(Job.NoMetadata, null);
    private static readonly StatusAnswer Running = new(PollAnswer.Report, new()
    {
        Id = Key.Id,
        Channel = ReportChannel.Poll,
        Facts = JobFacts.None.WithItems([new() { Command = "avthumb/mp4", State = ItemState.Processing }]),
    });

    private static readonly PollSettings Settings = Jobs.JobDeciderTests.Source.Poll;

    // A job is polled at 40, 50, 60 … seconds, one of avthumb/mp4 at 40, 200, 360 … seconds.
    private static readonly SourcePlans Plans = new(Every(10), new Dictionary<string, LearnedPlan>(StringComparer.Ordinal) { ["avthumb/mp4"] = Every(160) });

    [Fact]
    public void A_job_is_polled_by_the_plan_of_its_source_until_its_class_is_known()
    {
        var job = Decide(null, Registration, 0);
        Assert.Equal(Start.AddSeconds(40), job.Watch.DueAt);

        job = Decide(job, Polled(job, Running with { Report = Running.Report! with { Facts = JobFacts.None with { Progress = JobProgress.Processing } } }), 40);
        Assert.Equal(Start.AddSeconds(50), job.Watch.DueAt);
        job = Decide(job, Polled(job, Running), 50);
        Assert.Equal(Start.AddSeconds(200), job.Watch.DueAt);
        job = Decide(job, Polled(job, Running, chance: 0), 200);
        Assert.Equal(Start.AddSeconds(200 + (0.9 * 160)), job.Watch.DueAt);
    }

    [Fact]
    public void The_same_inputs_have_the_same_plan()
    {
        var job = Decide(Decide(null, Registration, 0), Polled(Decide(null, Registration, 0), Running, 0.3), 47);
        Assert.Equal(job, Decide(Decide(null, Registration, 0), Polled(Decide(null, Registration, 0), Running, 0.3), 47));
    }

    [Fact]
    public void A_registration_sets_the_time_of_its_first_poll()
    {
        var job = Decide(null, new DecisionInput.Registration(Job.NoMetadata, TimeSpan.FromHours(1)), 0);
        Assert.Equal(Start.AddHours(1), job.Watch.DueAt);
    }

    [Fact]
    public void A_hint_makes_a_poll_due_as_with_the_fixed_plan()
    {
        var job = Decide(Decide(null, Registration, 0), new DecisionInput.Hint(false), 5);
        Assert.Equal(Start.AddSeconds(5), job.Watch.DueAt);

        var polled = Decide(job, Polled(job, Running), 5);
        polled = Decide(polled, new DecisionInput.Hint(false), 6);
        Assert.Equal(Start.AddSeconds(5) + PollPlan.HintSpacing, polled.Watch.DueAt);
    }

    [Fact]
    public void A_throttling_API_is_not_queried_for_as_long_as_it_asks()
    {
        var job = Decide(null, Registration, 0);
        job = Decide(job, Polled(job, new(PollAnswer.Throttled) { RetryAfter = TimeSpan.FromSeconds(500) }), 40);
        Assert.Equal(Start.AddSeconds(540), job.Watch.DueAt);
    }

    [Fact]
    public void An_id_unknown_to_the_API_is_not_queried_more_often_than_with_the_fixed_plan()
    {
        var (learned, planned) = (Decide(null, Registration, 0), Decide(null, Registration, 0, plans: null));
        var (at, polls) = (40.0, 0);
        for (; learned.Watch.DueAt is { } due; polls++)
        {
            learned = Decide(learned, Polled(learned, new(PollAnswer.NotFound)), at);
            planned = Decide(planned, Polled(planned, new(PollAnswer.NotFound)), at, plans: null);
            Assert.Equal(planned.Watch.DueAt, learned.Watch.DueAt);
            at = ((learned.Watch.DueAt ?? due) - Start).TotalSeconds;
        }

        Assert.True(learned.IsExpired);
        Assert.InRange(polls, 2, 20);
    }

    [Theory]
    [InlineData(PollAnswer.Unavailable)]
    [InlineData(PollAnswer.Refused)]
    [InlineData(PollAnswer.OutOfScope)]
    [InlineData(PollAnswer.Throttled)]
    public void Failing_polls_back_off_as_with_the_fixed_plan(PollAnswer answer)
    {
        var (learned, planned) = (Decide(null, Registration, 0), Decide(null, Registration, 0, plans: null));
        var at = 40.0;
        for (var polls = 0; polls < 3; polls++)
        {
            learned = Decide(learned, Polled(learned, new(answer)), at);
            planned = Decide(planned, Polled(planned, new(answer)), at, plans: null);
            Assert.Equal(planned.Watch.DueAt, learned.Watch.DueAt);
            at = (learned.Watch.DueAt!.Value - Start).TotalSeconds;
        }

        // Once the API answers again, the learned plan applies.
        var source = Running with { Report = Running.Report! with { Facts = JobFacts.None with { Progress = JobProgress.Processing } } };
        learned = Decide(learned, Polled(learned, source), 900);
        Assert.Equal(Start.AddSeconds(910), learned.Watch.DueAt);
    }

    [Fact]
    public void The_deadline_is_the_last_poll()
    {
        var job = Decide(null, Registration, 0);
        var almost = Settings.Deadline.TotalSeconds - 3;
        job = Decide(job, Polled(job, Running), almost);
        Assert.Equal(job.Watch.Deadline, job.Watch.DueAt);
    }

    [Fact]
    public void A_job_of_unknown_age_is_polled_by_the_fixed_plan()
    {
        var job = Decide(Decide(null, Registration, 0), new DecisionInput.StopWatching(), 10);
        job = Decide(job, Registration, 9000);
        job = Decide(job, Polled(job, Running), 9100);
        Assert.Equal(Start.AddSeconds(9100) + (Settings.First * Settings.Factor), job.Watch.DueAt);

        var earlier = Decide(null, Registration, 0);
        earlier = earlier with { Watch = earlier.Watch with { AgeKnownTo = null } };
        Assert.Equal(Start.AddSeconds(40) + (Settings.First * Settings.Factor), Decide(earlier, Polled(earlier, Running), 40).Watch.DueAt);
    }

    [Fact]
    public void An_idle_time_task_waits_as_with_the_fixed_plan()
    {
        var job = Decide(null, Registration, 0);
        var idle = Running with { Report = Running.Report! with { Facts = Running.Report.Facts with { Idle = true } } };
        Assert.Equal(Start.AddSeconds(40) + Settings.Max, Decide(job, Polled(job, idle), 40).Watch.DueAt);
    }

    [Fact]
    public void A_clock_that_was_ahead_leaves_no_age()
    {
        var job = Decide(null, Registration, 86_400);
        job = Decide(job, Polled(job, Running), 10);
        Assert.Null(job.Watch.AgeKnownTo);
        Assert.Equal(Start.AddSeconds(10) + (Settings.First * Settings.Factor), job.Watch.DueAt);
    }

    [Fact]
    public void A_wait_is_never_longer_than_the_correction_limit_of_the_due_index()
    {
        var job = Decide(null, Registration, 0);
        job = Decide(job, Polled(job, Running, chance: 0.999), 100_000);
        Assert.True(job.Watch.DueAt <= Start.AddSeconds(100_000) + PollPlan.LongestWait(Settings));
        Assert.Equal(job.Watch, PollPlan.Corrected(Settings, job.Watch, Start.AddSeconds(100_001)));
    }

    private static LearnedPlan Every(double seconds)
    {
        double[] grid = [0, .. Enumerable.Range(0, 100).Select(number => 40 + (number * seconds))];
        return new(grid, [.. Enumerable.Range(1, grid.Length - 1), grid.Length - 1], 2, Settings.Max.TotalSeconds, Settings.Deadline.TotalSeconds);
    }

    private static DecisionInput.Polled Polled(Job job, StatusAnswer answer, double chance = 0.5) => new(job.Watch, answer, chance);

    private static Job Decide(Job? job, DecisionInput input, double seconds) => Decide(job, input, seconds, Plans);

    private static Job Decide(Job? job, DecisionInput input, double seconds, SourcePlans? plans) =>
        JobDecider.Decide(Key, job, input, Jobs.JobDeciderTests.Source, Start.AddSeconds(seconds), plans)!.Job;
}

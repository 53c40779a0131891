using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Watching;

public sealed class OverdueTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly JobKey Key = new("media", "z0.job");
    private static readonly DecisionInput Registration = new DecisionInput.Registration(Job.NoMetadata, null);
    private static readonly StatusAnswer Running = Report(ItemState.Processing);

    private static readonly OverdueAges Ages = new(
        TimeSpan.FromSeconds(1000),
        new Dictionary<string, TimeSpan?>(StringComparer.Ordinal) { ["avthumb/mp4"] = TimeSpan.FromSeconds(300), ["odconv/pdf"] = null });

    [Fact]
    public void The_first_poll_of_an_older_job_finds_it_overdue_and_reports_it_once()
    {
        var job = Polled(Registered(), Running, 300).Job;
        Assert.False(job.IsOverdue);

        var found = Polled(job, Running, 301);
        Assert.Equal((JobEvent.OverdueType, job.Version + 1, true), (found.EventType, found.Job.Version, found.Job.IsOverdue));
        var told = JobEvent.Parse(found.ToEvent()!.Body);
        Assert.Equal((JobEvent.OverdueType, true, JobState.Processing), (told.Type, told.Data.Overdue, told.Data.State));

        var again = Polled(found.Job, Running, 900);
        Assert.Equal((null, found.Job.Version, true), (again.EventType, again.Job.Version, again.Job.IsOverdue));
    }

    [Fact]
    public void A_poll_whose_answer_is_recorded_twice_reports_it_once()
    {
        var job = Polled(Registered(), Running, 40).Job;
        var input = new DecisionInput.Polled(job.Watch, Running, 0.5);
        var first = JobDecider.Decide(Key, job, input, Jobs.JobDeciderTests.Source, Start.AddSeconds(400), overdue: Ages)!;
        Assert.Equal(first, JobDecider.Decide(Key, job, input, Jobs.JobDeciderTests.Source, Start.AddSeconds(400), overdue: Ages));
        var second = JobDecider.Decide(Key, first.Job, input, Jobs.JobDeciderTests.Source, Start.AddSeconds(401), overdue: Ages)!;
        Assert.Equal((JobEvent.OverdueType, null), (first.EventType, second.EventType));
        Assert.Equal(first.Job.Version, second.Job.Version);
    }

    [Fact]
    public void A_document_keeps_it() => Assert.Equal(
        Start.AddSeconds(301), JobJson.Deserialize(JobJson.Serialize(Polled(Registered(), Running, 301).Job)).Watch.OverdueAt);

    [Fact]
    public void A_job_of_a_class_with_too_little_data_has_the_age_of_its_source()
    {
        var job = Polled(Registered(), Report(ItemState.Processing, "vframe/jpg"), 999).Job;
        Assert.False(job.IsOverdue);
        Assert.True(Polled(job, Report(ItemState.Processing, "vframe/jpg"), 1001).Job.IsOverdue);
        Assert.True(Polled(Registered(), new(PollAnswer.NotFound), 1001).Job.IsOverdue);
        Assert.False(Polled(Registered(), Report(ItemState.Processing, "odconv/pdf"), 100_000).Job.IsOverdue);
    }

    [Fact]
    public void An_idle_time_task_is_compared_only_with_other_idle_time_tasks()
    {
        var idle = Running with { Report = Running.Report! with { Facts = Running.Report.Facts with { Idle = true } } };
        Assert.False(Polled(Registered(), idle, 100_000).Job.IsOverdue);
    }

    [Theory]
    [InlineData(PollAnswer.Unavailable, false)]
    [InlineData(PollAnswer.Throttled, false)]
    [InlineData(PollAnswer.Refused, false)]
    [InlineData(PollAnswer.OutOfScope, false)]
    [InlineData(PollAnswer.NotFound, true)]
    public void An_API_that_reports_nothing_about_the_job_does_not_make_it_overdue(PollAnswer answer, bool expected) =>
        Assert.Equal(expected, Polled(Registered(), new(answer), 5000).Job.IsOverdue);

    [Fact]
    public void Without_known_ages_no_job_is_overdue() =>
        Assert.False(JobDecider.Decide(Key, Registered(), new DecisionInput.Polled(Registered().Watch, Running, 0.5), Jobs.JobDeciderTests.Source, Start.AddDays(8))!.Job.IsOverdue);

    [Fact]
    public void A_job_that_the_poll_finds_over_is_not_overdue()
    {
        var settled = Polled(Registered(), Report(ItemState.Succeeded), 5000);
        Assert.Equal((JobEvent.SettledType, false), (settled.EventType, settled.Job.IsOverdue));
    }

    [Fact]
    public void Settling_expiring_and_stopping_end_it()
    {
        var overdue = Polled(Registered(), Running, 301).Job;
        var settled = Decide(overdue, new DecisionInput.Report(Report(ItemState.Succeeded).Report!, null), 400);
        Assert.Equal((JobEvent.SettledType, overdue.Version + 1, false), (settled.EventType, settled.Job.Version, settled.Job.IsOverdue));
        Assert.False(JobEvent.Parse(settled.ToEvent()!.Body).Data.Overdue);

        var stopped = Decide(overdue, new DecisionInput.StopWatching(), 400).Job;
        Assert.False(stopped.IsOverdue);
        Assert.False(Polled(stopped, Running, 5000).Job.IsOverdue);

        var deadline = (overdue.Watch.Deadline - Start).TotalSeconds;
        var expired = Polled(overdue with { Watch = overdue.Watch.Due(overdue.Watch.Deadline) }, Running, deadline);
        Assert.Equal((JobState.Expired, JobEvent.SettledType, false), (expired.Job.State, expired.EventType, expired.Job.IsOverdue));

        // It stays expired while it is watched again.
        var hinted = Decide(expired.Job, new DecisionInput.Hint(false), deadline + 1).Job;
        Assert.Equal((WatchStatus.Watching, null), (hinted.WatchStatus, Polled(hinted, Running, deadline + 9000).EventType));
    }

    [Fact]
    public void A_job_that_expires_at_the_poll_does_not_become_overdue_too()
    {
        var job = Registered();
        job = job with { Watch = job.Watch.Due(job.Watch.Deadline) };
        var expired = Polled(job, Running, (job.Watch.Deadline - Start).TotalSeconds);
        Assert.Equal((JobState.Expired, JobEvent.SettledType, job.Version + 2), (expired.Job.State, expired.EventType, expired.Job.Version));
    }

    [Fact]
    public void A_job_that_is_watched_again_can_become_overdue_again_in_its_new_watch()
    {
        var stopped = Decide(Polled(Registered(), Running, 301).Job, new DecisionInput.StopWatching(), 400).Job;
        var resumed = Decide(stopped, Registration, 500).Job;
        Assert.False(resumed.IsOverdue);
        Assert.False(Polled(resumed, Running, 800).Job.IsOverdue);
        Assert.Equal(JobEvent.OverdueType, Polled(resumed, Running, 801).EventType);
    }

    [Fact]
    public void A_job_named_only_by_hints_does_not_become_overdue_and_its_age_starts_over_once_it_is_claimed()
    {
        var hinted = Decide(null, new DecisionInput.Hint(false), 0).Job;
        hinted = Polled(hinted, new(PollAnswer.NotFound), 5000).Job;
        Assert.Equal((JobOrigin.Hint, false, null), (hinted.Origin, hinted.IsOverdue, hinted.Watch.OverdueAt));

        var claimed = Decide(hinted, Registration, 6000).Job;
        Assert.False(Polled(claimed, Running, 6300).Job.IsOverdue);
        Assert.True(Polled(claimed, Running, 6301).Job.IsOverdue);
    }

    private static Job Registered() => Decide(null, Registration, 0).Job;

    private static JobChange Polled(Job job, StatusAnswer answer, double seconds) => Decide(job, new DecisionInput.Polled(job.Watch, answer, 0.5), seconds);

    private static JobChange Decide(Job? job, DecisionInput input, double seconds) =>
        JobDecider.Decide(Key, job, input, Jobs.JobDeciderTests.Source, Start.AddSeconds(seconds), overdue: Ages)!;

    private static StatusAnswer Report(ItemState state, string command = "avthumb/mp4") => new(PollAnswer.Report, new()
    {
        Id = Key.Id,
        Channel = ReportChannel.Poll,
        Facts = (JobFacts.None with { Progress = JobProgress.Processing, Closed = state == ItemState.Succeeded }).WithItems([new() { Command = command, State = state }]),
    });
}

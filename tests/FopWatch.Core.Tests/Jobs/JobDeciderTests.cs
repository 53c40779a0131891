using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>The rules of decisions about a job.</summary>
public sealed class JobDeciderTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly JobKey Key = new("media", "z0.job");

    internal static readonly Source Source = new()
    {
        Name = "media",
        Provider = ProviderKinds.For(ProviderKind.Qiniu),
        StatusEndpoint = new("https://api.example.com"),
        Tokens = new(["0123456789"]),
        Poll = new()
        {
            First = TimeSpan.FromMinutes(2),
            Factor = 1.5,
            Max = TimeSpan.FromMinutes(10),
            Deadline = TimeSpan.FromDays(9),
        },
    };

    private static readonly DecisionInput Registration = new DecisionInput.Registration(Job.NoMetadata, null);
    private static readonly StatusAnswer NotFound = new(PollAnswer.NotFound);
    private static readonly StatusAnswer Running = new(PollAnswer.Report, Report(JobFacts.None with { Progress = JobProgress.Processing }));
    private static readonly JobFacts Succeeded = JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Succeeded };

    private static readonly Job Registered = Decide(null, Registration, Start);
    private static readonly Job Hinted = Decide(null, new DecisionInput.Hint(false), Start);

    public static TheoryData<DecisionInput> AllInputs =>
    [
        Registration,
        new DecisionInput.Report(Running.Report!, null),
        new DecisionInput.Hint(false),
        new DecisionInput.Polled(Registered.Watch, Running, 0.5),
        new DecisionInput.StopWatching(),
        new DecisionInput.Republish(),
        new DecisionInput.RestoreWatch(),
        new DecisionInput.CorrectTimes(),
        new DecisionInput.Reindex(),
        new DecisionInput.PollBy(Start.AddMinutes(1)),
        new DecisionInput.Matching(new(), new DecisionInput.PollBy(Start.AddMinutes(1))),
    ];

    [Fact]
    public void A_requested_poll_is_brought_forward_and_never_postponed()
    {
        Assert.Equal(Start.AddMinutes(1), Decide(Registered, new DecisionInput.PollBy(Start.AddMinutes(1)), Start).Watch.DueAt);
        Assert.Equal(Start.AddMinutes(2), Decide(Registered, new DecisionInput.PollBy(Start.AddMinutes(3)), Start).Watch.DueAt);

        var stopped = Decide(Registered, new DecisionInput.StopWatching(), Start);
        Assert.Equal(stopped, Decide(stopped, new DecisionInput.PollBy(Start), Start));
        var settled = Decide(Registered, new DecisionInput.Report(Report(Succeeded), null), Start);
        Assert.Equal(settled, Decide(settled, new DecisionInput.PollBy(Start), Start));

        var expired = Registered.GiveUp(SettledBy.Deadline, Start).Job with { Watch = Registered.Watch.GiveUp() };
        var asked = Decide(expired, new DecisionInput.PollBy(Start.AddHours(1)), Start);
        Assert.Equal((JobState.Expired, WatchStatus.Watching, Start.AddHours(1)), (asked.State, asked.WatchStatus, asked.Watch.DueAt));
    }

    [Fact]
    public void A_bulk_action_skips_a_job_that_no_longer_matches_the_filter()
    {
        var stop = new DecisionInput.StopWatching();

        Assert.Equal(WatchStatus.Stopped, Decide(Registered, new DecisionInput.Matching(new() { States = [JobState.Waiting] }, stop), Start).WatchStatus);
        Assert.False(JobDecider.Decide(Key, Registered, new DecisionInput.Matching(new() { States = [JobState.Processing] }, stop), Source, Start)!.IsWritten);
        Assert.Null(JobDecider.Decide(Key, null, new DecisionInput.Matching(new(), Registration), Source, Start));
    }

    [Fact]
    public void Only_a_registration_a_report_or_a_hint_creates_a_job()
    {
        Assert.Equal((JobOrigin.Registration, 1, Start.AddMinutes(2)), Created(Registration));
        Assert.Equal((JobOrigin.Registration, 1, Start.AddHours(3)), Created(new DecisionInput.Registration(Job.NoMetadata, TimeSpan.FromHours(3))));
        Assert.Equal((JobOrigin.Report, 1, Start.AddMinutes(2)), Created(new DecisionInput.Report(Running.Report!, null)));
        Assert.Equal((JobOrigin.Hint, 1, Start), Created(new DecisionInput.Hint(false)));
        Assert.False(Hinted.Watch.HintedWhileDue);
        Assert.Equal(3, AllInputs.Count(input => JobDecider.Decide(Key, null, input, Source, Start) is not null));

        static (JobOrigin, long, DateTimeOffset?) Created(DecisionInput input)
        {
            var change = JobDecider.Decide(Key, null, input, Source, Start)!;
            Assert.True(change.IsWritten);
            return (change.Job.Origin, change.Job.Version, change.Job.Watch.DueAt);
        }
    }

    [Theory]
    [MemberData(nameof(AllInputs))]
    public void Only_metadata_of_a_registration_and_a_republication_change_an_outcome(DecisionInput input)
    {
        var settled = Decide(Registered, new DecisionInput.Report(Report(Succeeded), null), Start);
        Assert.Equal((JobState.Succeeded, WatchStatus.Done, null), (settled.State, settled.WatchStatus, settled.Watch.DueAt));

        var change = JobDecider.Decide(Key, settled, input, Source, Start.AddHours(1))!;

        Assert.Equal((JobState.Succeeded, WatchStatus.Done, null), (change.Job.State, change.Job.WatchStatus, change.Job.Watch.DueAt));
        Assert.Equal(input is DecisionInput.Republish ? settled.Version + 1 : settled.Version, change.Job.Version);
        Assert.Equal(input is DecisionInput.Republish, change.EventType is not null);

        // A query of the status API is recorded, and a restored job is written even if it is unchanged.
        Assert.Equal(input is DecisionInput.Republish or DecisionInput.RestoreWatch or DecisionInput.Reindex or DecisionInput.Polled, change.IsWritten);
    }

    [Fact]
    public void A_registration_claims_a_hinted_job_and_restarts_one_that_is_not_watched()
    {
        var at = Start.AddMinutes(30);
        var claimed = Decide(Hinted, Registration, at);
        Assert.Equal((JobOrigin.Registration, at + Source.Poll.Deadline, Start), (claimed.Origin, claimed.Watch.Deadline, claimed.Watch.DueAt));

        foreach (var unwatched in (Job[])[Decide(Registered, new DecisionInput.StopWatching(), at), GivenUp(Registered)])
        {
            var again = Decide(unwatched, new DecisionInput.Registration(Job.NoMetadata, TimeSpan.FromMinutes(5)), at.AddHours(1));
            Assert.Equal((WatchStatus.Watching, at.AddHours(1).AddMinutes(5)), (again.WatchStatus, again.Watch.DueAt));
        }

        Assert.False(JobDecider.Decide(Key, Registered, new DecisionInput.Registration(Job.NoMetadata, TimeSpan.Zero), Source, at)!.IsWritten);
    }

    [Fact]
    public void A_registration_or_a_hint_watches_an_open_job_without_a_due_time_again()
    {
        var at = Start.AddMinutes(30);
        var stored = JobJson.Serialize(Registered with { Watch = Registered.Watch with { DueAt = null } });
        var lost = JobJson.Deserialize(stored);
        Assert.Equal((WatchStatus.Watching, null), Standing(lost));

        Assert.Equal((WatchStatus.Watching, at + Source.Poll.First), Standing(Decide(lost, Registration, at)));
        Assert.Equal((WatchStatus.Watching, at), Standing(Decide(lost, new DecisionInput.Hint(false), at)));
    }

    [Fact]
    public void A_report_of_a_running_given_up_job_has_it_watched_again_once_and_leaves_it_expired()
    {
        var expired = GivenUp(Registered);
        var at = Start.AddHours(2);
        var report = new DecisionInput.Report(Running.Report!, null);

        var change = JobDecider.Decide(Key, expired, report, Source, at)!;

        Assert.Equal((JobState.Expired, at + Source.Poll.First, at + Source.Poll.Deadline), (change.Job.State, change.Job.Watch.DueAt, change.Job.Watch.Deadline));
        Assert.Null(change.EventType);
        Assert.Equal(change.Job.Watch.DueAt, Decide(change.Job, report, at.AddSeconds(30)).Watch.DueAt);
    }

    [Theory]
    [InlineData(false, false, 120)]
    [InlineData(true, false, 60)]
    [InlineData(false, true, 60)]
    public void A_report_makes_a_poll_due_if_it_asks_for_one_or_ends_the_job_without_an_outcome(bool asks, bool closed, int dueAfter)
    {
        var report = Report(JobFacts.None with { Progress = JobProgress.Processing, Closed = closed }) with { AsksForPoll = asks };

        var job = Decide(Registered, new DecisionInput.Report(report, null), Start.AddMinutes(1));

        Assert.Equal((JobState.Processing, Start.AddSeconds(dueAfter)), (job.State, job.Watch.DueAt));
    }

    [Fact]
    public void The_first_report_of_a_job_named_only_by_hints_restarts_its_watch()
    {
        var at = Start.AddHours(1);
        foreach (var input in (DecisionInput[])[new DecisionInput.Report(Running.Report!, null), new DecisionInput.Polled(Hinted.Watch, Running, 0.5)])
        {
            var job = Decide(Hinted, input, at);
            Assert.Equal((JobOrigin.Report, at, at + Source.Poll.Deadline), (job.Origin, job.Watch.StartedAt, job.Watch.Deadline));
        }
    }

    [Fact]
    public void A_hint_makes_a_poll_due_now_even_for_a_given_up_job()
    {
        var at = Start.AddMinutes(1);
        Assert.Equal((WatchStatus.Watching, at), Standing(Decide(Registered, new DecisionInput.Hint(false), at)));

        at = Start.AddHours(2);
        var hinted = Decide(GivenUp(Registered), new DecisionInput.Hint(false), at);
        Assert.Equal((WatchStatus.Watching, at), Standing(hinted));
        Assert.Equal(JobState.Expired, hinted.State);
    }

    [Fact]
    public void Only_a_hint_at_an_unknown_or_unwatched_job_that_nothing_genuine_named_needs_admission()
    {
        foreach (var job in (Job?[])[null, GivenUp(Hinted)])
            Assert.All(AllInputs, input => Assert.Equal(input.Data is DecisionInput.Hint, JobDecider.NeedsAdmission(job, input)));
        foreach (var job in (Job[])[Hinted, Registered, GivenUp(Registered), Decide(Hinted, new DecisionInput.StopWatching(), Start)])
            Assert.All(AllInputs, input => Assert.False(JobDecider.NeedsAdmission(job, input)));
    }

    [Fact]
    public void An_id_is_given_up_at_the_third_answer_that_it_is_unknown()
    {
        var (job, at) = (Registered, Start + GivingUp.UnknownGrace);
        for (var answers = 1; answers < GivingUp.UnknownAnswers; answers++)
        {
            job = Polled(job, NotFound, at = at.AddMinutes(5));
            Assert.Equal((JobState.Waiting, WatchStatus.Watching), (job.State, job.WatchStatus));
        }

        Assert.Equal(2, job.Watch.NotFound);
        job = Polled(job, NotFound, at.AddMinutes(5));
        Assert.Equal((JobState.Expired, SettledBy.Poll, WatchStatus.GivenUp), (job.State, job.SettledBy, job.WatchStatus));
    }

    [Fact]
    public void A_job_is_given_up_at_its_deadline()
    {
        var job = Registered with { Watch = Registered.Watch with { DueAt = Registered.Watch.Deadline } };

        job = Polled(job, Running, Registered.Watch.Deadline);

        Assert.Equal((JobState.Expired, SettledBy.Deadline, WatchStatus.GivenUp), (job.State, job.SettledBy, job.WatchStatus));
    }

    [Fact]
    public void An_answer_to_a_query_from_before_the_giving_up_does_not_undo_it()
    {
        var expired = GivenUp(Registered);
        var at = Start.AddHours(2);

        Assert.Equal(WatchStatus.GivenUp, Decide(expired, new DecisionInput.Polled(Registered.Watch, Running, 0.5), at).WatchStatus);

        // A query sent afterwards, on request, brings news.
        Assert.Equal(WatchStatus.GivenUp, Polled(expired, NotFound, at).WatchStatus);
        Assert.Equal(WatchStatus.Watching, Polled(expired, Running, at).WatchStatus);
    }

    [Fact]
    public void A_hint_during_the_poll_that_gives_the_job_up_has_it_polled_once_more()
    {
        var at = Registered.Watch.Deadline;
        var due = Registered with { Watch = Registered.Watch with { DueAt = at } };
        var hinted = Decide(due, new DecisionInput.Hint(false), at);

        var expired = Decide(hinted, new DecisionInput.Polled(due.Watch, Running, 0.5), at);

        Assert.Equal((JobState.Expired, at + PollPlan.HintSpacing), (expired.State, expired.Watch.DueAt));
        Assert.Equal(WatchStatus.GivenUp, Polled(expired, Running, at + PollPlan.HintSpacing).WatchStatus);
    }

    [Theory]
    [InlineData(0d, 2.7)]
    [InlineData(0.5, 3)]
    public void The_next_wait_has_random_jitter(double chance, double minutes) => Assert.Equal(
        Start + TimeSpan.FromMinutes(2 + minutes),
        Decide(Registered, new DecisionInput.Polled(Registered.Watch, Running, chance), Start.AddMinutes(2)).Watch.DueAt);

    [Fact]
    public void A_stopped_watch_stays_stopped_until_the_job_is_registered_again()
    {
        foreach (var before in (Job[])[Registered, GivenUp(Registered)])
        {
            var at = Start.AddHours(2);
            var job = Decide(before, new DecisionInput.StopWatching(), at);
            foreach (var input in (DecisionInput[])
            [
                new DecisionInput.Hint(false),
                new DecisionInput.Report(Running.Report!, null),
                new DecisionInput.Report(Running.Report! with { AsksForPoll = true }, null),
                new DecisionInput.Polled(job.Watch, Running, 0.5),
                new DecisionInput.RestoreWatch(),
                new DecisionInput.CorrectTimes(),
            ])
            {
                job = Decide(job, input, at);
                Assert.Equal((WatchStatus.Stopped, null), Standing(job));
            }

            Assert.Equal((WatchStatus.Watching, at + Source.Poll.First), Standing(Decide(job, Registration, at)));
        }
    }

    [Fact]
    public void A_restored_watch_is_due_immediately_and_written_even_if_unchanged()
    {
        var change = JobDecider.Decide(Key, Registered, new DecisionInput.RestoreWatch(), null, Start.AddDays(1))!;
        Assert.Equal((WatchStatus.Watching, Start), Standing(change.Job));
        Assert.True(JobDecider.Decide(Key, change.Job, new DecisionInput.RestoreWatch(), null, Start.AddDays(1))!.IsWritten);
        Assert.Equal((WatchStatus.GivenUp, null), Standing(Decide(GivenUp(Registered), new DecisionInput.RestoreWatch(), Start.AddDays(1))));
    }

    [Fact]
    public void Polls_postponed_by_a_clock_that_was_ahead_are_brought_forward()
    {
        var late = Decide(null, Registration, Start.AddDays(5));

        var job = Decide(late, new DecisionInput.CorrectTimes(), Start);

        Assert.Equal((Start.AddMinutes(2), Start + Source.Poll.Deadline), (job.Watch.DueAt, job.Watch.Deadline));
        Assert.False(JobDecider.Decide(Key, job, new DecisionInput.CorrectTimes(), Source, Start)!.IsWritten);
    }

    [Fact]
    public void A_job_that_belongs_to_nobody_is_not_republished()
    {
        Assert.False(JobDecider.Decide(Key, GivenUp(Hinted), new DecisionInput.Republish(), null, Start)!.IsWritten);
        Assert.False(JobDecider.Decide(Key, Registered, new DecisionInput.Republish(), null, Start)!.IsWritten);
        Assert.Equal(JobEvent.SettledType, JobDecider.Decide(Key, GivenUp(Registered), new DecisionInput.Republish(), null, Start)!.EventType);
    }

    [Fact]
    public void A_job_is_remembered_as_a_workflow_whether_a_hint_a_report_or_an_answer_says_so()
    {
        var report = Running.Report! with { IsWorkflow = true };
        foreach (var input in (DecisionInput[])
        [
            new DecisionInput.Hint(true),
            new DecisionInput.Report(report, null),
            new DecisionInput.Polled(Hinted.Watch, new(PollAnswer.Report, report), 0.5),
        ])
        {
            var job = Decide(Hinted, input, Start);
            Assert.True(job.Watch.IsWorkflow);

            // Neither giving up and claiming the job nor input that does not mention it revokes this.
            job = Polled(Decide(GivenUp(job), Registration, Start.AddHours(2)), Running, Start.AddHours(2));
            Assert.True(job.Watch.IsWorkflow);
        }

        Assert.True(Decide(null, new DecisionInput.Hint(true), Start).Watch.IsWorkflow);
        Assert.False(Hinted.Watch.IsWorkflow);
    }

    [Fact]
    public void Facts_stay_within_their_limits()
    {
        var outputs = Enumerable.Range(0, 200_000).Select(i => new OutputFacts { Bucket = "b", Key = $"k{i}" });
        var report = Report(JobFacts.None.WithItems([new() { Command = "unzip", State = ItemState.Succeeded, Outputs = [.. outputs] }]));

        var job = Decide(Registered, new DecisionInput.Report(report, null), Start);

        Assert.Same(job.Facts, job.Facts.Bounded());
        Assert.NotSame(report.Facts, report.Facts.Bounded());
    }

    private static JobReport Report(JobFacts facts) => new() { Id = Key.Id, Channel = ReportChannel.Notification, Facts = facts };

    private static Job Decide(Job? job, DecisionInput input, DateTimeOffset now) => JobDecider.Decide(Key, job, input, Source, now)!.Job;

    private static Job Polled(Job job, StatusAnswer answer, DateTimeOffset now) =>
        Decide(job, new DecisionInput.Polled(job.Watch, answer, 0.5), now);

    private static Job GivenUp(Job job)
    {
        for (var (answers, at) = (0, Start + GivingUp.UnknownGrace); answers < GivingUp.UnknownAnswers; answers++)
            job = Polled(job, NotFound, at = at.AddMinutes(10));
        Assert.Equal((JobState.Expired, WatchStatus.GivenUp), (job.State, job.WatchStatus));
        return job;
    }

    private static (WatchStatus, DateTimeOffset?) Standing(Job job) => (job.WatchStatus, job.Watch.DueAt);
}

using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Which changes of a job are published, and what repeated or late inputs do not change.</summary>
public sealed class JobEventRulesTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly JobKey Key = new("media", "z0.job");

    private static readonly Source Source = new()
    {
        Name = "media",
        Provider = ProviderKinds.For(ProviderKind.Qiniu),
        StatusEndpoint = new("https://api.example.com"),
        Tokens = new(["0123456789"]),
        Poll = new() { First = TimeSpan.FromMinutes(2), Max = TimeSpan.FromMinutes(10), Deadline = TimeSpan.FromDays(9) },
    };

    private static readonly JobReport Running = Report(JobFacts.None with { Progress = JobProgress.Processing });
    private static readonly JobReport Succeeded = Report(JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Succeeded });

    private static readonly Job Registered = Decide(null, Registration(), Start).Job;

    [Fact]
    public void A_report_that_a_registered_job_is_running_does_not_change_its_deadline_or_its_next_poll()
    {
        var at = Start.AddMinutes(1);

        var watch = Decide(Registered, new DecisionInput.Report(Running, null), at).Job.Watch;

        Assert.Equal((Registered.Watch.StartedAt, Registered.Watch.Deadline, Registered.Watch.DueAt), (watch.StartedAt, watch.Deadline, watch.DueAt));
    }

    [Fact]
    public void A_registration_after_a_report_can_be_repeated_without_a_change()
    {
        var reported = Decide(Registered, new DecisionInput.Report(Running, null), Start).Job;
        Assert.Equal(JobOrigin.Registration, reported.Origin);

        Assert.False(Decide(reported, Registration(), Start.AddMinutes(1)).IsWritten);

        // A job named only by a notification becomes the application's.
        var named = Decide(null, new DecisionInput.Report(Running, null), Start).Job;
        Assert.Equal((JobOrigin.Report, JobOrigin.Registration), (named.Origin, Decide(named, Registration(), Start).Job.Origin));
    }

    [Fact]
    public void A_job_with_an_outcome_is_not_given_up()
    {
        var settled = Decide(Registered, new DecisionInput.Report(Succeeded, null), Start).Job;

        Assert.Equal(JobChange.Nothing(settled), settled.GiveUp(SettledBy.Deadline, Start));
    }

    [Fact]
    public void A_stop_a_hint_and_a_correction_do_not_change_a_settled_job()
    {
        var settled = Decide(Registered, new DecisionInput.Report(Succeeded, null), Start).Job;
        foreach (var input in (DecisionInput[])[new DecisionInput.StopWatching(), new DecisionInput.Hint(true), new DecisionInput.CorrectTimes(), Registration()])
        {
            var change = Decide(settled, input, Start.AddDays(20));
            Assert.Equal((false, WatchStatus.Done, null), (change.IsWritten, change.Job.WatchStatus, change.Job.Watch.DueAt));
        }
    }

    [Fact]
    public void A_correlation_with_a_repeated_report_republishes_the_outcome_and_is_kept()
    {
        var settled = Decide(Registered, new DecisionInput.Report(Succeeded, null), Start).Job;

        var change = Decide(settled, new DecisionInput.Report(Succeeded, "lesson-42"), Start);

        Assert.Equal((JobEvent.SettledType, "lesson-42"), (change.EventType, change.Job.Metadata[Job.CorrelationKey]));
        Assert.False(Decide(change.Job, new DecisionInput.Report(Succeeded, "lesson-43"), Start).IsWritten);
    }

    [Fact]
    public void A_poll_that_finds_progress_and_gives_the_job_up_publishes_the_expiry()
    {
        var at = Registered.Watch.Deadline;
        var due = Registered with { Watch = Registered.Watch with { DueAt = at } };

        var change = Decide(due, new DecisionInput.Polled(due.Watch, new(PollAnswer.Report, Running), 0.5), at);

        Assert.Equal((JobEvent.SettledType, JobState.Expired), (change.EventType, change.Job.State));
    }

    [Fact]
    public void A_change_by_a_clock_that_is_behind_is_not_earlier_than_the_one_before()
    {
        var change = Decide(Registered, new DecisionInput.Report(Succeeded, null), Start.AddHours(-1));
        Assert.Equal((Start, Start), (change.Job.UpdatedAt, change.Job.SettledAt));

        var later = Decide(Registered, new DecisionInput.Report(Succeeded, null), Start.AddHours(1));
        Assert.Equal((Start.AddHours(1), Start.AddHours(1)), (later.Job.UpdatedAt, later.Job.SettledAt));
        Assert.Equal(Start.AddHours(1), Decide(later.Job, new DecisionInput.Republish(), Start).Job.UpdatedAt);
    }

    [Fact]
    public void Metadata_up_to_4096_bytes_is_kept_and_a_correlation_does_not_count()
    {
        var name = new string('n', 96);
        var most = new Dictionary<string, string> { [name] = new('é', 2000) };
        Assert.Equal(Job.MaxMetadataBytes, Job.BytesOf(most));
        Assert.Equal(Job.MaxMetadataBytes, Job.BytesOf(most.Append(new(Job.CorrelationKey, "lesson-42"))));

        Assert.Equal(most[name], Decide(null, Registration(most), Start).Job.Metadata[name]);
        most[name] += "x";
        Assert.Throws<MetadataTooLargeException>(() => Decide(null, Registration(most), Start));
    }

    [Fact]
    public void Only_input_that_names_a_workflow_makes_one()
    {
        foreach (var input in (DecisionInput[])[new DecisionInput.Hint(false), new DecisionInput.Report(Running, null)])
            Assert.False(Decide(null, input, Start).Job.Watch.IsWorkflow);
        Assert.False(Decide(Registered, new DecisionInput.Hint(false), Start).Job.Watch.IsWorkflow);
    }

    [Theory]
    [InlineData(false, false, false, false)]
    [InlineData(true, false, false, true)]
    [InlineData(false, true, false, true)]
    [InlineData(false, false, true, true)]
    public void A_job_moves_with_its_progress_its_end_and_its_items(bool starts, bool closes, bool hasItem, bool moves)
    {
        var facts = JobFacts.None with { Progress = JobProgress.Waiting };
        var later = facts with { Progress = starts ? JobProgress.Processing : JobProgress.Waiting, Closed = closes };
        if (hasItem)
            later = later.WithItems([new() { Command = "avthumb/mp4", State = ItemState.Waiting }]);

        Assert.Equal(moves, facts.MovedTo(later));
    }

    private static JobReport Report(JobFacts facts) => new() { Id = Key.Id, Channel = ReportChannel.Notification, Facts = facts };

    private static DecisionInput.Registration Registration(IReadOnlyDictionary<string, string>? metadata = null) => new(metadata ?? Job.NoMetadata, null);

    private static JobChange Decide(Job? job, DecisionInput input, DateTimeOffset now) => JobDecider.Decide(Key, job, input, Source, now)!;
}

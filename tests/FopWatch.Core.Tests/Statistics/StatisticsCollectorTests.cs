using FopWatch.Contracts;
using FopWatch.Core.Tests.Jobs;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>What commits of jobs add to the statistics.</summary>
public sealed class StatisticsCollectorTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly JobKey Key = new("media", "z0.job");
    private static readonly DecisionInput Registration = new DecisionInput.Registration(Job.NoMetadata, null);

    private readonly ManualTimeProvider _time = new(Start);
    private readonly StatisticsCollector _collector;
    private Job? _job;

    public StatisticsCollectorTests() => _collector = new(new(), _time);

    [Fact]
    public void A_notified_job_has_the_exact_age_whatever_polls_saw_before()
    {
        Decide(Registration);
        At(100, Polled(Running));
        At(300, Polled(Running));
        At(450, Reported(Over));

        var (sums, ages) = Taken();
        Assert.Equal((1, 1, 0, 1), (sums[HourSum.Registered], sums[HourSum.Heard], sums[HourSum.Found], sums[HourSum.SucceededByNotification]));
        Assert.Equal(0, sums[HourHistogram.DelayByPoll].Sum());
        var exact = new KnownAges();
        exact.AddOver(450);
        AssertSame(exact, ages["avthumb/mp4"]);
    }

    [Fact]
    public void A_job_that_a_poll_found_over_ended_after_the_last_look()
    {
        Decide(Registration);
        At(100, Polled(Running));
        At(400, Polled(Over));

        var (sums, ages) = Taken();
        Assert.Equal((0, 1, 1), (sums[HourSum.Heard], sums[HourSum.Found], sums[HourSum.SucceededByPoll]));
        Assert.Equal(1, sums[HourHistogram.DelayByPoll][HourSums.OctaveOf(TimeSpan.FromSeconds(150))]);
        var between = new KnownAges();
        between.AddOverBetween(100, 400);
        AssertSame(between, ages["avthumb/mp4"]);
    }

    [Fact]
    public void An_open_job_adds_no_age_until_it_ends()
    {
        Decide(Registration);
        At(100, Polled(Running));
        At(300, Polled(Running));
        Assert.Empty(Taken().Ages);
        At(310, Polled(new StatusAnswer(PollAnswer.Unavailable)));
        Assert.Null(_collector.Take("media", "none"));

        At(320, Reported(Over));
        var exact = new KnownAges();
        exact.AddOver(320);
        AssertSame(exact, Taken().Ages["avthumb/mp4"]);
    }

    [Fact]
    public void A_job_that_is_given_up_counts_up_to_the_last_poll_that_saw_it_running()
    {
        Decide(Registration);
        for (var i = 0; !_job!.IsExpired && i < 10; i++)
        {
            _time.AdvanceTo(i == 0 ? _job.Watch.Deadline : _job.Watch.DueAt!.Value);
            Decide(Polled(Running));
        }

        var open = new KnownAges();
        open.AddOpen((_time.GetUtcNow() - Start).TotalSeconds);
        var (sums, ages) = Taken();
        Assert.Equal((1, 0), (sums[HourSum.Expired], sums[HourSum.Found]));
        AssertSame(open, ages["avthumb/mp4"]);
    }

    [Fact]
    public void An_answer_without_a_report_is_not_a_look()
    {
        Decide(Registration);
        At(100, Polled(new StatusAnswer(PollAnswer.NotFound)));
        At(200, Polled(new StatusAnswer(PollAnswer.Unavailable)));
        At(300, Polled(new StatusAnswer(PollAnswer.Throttled)));
        At(400, Polled(Over));

        var between = new KnownAges();
        between.AddOverBetween(0, 400);
        AssertSame(between, Taken().Ages["avthumb/mp4"]);
    }

    [Fact]
    public void A_job_has_one_age_whatever_comes_after_its_outcome()
    {
        Decide(Registration);
        At(100, Reported(Over));
        Taken();

        At(200, new DecisionInput.Republish());
        At(300, Reported(Over));
        At(400, Polled(Over));
        At(500, Registration);

        Assert.Null(_collector.Take("media", "none"));
    }

    [Fact]
    public void A_job_whose_first_notification_has_its_outcome_adds_no_age()
    {
        Decide(Reported(Over));

        var (sums, ages) = Taken();
        Assert.Equal((1, 1, 0), (sums[HourSum.Registered], sums[HourSum.SucceededByNotification], sums[HourSum.Heard]));
        Assert.Empty(ages);
    }

    [Fact]
    public void A_job_named_only_by_hints_is_not_counted_until_something_genuine_names_it()
    {
        Decide(new DecisionInput.Hint(false));
        At(50, Polled(new StatusAnswer(PollAnswer.NotFound)));
        Assert.Null(_collector.Take("media", "none"));

        At(1000, Registration);
        At(1100, Reported(Over));

        var (sums, ages) = Taken();
        Assert.Equal((1, 1), (sums[HourSum.Registered], sums[HourSum.Heard]));
        var exact = new KnownAges();
        exact.AddOver(100);
        AssertSame(exact, ages["avthumb/mp4"]);
    }

    [Fact]
    public void A_stopped_and_resumed_job_has_no_age_but_counts_as_far_as_it_was_seen()
    {
        Decide(Registration);
        At(100, Polled(Running));
        At(200, new DecisionInput.StopWatching());
        At(9000, Registration);
        At(9100, Polled(Running));
        At(9200, Polled(Over));

        var (sums, ages) = Taken();
        Assert.Equal((0, 0, 1), (sums[HourSum.Heard], sums[HourSum.Found], sums[HourSum.SucceededByPoll]));
        Assert.Equal((0, 100), (ages["avthumb/mp4"].Jobs, Math.Round(ages["avthumb/mp4"].Seconds.ToArray().Sum(), 6)));
    }

    [Fact]
    public void An_outcome_that_supersedes_an_expiry_has_no_age()
    {
        Decide(Registration);
        _time.AdvanceTo(_job!.Watch.Deadline);
        for (var i = 0; !_job.IsExpired && i < 10; i++, _time.AdvanceTo(_job.Watch.DueAt ?? _time.GetUtcNow()))
            Decide(Polled(Running));
        Assert.True(_job.IsExpired);
        Assert.Equal(1, Taken().Sums[HourSum.Expired]);

        Decide(Reported(Over));
        var (sums, ages) = Taken();
        Assert.Equal((1, 0), (sums[HourSum.SucceededByNotification], sums[HourSum.Heard]));
        Assert.Empty(ages);
    }

    [Fact]
    public void A_job_of_an_earlier_version_has_no_age()
    {
        Decide(Registration);
        Taken();
        _job = _job! with { Watch = _job.Watch with { AgeKnownTo = null } };
        At(100, Polled(Running));
        At(200, Polled(Over));

        Assert.Empty(Taken().Ages);
    }

    [Fact]
    public void A_late_notification_of_a_job_settled_by_a_poll_is_counted_once_and_changes_nothing()
    {
        Decide(Registration);
        At(100, Polled(Over));
        Taken();
        var found = _job!;

        At(160, Reported(Over));
        Assert.Equal(found with { NotifiedAt = Start.AddSeconds(160), Timeline = _job!.Timeline }, _job);
        At(170, Reported(Over));

        var (sums, ages) = Taken();
        Assert.Equal(1, sums[HourSum.NotifiedLate]);
        Assert.Equal(1, sums[HourHistogram.Lateness][HourSums.OctaveOf(TimeSpan.FromSeconds(60))]);
        Assert.Empty(ages);
        Assert.Equal(_job, JobJson.Deserialize(JobJson.Serialize(_job!)) with { Metadata = _job!.Metadata });
    }

    [Fact]
    public void A_late_notification_counts_in_the_hour_in_which_its_job_was_found()
    {
        Decide(Registration);
        At(100, Polled(Over));
        At(2 * 3600, Reported(Over));

        var taken = _collector.Take("media", "one")!;
        Assert.Equal((1, 1), (taken.Hours[Start][HourSum.Found], taken.Hours[Start][HourSum.NotifiedLate]));
        Assert.Equal(0, taken.Hours[Start.AddHours(2)][HourSum.NotifiedLate]);
    }

    [Fact]
    public void A_late_notification_of_a_job_that_was_not_counted_as_found_does_not_count()
    {
        Decide(Registration);
        At(100, new DecisionInput.StopWatching());
        At(9000, Registration);
        At(9100, Polled(Over));
        At(9200, Reported(Over));

        var (sums, _) = Taken();
        Assert.NotNull(_job!.NotifiedAt);
        Assert.Equal((1, 0, 0), (sums[HourSum.SucceededByPoll], sums[HourSum.Found], sums[HourSum.NotifiedLate]));
    }

    [Fact]
    public void A_very_late_notification_displaces_no_hour()
    {
        Decide(Registration);
        At(100, Polled(Over));
        for (var hour = 1; hour < 40; hour++)
        {
            _time.AdvanceTo(Start.AddHours(hour));
            _collector.Polled("media", PollAnswer.Report);
        }

        At(39.5 * 3600, Reported(Over));

        var hours = _collector.Take("media", "one")!.Hours;
        Assert.Equal((StatisticsDelta.MostHours, Start.AddHours(16)), (hours.Count, hours.Keys.Min()));
    }

    [Fact]
    public void A_job_that_becomes_overdue_is_counted_once()
    {
        var overdue = new OverdueAges(TimeSpan.FromSeconds(300), new Dictionary<string, TimeSpan?>());
        Decide(Registration);
        At(400, Polled(Running), overdue);
        At(500, Polled(Running), overdue);
        At(600, Reported(Over), overdue);

        Assert.Equal(1, Taken().Sums[HourSum.Overdue]);
    }

    [Fact]
    public void Notifications_polls_and_events_are_counted_by_the_hour()
    {
        _collector.Notified("media", Trust.Strong, NotificationResult.Recorded);
        _collector.Notified("media", Trust.None, NotificationResult.Hinted);
        _collector.Notified("media", Trust.Invalid, NotificationResult.Quarantined);
        _collector.Polled("media", PollAnswer.Throttled);
        _time.AdvanceTo(Start.AddHours(1));
        _collector.Published("media", TimeSpan.FromMilliseconds(20));
        _collector.Published("files", TimeSpan.FromSeconds(-1));

        var taken = _collector.Take("media", "one")!;
        var (first, second) = (taken.Hours[Start], taken.Hours[Start.AddHours(1)]);
        Assert.Equal(
            (1, 1, 1, 1, 1, 1),
            (first[HourSum.NotifiedStrong], first[HourSum.NotifiedNone], first[HourSum.NotifiedInvalid], first[HourSum.Hinted], first[HourSum.Quarantined], first[HourSum.PolledThrottled]));
        Assert.Equal(1, second[HourHistogram.Lag][5]);
        Assert.Equal(["files"], _collector.Sources);
    }

    [Fact]
    public void Untaken_counts_are_limited_to_a_day_and_to_a_stores_number_of_classes()
    {
        for (var hour = 0; hour < 100; hour++)
        {
            _time.AdvanceTo(Start.AddHours(hour));
            _collector.Polled("media", PollAnswer.Report);
        }

        for (var i = 0; i < 200; i++)
        {
            _job = null;
            Decide(Registration);
            _job = _job! with { Facts = JobFacts.None.WithItems([new() { Command = $"tool-{i}", State = ItemState.Processing }]) };
            Decide(Polled(new(PollAnswer.Report, new() { Id = Key.Id, Channel = ReportChannel.Poll, Facts = JobFacts.None with { Closed = true, Concluded = true, Verdict = JobVerdict.Failed } })));
        }

        var taken = _collector.Take("media", "one")!;
        Assert.Equal(StatisticsDelta.MostHours, taken.Hours.Count);
        Assert.Equal(Start.AddHours(99), taken.Hours.Keys.Max());
        Assert.Equal(CommandClass.MostClasses + 1, taken.Ages.Count);
        Assert.Equal(200, taken.Ages.Values.Sum(ages => ages.Jobs), 1e-6);
    }

    private static StatusAnswer Running => new(PollAnswer.Report, Told(ReportChannel.Poll, isOver: false));

    private static StatusAnswer Over => new(PollAnswer.Report, Told(ReportChannel.Poll, isOver: true));

    private DecisionInput.Polled Polled(StatusAnswer answer) => new(_job?.Watch!, answer, 0.5);

    private static DecisionInput.Report Reported(StatusAnswer answer) => new(answer.Report! with { Channel = ReportChannel.Notification }, null);

    private static JobReport Told(ReportChannel channel, bool isOver)
    {
        var items = JobFacts.None.WithItems([new() { Command = "avthumb/mp4", State = isOver ? ItemState.Succeeded : ItemState.Processing }]);
        return new() { Id = Key.Id, Channel = channel, Facts = isOver ? items with { Closed = true, Concluded = true, Verdict = JobVerdict.Succeeded } : items with { Progress = JobProgress.Processing } };
    }

    private void At(double seconds, DecisionInput input, OverdueAges? overdue = null)
    {
        _time.AdvanceTo(Start.AddSeconds(seconds));
        Decide(input is DecisionInput.Polled polled ? polled with { Asked = _job!.Watch } : input, overdue);
    }

    private void Decide(DecisionInput input, OverdueAges? overdue = null)
    {
        var before = _job;
        var change = JobDecider.Decide(Key, before, input is DecisionInput.Polled polled ? polled with { Asked = before!.Watch } : input, JobDeciderTests.Source, _time.GetUtcNow(), overdue: overdue)!;
        _job = change.Job;
        if (change.IsWritten)
            _collector.Committed(new(before, change.Job, null, CommitCause.Outside));
    }

    private (HourSums Sums, IReadOnlyDictionary<string, KnownAges> Ages) Taken()
    {
        var taken = _collector.Take("media", "one")!;
        var sums = new HourSums();
        foreach (var hour in taken.Hours.Values)
            sums.Add(hour);
        return (sums, taken.Ages);
    }

    private static void AssertSame(KnownAges expected, KnownAges actual)
    {
        for (var bucket = 0; bucket < expected.Buckets.Count; bucket++)
        {
            Assert.Equal(expected.Over[bucket], actual.Over[bucket], 1e-9);
            Assert.Equal(expected.Reached[bucket], actual.Reached[bucket], 1e-9);
            Assert.Equal(expected.Seconds[bucket], actual.Seconds[bucket], 1e-6);
        }
    }
}

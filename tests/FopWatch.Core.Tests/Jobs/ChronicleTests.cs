using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;
using static FopWatch.Core.Tests.Jobs.JobDeciderTests;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>The timeline's entry for each change of a job. The entry changes nothing else.</summary>
public sealed class ChronicleTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
    private static readonly JobKey Key = new("media", "z0.job");
    private static readonly DecisionInput Registration = new DecisionInput.Registration(Job.NoMetadata, null);
    private static readonly StatusAnswer Running = new(PollAnswer.Report, Answered(JobFacts.None with { Progress = JobProgress.Processing }));
    private static readonly StatusAnswer NotFound = new(PollAnswer.NotFound, Detail: "HTTP 612");
    private static readonly JobFacts Succeeded = JobFacts.None with { Closed = true, Verdict = JobVerdict.Succeeded };
    private static readonly DecisionInput Done = new DecisionInput.Report(Report(Succeeded), null);

    [Fact]
    public void A_notified_job_has_three_entries_in_few_bytes()
    {
        var history = new History();
        history.Take(Registration);
        history.Take(Done, 20);

        Assert.Equal(["0 registered registration", "20 notified strong recorded", "20 settled succeeded notification"], history.Told);
        var before = JobJson.Serialize(history.Job! with { Timeline = default }).Length;
        Assert.InRange(JobJson.Serialize(history.Job!).Length - before, 1, 60);
    }

    [Fact]
    public void A_job_shows_why_and_when_each_poll_was_made_and_its_answer()
    {
        var history = new History();
        history.Take(Registration);
        Assert.Equal(PollReason.First, history.Job!.Watch.Reason);
        history.Poll(NotFound, 120, PollReason.UnknownId);
        history.Poll(Running, 300, PollReason.Plan);
        history.Poll(Running, 600, PollReason.Plan);
        history.Poll(Running, 1000, PollReason.Plan);
        history.Poll(new(PollAnswer.Unavailable, Detail: "timed out"), 1600, PollReason.Failed);
        history.Poll(new(PollAnswer.Refused), 2200, PollReason.Refused);
        history.Poll(new(PollAnswer.OutOfScope), 2900, PollReason.OutOfScope);
        history.Poll(new(PollAnswer.Throttled), 3600, PollReason.Throttled);
        history.Poll(Running with { RetryAfter = TimeSpan.FromHours(1) }, 4300, PollReason.Throttled);
        history.Poll(new(PollAnswer.Throttled, Asked: false), 8000, PollReason.Throttled);
        history.Take(new DecisionInput.Hint(false) { Trust = Trust.Weak }, 8100);
        Assert.Equal(PollReason.Hint, history.Job.Watch.Reason);
        history.Poll(Running, 8110, PollReason.Plan);
        history.Poll(Running, 8200, PollReason.Plan, isRequested: true);
        history.Take(new DecisionInput.RestoreWatch(), 8300);
        Assert.Equal(PollReason.Restored, history.Job.Watch.Reason);
        history.Poll(new(PollAnswer.Report, Answered(Succeeded)), 8300, null);

        Assert.Equal(
            [
                "0 registered registration",
                "120 polled first: HTTP 612: the status API does not know this id",
                "300 polled unknownId: the report: processing",
                "600 polled plan: the report: processing, 2 until 1000",
                "1600 polled plan: timed out",
                "2200 polled failed: the status API refused the request, or its answer could not be understood",
                "2900 polled refused: the status API refused the request, or its answer could not be understood",
                "3600 polled outOfScope: the status API asks to slow down",
                "4300 polled throttled: the report: processing",
                "8000 polled throttled: not asked, because the status API asked to slow down",
                "8100 notified weak hint",
                "8110 polled hint: the report: processing",
                "8200 polled requested: the report: processing",
                "8300 polled restored: the report: succeeded",
                "8300 settled succeeded poll",
            ],
            history.Told);
        Assert.Equal(12, history.Job.Watch.TotalPolls);
    }

    [Fact]
    public void A_watch_is_given_up_stopped_and_resumed_by_whatever_resumes_it()
    {
        var history = new History();
        history.Take(Registration);
        foreach (var at in (int[])[1000, 2000, 3000])
            history.Poll(NotFound, at, at < 3000 ? PollReason.UnknownId : null);
        history.Take(new DecisionInput.Hint(false), 4000);
        history.Poll(NotFound, 4000, PollReason.UnknownId);
        history.Take(new DecisionInput.StopWatching(), 4100);
        Assert.Null(history.Job!.Watch.Reason);
        history.Take(new DecisionInput.StopWatching(), 4200, isWritten: false);
        history.Take(Registration, 5000);
        Assert.Equal(PollReason.First, history.Job.Watch.Reason);
        history.Take(new DecisionInput.Republish(), 5100);
        history.Take(new DecisionInput.Registration(new Dictionary<string, string> { ["a"] = "b" }, null), 5200);
        history.Take(Done, 6000);
        history.Take(new DecisionInput.Republish(), 7000);

        Assert.Equal(
            [
                "0 registered registration",
                "1000 polled first: HTTP 612: the status API does not know this id",
                "2000 polled unknownId: HTTP 612: the status API does not know this id, 2 until 3000",
                "3000 expired unknownId",
                "4000 notified none hint",
                "4000 resumed hint",
                "4000 polled hint: HTTP 612: the status API does not know this id",
                "4100 stopped",
                "5000 resumed registration",
                "5100 republished",
                "5200 registered registration",
                "6000 notified strong recorded",
                "6000 settled succeeded notification",
                "7000 republished",
            ],
            history.Told);
    }

    [Fact]
    public void A_job_named_by_a_hint_shows_what_named_it_later()
    {
        var history = new History();
        history.Take(new DecisionInput.Hint(false));
        Assert.Equal(PollReason.Hint, history.Job!.Watch.Reason);
        history.Take(new DecisionInput.Hint(false), 0);
        history.Poll(Running, 1, PollReason.Hint);
        history.Poll(Running, 11, PollReason.Plan);
        history.Take(Registration, 20);
        history.Take(Done, 30);

        Assert.Equal(
            [
                "0 registered hint",
                "0 notified none hint, 2 until 0",
                "1 registered poll",
                "1 polled hint: the report: processing, 2 until 11",
                "20 registered registration",
                "30 notified strong recorded",
                "30 settled succeeded notification",
            ],
            history.Told);
    }

    [Fact]
    public void Token_trust_and_a_notification_after_a_poll_are_shown_and_a_repetition_is_not_recorded()
    {
        var history = new History();
        history.Take(Registration);
        history.Poll(new(PollAnswer.Report, Answered(Succeeded)), 120, null);
        history.Take(new DecisionInput.Report(Report(Succeeded), null) { Trust = Trust.None }, 130);
        history.Take(Done, 140, isWritten: false);
        history.Take(new DecisionInput.Hint(false), 150, isWritten: false);

        Assert.Equal("130 notified none late by token", history.Told[^1]);
    }

    [Fact]
    public void The_last_polls_before_a_job_expires_say_that_they_are()
    {
        var history = new History();
        history.Take(Registration);
        var deadline = (int)JobDeciderTests.Source.Poll.Deadline.TotalSeconds;
        history.Poll(Running, deadline - 100, PollReason.Deadline);

        // So late that a second look decides.
        history.Poll(Running, deadline + 7300, PollReason.SecondLook);
        history.Poll(Running, deadline + 7300 + 2700, null);

        Assert.Equal($"{deadline + 10000} polled secondLook: the report: processing", history.Told[^2]);
        Assert.Equal($"{deadline + 10000} expired deadline", history.Told[^1]);
    }

    [Fact]
    public void A_poll_on_request_says_so_and_resumes_a_watch_that_had_given_up()
    {
        var history = new History();
        history.Take(Registration);
        history.Take(new DecisionInput.PollBy(Start.AddSeconds(60)), 50);
        Assert.Equal((Start.AddSeconds(60), PollReason.Requested), (history.Job!.Watch.DueAt, history.Job.Watch.Reason));
        history.Take(new DecisionInput.PollBy(Start.AddSeconds(70)), 55, isWritten: false);
        foreach (var at in (int[])[1000, 2000, 3000])
            history.Poll(NotFound, at, at < 3000 ? PollReason.UnknownId : null);
        history.Take(new DecisionInput.PollBy(Start.AddSeconds(4010)), 4000);

        Assert.Equal(PollReason.Requested, history.Job.Watch.Reason);
        Assert.Equal("1000 polled requested: HTTP 612: the status API does not know this id", history.Told[1]);
        Assert.Equal("4000 resumed request", history.Told[^1]);
    }

    [Fact]
    public void A_job_that_takes_unusually_long_says_so_once()
    {
        var history = new History { Overdue = new(TimeSpan.FromMinutes(5), new Dictionary<string, TimeSpan?>()) };
        history.Take(Registration);
        history.Poll(Running, 120, PollReason.Plan);
        history.Poll(Running, 400, PollReason.Plan);
        history.Poll(Running, 900, PollReason.Plan);

        Assert.Equal(
            [
                "0 registered registration",
                "120 polled first: the report: processing",
                "400 polled plan: the report: processing",
                "400 overdue",
                "900 polled plan: the report: processing",
            ],
            history.Told);
    }

    [Fact]
    public void A_poll_brought_forward_by_a_report_keeps_its_reason_through_a_poll_that_does_not_know_of_it()
    {
        var history = new History();
        history.Take(Registration);
        var asked = history.Job!.Watch;
        history.Take(new DecisionInput.Hint(false), 60);
        history.Take(new DecisionInput.Polled(asked, Running, 0.5), 61);

        Assert.Equal((Start.AddSeconds(71), PollReason.Hint), (history.Job.Watch.DueAt, history.Job.Watch.Reason));

        // A claim does not postpone a poll that is due sooner.
        var hinted = new History();
        hinted.Take(new DecisionInput.Hint(false));
        hinted.Take(Registration, 5);
        Assert.Equal((Start, PollReason.Hint), (hinted.Job!.Watch.DueAt, hinted.Job.Watch.Reason));
    }

    [Fact]
    public void A_timeline_alone_makes_no_version_no_event_and_no_write()
    {
        foreach (var input in AllInputs.Select(row => row.Data))
        {
            foreach (var before in (Job[])[Registered(), Stopped(), Settled()])
            {
                var with = JobDecider.Decide(Key, before, input, JobDeciderTests.Source, Start.AddHours(1))!;
                var without = JobDecider.Decide(Key, before with { Timeline = default }, input, JobDeciderTests.Source, Start.AddHours(1))!;

                Assert.Equal((without.IsWritten, without.EventType), (with.IsWritten, with.EventType));
                Assert.Equal(without.Job with { Timeline = default }, with.Job with { Timeline = default });
                if (!with.IsWritten)
                    Assert.Equal(before.Timeline, with.Job.Timeline);
            }
        }
    }

    [Fact]
    public void An_event_has_no_timeline()
    {
        var change = JobDecider.Decide(Key, Registered(), Done, JobDeciderTests.Source, Start)!;
        Assert.NotEqual(default, change.Job.Timeline);

        Assert.Equal((change with { Job = change.Job with { Timeline = default } }).ToEvent()!.Body.ToArray(), change.ToEvent()!.Body.ToArray());
        Assert.DoesNotContain("imeline", Encoding.UTF8.GetString(change.ToEvent()!.Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public void The_providers_report_takes_precedence_over_a_timeline()
    {
        // Below the limit of facts, by less than a timeline may take.
        var key = new string('k', FactsSize.Most - 1000);
        var history = new History();
        history.Take(Registration);
        for (var i = 1; i < 60; i++)
            history.Poll(new(PollAnswer.Unavailable, Detail: $"{i}{new string('w', 150)}"), 600 * i, PollReason.Failed);
        Assert.True(history.Job!.Timeline.Text.Length > 2000);

        history.Take(new DecisionInput.Report(Report(Succeeded with { Key = key }), null), 100_000);

        Assert.Equal(key, history.Job.Facts.Key);
        Assert.Equal((62, 0), (history.Job.Timeline.Omitted, history.Job.Timeline.Read(Start).Count));
    }

    [Fact]
    public void A_document_of_an_earlier_version_has_no_reason_and_starts_its_timeline_with_the_next_change()
    {
        var stored = Encoding.UTF8.GetString(JobJson.Serialize(Registered() with { Timeline = default }));
        Assert.Contains("\"reason\":\"first\"", stored, StringComparison.Ordinal);
        foreach (var reason in (string[])["", "\"reason\":\"ofALaterVersion\","])
        {
            var read = JobJson.Deserialize(Encoding.UTF8.GetBytes(stored.Replace("\"reason\":\"first\",", reason, StringComparison.Ordinal)));
            Assert.Null(read.Watch.Reason);

            var history = new History { Job = read };
            history.Take(new DecisionInput.CorrectTimes(), 100, isWritten: false);
            history.Poll(Running, 120, PollReason.Plan);
            Assert.Equal(["120 polled : the report: processing"], history.Told);
        }
    }

    private static Job Registered() => JobDecider.Decide(Key, null, Registration, JobDeciderTests.Source, Start)!.Job;

    private static Job Stopped() => JobDecider.Decide(Key, Registered(), new DecisionInput.StopWatching(), null, Start)!.Job;

    private static Job Settled() => JobDecider.Decide(Key, Registered(), new DecisionInput.Polled(Registered().Watch, new(PollAnswer.Report, Answered(Succeeded)), 0.5), JobDeciderTests.Source, Start)!.Job;

    private static JobReport Report(JobFacts facts) => new() { Id = Key.Id, Channel = ReportChannel.Notification, Facts = facts };

    private static JobReport Answered(JobFacts facts) => Report(facts) with { Channel = ReportChannel.Poll };

    /// <summary>One job, through everything that happens to it.</summary>
    private sealed class History
    {
        public Job? Job { get; set; }

        public OverdueAges? Overdue { get; init; }

        public IReadOnlyList<string> Told => [.. Job!.Timeline.Read(Job.RegisteredAt).Select(Written)];

        public void Take(DecisionInput input, int seconds = 0, bool isWritten = true)
        {
            var change = JobDecider.Decide(Key, Job, input, JobDeciderTests.Source, Start.AddSeconds(seconds), overdue: Overdue)!;
            Assert.Equal(isWritten, change.IsWritten);
            Job = JobJson.Deserialize(JobJson.Serialize(change.Job));
            Assert.Equal(change.Job with { Metadata = Job.Metadata }, Job);
        }

        public void Poll(StatusAnswer answer, int seconds, PollReason? next, bool isRequested = false)
        {
            Take(new DecisionInput.Polled(Job!.Watch, answer, 0.5) { IsRequested = isRequested }, seconds);
            Assert.Equal(next, Job.Watch.Reason);
        }

        private static string? ReasonOf(TimelineEntry entry) => entry.Reason is { } reason ? WireNames.Of(reason) : null;

        private static string Written(TimelineEntry entry)
        {
            var at = $"{(entry.At - Start).TotalSeconds} {WireNames.Of(entry.What)}";
            var said = entry.What switch
            {
                TimelineEvent.Registered or TimelineEvent.Resumed => $"{at} {WireNames.Of(entry.By!.Value)}",
                TimelineEvent.Notified => $"{at} {WireNames.Of(entry.Trust!.Value)} {WireNames.Of(entry.Result!.Value)}{(entry.By is { } by ? $" by {WireNames.Of(by)}" : "")}",
                TimelineEvent.Polled => $"{at} {ReasonOf(entry)}: {entry.Answer}",
                TimelineEvent.Settled => $"{at} {WireNames.Of(entry.State!.Value)} {WireNames.Of(entry.By!.Value)}",
                TimelineEvent.Expired => $"{at} {ReasonOf(entry)}",
                _ => at,
            };
            return entry.Count is { } count ? $"{said}, {count} until {(entry.Until!.Value - Start).TotalSeconds}" : said;
        }
    }
}

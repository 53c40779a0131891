using System.Globalization;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>What a timeline keeps, and in how many bytes.</summary>
public sealed class TimelineTests
{
    private static readonly DateTimeOffset Start = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero).AddTicks(1_234_567);

    /// <summary>Every possible entry, long words included.</summary>
    private static readonly IReadOnlyList<string> AllBodies =
    [
        .. Enum.GetValues<TimelineCause>().SelectMany(by => new[] { TimelineText.Registered(by), TimelineText.Resumed(by) }),
        .. from trust in Enum.GetValues<Trust>() from result in Enum.GetValues<NotifiedResult>() select TimelineText.Notified(trust, result),
        .. from state in Enum.GetValues<JobState>() from cause in Enum.GetValues<SettledBy>() select TimelineText.Settled(state, cause),
        .. from cause in Enum.GetValues<SettledBy>() from answer in Enum.GetValues<PollAnswer>() select TimelineText.Expired(cause, answer),
        .. from answer in AllAnswers from reason in Reasons select TimelineText.Polled(answer, reason),
        TimelineText.Overdue,
        TimelineText.Stopped,
        TimelineText.Republished,
    ];

    private static IEnumerable<PollReason?> Reasons => [null, .. Enum.GetValues<PollReason>()];

    private static IEnumerable<StatusAnswer> AllAnswers =>
    [
        .. from answer in Enum.GetValues<PollAnswer>() from detail in new[] { null, "HTTP 612", new string('w', 500) } select new StatusAnswer(answer, Detail: detail),
        .. from progress in Enum.GetValues<JobProgress>() select Reported(JobFacts.None with { Progress = progress }),
        Reported(JobFacts.None with { Closed = true, Verdict = JobVerdict.Cancelled }),
        new(PollAnswer.Throttled, Asked: false),
    ];

    private static readonly Gen<IReadOnlyList<(int After, string Body)>> Histories =
        from count in Gen.Frequency((3, Gen.Choose(0, 20)), (2, Gen.Choose(60, 200)))
        from few in Gen.Choose(1, AllBodies.Count)
        from entries in (from after in Gen.Choose(-1000, 1_000_000) from body in Gen.Elements(AllBodies.Take(few)) select (after, body)).ListOf(count)
        select (IReadOnlyList<(int, string)>)[.. entries];

    [Fact]
    public void Every_entry_is_counted_and_the_first_and_the_last_are_kept() => Prop
        .ForAll(
            Arb.From(Histories),
            history =>
            {
                var expected = Runs(history);
                var timeline = Of(history);
                var entries = timeline.Read(Start);

                var kept = expected.Count <= 64 ? expected : [.. expected.Take(8), .. expected.TakeLast(56)];
                if (timeline.Text.Length <= Timeline.MostBytes / 2 && !entries.Select(one => (one.Count ?? 1, one.At)).SequenceEqual(kept.Select(one => (one.Times, Start.AddMilliseconds(one.At)))))
                    return false;
                return timeline.Omitted + entries.Sum(entry => entry.Count ?? 1) == history.Count
                    && entries.Take(8).Select(entry => entry.At).SequenceEqual(expected.Take(Math.Min(8, entries.Count)).Select(one => Start.AddMilliseconds(one.At)))
                    && (expected.Count == 0 || (entries[^1].Until ?? entries[^1].At) == Start.AddMilliseconds(history[^1].After))
                    && entries.Count <= 64
                    && Encoding.UTF8.GetByteCount(timeline.Text) <= Timeline.MostBytes
                    && timeline.Text.All(c => c is >= ' ' and <= '~' and not ('"' or '\\'));
            })
        .Check(PropertyConfig.Of(1000));

    [Fact]
    public void A_cut_timeline_says_how_much_is_missing_and_continues() => Prop
        .ForAll(
            Arb.From(from before in Histories from after in Histories select (before, after)),
            histories =>
            {
                var cut = Of(histories.before).Cut();
                var timeline = Of(histories.after, cut);
                return cut.Read(Start).Count == 0
                    && cut.Omitted == histories.before.Count
                    && cut.Cut() == cut
                    && timeline.Omitted + timeline.Read(Start).Sum(entry => entry.Count ?? 1) == histories.before.Count + histories.after.Count;
            })
        .Check(PropertyConfig.Of(300));

    [Fact]
    public void Entries_survive_a_round_trip()
    {
        Assert.All(AllBodies, body => Assert.NotNull(TimelineText.Read($"1000*3,2000{body}", Start)));
        foreach (var answer in AllAnswers)
        {
            foreach (var reason in Reasons)
            {
                var entry = Single(TimelineText.Polled(answer, reason));
                Assert.Equal((answer.InWords(), reason, answer.StateOfReport), (entry.Answer, entry.Reason, entry.State));
            }
        }

        foreach (var trust in (Trust[])[Trust.None, Trust.Weak, Trust.Strong])
        {
            foreach (var result in Enum.GetValues<NotifiedResult>())
            {
                var entry = Single(TimelineText.Notified(trust, result));
                Assert.Equal((trust, result, trust != Trust.Strong && result != NotifiedResult.Hint ? TimelineCause.Token : null), (entry.Trust!.Value, entry.Result!.Value, entry.By));
            }
        }

        foreach (var by in Enum.GetValues<TimelineCause>())
        {
            Assert.Equal((TimelineEvent.Registered, by), (Single(TimelineText.Registered(by)).What, Single(TimelineText.Registered(by)).By!.Value));
            Assert.Equal((TimelineEvent.Resumed, by), (Single(TimelineText.Resumed(by)).What, Single(TimelineText.Resumed(by)).By!.Value));
        }

        foreach (var state in Enum.GetValues<JobState>())
            Assert.Equal((state, TimelineCause.Poll), (Single(TimelineText.Settled(state, SettledBy.Poll)).State!.Value, Single(TimelineText.Settled(state, SettledBy.Poll)).By!.Value));
        Assert.Equal(
            [TimelineEvent.Overdue, TimelineEvent.Stopped, TimelineEvent.Republished],
            new[] { TimelineText.Overdue, TimelineText.Stopped, TimelineText.Republished }.Select(body => Single(body).What));
        Assert.Equal(3, new[] { (SettledBy.Deadline, PollAnswer.None), (SettledBy.Poll, PollAnswer.NotFound), (SettledBy.Poll, PollAnswer.OutOfScope) }
            .Select(one => Single(TimelineText.Expired(one.Item1, one.Item2)).Reason).Distinct().Count());
    }

    // As stored by version 0.2: this text must remain readable.
    [Theory]
    [InlineData("0rr", "+0 Registered Registration")]
    [InlineData("0rn|0nsr|0ssn", "+0 Registered Notification; +0 Notified Strong Recorded; +0 Settled Notification Succeeded")]
    [InlineData("0rh|0nnh|1500prhp|1500rp|9000*3,20000prpp|21000nnr|21000scn", "+0 Registered Hint; +0 Notified None Hint; +1.5 Polled hint 'the report: processing' Processing; +1.5 Registered Poll; +9 x3 until +20 Polled plan 'the report: processing' Processing; +21 Notified Token None Recorded; +21 Settled Notification Cancelled")]
    [InlineData("-20000pnf HTTP 612|+12|5eu|6ed|7eo|8x|9ur|10b|11o", "-20 Polled first 'HTTP 612: the status API does not know this id'; +0.005 Expired unknownId; +0.006 Expired deadline; +0.007 Expired outOfScope; +0.008 Stopped; +0.009 Resumed Registration; +0.01 Republished; +0.011 Overdue")]
    [InlineData("1pk-|2ptq|3pup no route|4pxz|5pot|6sfp|7sap|8nwl|9pra", "+0.001 Polled 'not asked, because the status API asked to slow down'; +0.002 Polled requested 'the status API asks to slow down'; +0.003 Polled plan 'no route'; +0.004 Polled restored 'the status API refused the request, or its answer could not be understood'; +0.005 Polled throttled 'the status API refused the request, or its answer could not be understood'; +0.006 Settled Poll Failed; +0.007 Settled Poll PartiallyFailed; +0.008 Notified Token Weak Late; +0.009 Polled failed 'a report'")]
    public void A_stored_timeline_is_read(string stored, string expected) =>
        Assert.Equal(expected, string.Join("; ", new Timeline(stored).Read(Start).Select(Written)));

    [Fact]
    public void Entries_of_a_later_version_are_skipped_kept_and_counted()
    {
        const string Later = "5*7,9?new words|6qq";
        var timeline = new Timeline($"0rr|{Later}").With(Start.AddSeconds(1), Start, TimelineText.Stopped);

        Assert.Equal($"0rr|{Later}|1000x", timeline.Text);
        Assert.Equal([TimelineEvent.Registered, TimelineEvent.Stopped], timeline.Read(Start).Select(entry => entry.What));
        Assert.Equal(10, timeline.Cut().Omitted);
    }

    [Theory]
    [InlineData("|||")]
    [InlineData("+")]
    [InlineData("+x|+99999999999")]
    [InlineData("0*99999999999999999999,1rr")]
    [InlineData("0*0,1rr|0*-3,1rr")]
    [InlineData("9223372036854775807rr|-9223372036854775808rr|99999999999999999999rr")]
    [InlineData("0|0r|0n|0ns|0p|0pr|0prp|0s|0e|0*|0*2|0*2,|rr|-|-rr| rr|0 rr")]
    [InlineData("0rr\u0000\ud800")]
    public void A_damaged_timeline_does_no_harm(string damaged)
    {
        var timeline = new Timeline(damaged);
        _ = (timeline.Read(Start), timeline.Read(DateTimeOffset.MinValue), timeline.Read(DateTimeOffset.MaxValue), timeline.Omitted, timeline.Cut());

        var after = Enumerable.Range(0, 200).Aggregate(timeline, (before, i) => before.With(Start.AddSeconds(i), Start, i % 2 == 0 ? TimelineText.Stopped : TimelineText.Overdue));

        Assert.Equal(TimelineEvent.Overdue, after.Read(Start)[^1].What);
    }

    [Theory]
    [InlineData("""{"a":["text",{"b":1}]}""")]
    [InlineData("[1]")]
    [InlineData("17")]
    [InlineData("null")]
    [InlineData("\"\"")]
    public void A_document_with_something_else_for_a_timeline_is_read_without_one(string value)
    {
        var job = JobDecider.Decide(new("media", "z0.a"), null, new DecisionInput.Registration(Job.NoMetadata, null), JobDeciderTests.Source, Start)!.Job;
        var stored = Encoding.UTF8.GetString(JobJson.Serialize(job));
        Assert.Contains("\"timeline\":\"0rr\"", stored, StringComparison.Ordinal);

        var read = JobJson.Deserialize(Encoding.UTF8.GetBytes(stored.Replace("\"0rr\"", value, StringComparison.Ordinal)));

        Assert.Equal(job with { Timeline = default }, read with { Metadata = job.Metadata });
        Assert.DoesNotContain("timeline", Encoding.UTF8.GetString(JobJson.Serialize(read)), StringComparison.Ordinal);
    }

    [Fact]
    public void Entries_longer_than_any_version_writes_are_removed()
    {
        var timeline = new Timeline(string.Join('|', Enumerable.Range(0, 10).Select(i => $"{i}?{new string('w', 2000)}"))).With(Start, Start, TimelineText.Stopped);

        Assert.InRange(timeline.Text.Length, 1, Timeline.MostBytes);
        Assert.Equal(11, timeline.Cut().Omitted);
    }

    private static List<(int Times, long At)> Runs(IReadOnlyList<(int After, string Body)> history)
    {
        var runs = new List<(int Times, long At)>();
        for (var i = 0; i < history.Count; i++)
        {
            if (i > 0 && history[i].Body == history[i - 1].Body)
                runs[^1] = runs[^1] with { Times = runs[^1].Times + 1 };
            else
                runs.Add((1, history[i].After));
        }

        return runs;
    }

    private static Timeline Of(IReadOnlyList<(int After, string Body)> history, Timeline before = default) =>
        history.Aggregate(before, (timeline, one) => timeline.With(Start.AddMilliseconds(one.After), Start, one.Body));

    private static TimelineEntry Single(string body) => Assert.Single(default(Timeline).With(Start, Start, body).Read(Start));

    private static StatusAnswer Reported(JobFacts facts) =>
        new(PollAnswer.Report, new() { Id = "z0.a", Channel = ReportChannel.Poll, Facts = facts });

    private static string Written(TimelineEntry entry) => string.Join(' ', new[]
    {
        After(entry.At),
        entry.Count is { } count ? $"x{count} until {After(entry.Until!.Value)}" : null,
        entry.What.ToString(),
        entry.By?.ToString(),
        entry.Trust?.ToString(),
        entry.Result?.ToString(),
        entry.Reason is { } reason ? WireNames.Of(reason) : null,
        entry.Answer is { } answer ? $"'{answer}'" : null,
        entry.State?.ToString(),
    }.Where(part => part is not null));

    private static string After(DateTimeOffset at) => (at - Start).TotalSeconds.ToString("+0.###;-0.###;+0", CultureInfo.InvariantCulture);
}

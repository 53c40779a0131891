using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Facts that a store may remove without affecting later reports.</summary>
public class FactsCutTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly FactsCut[] Cuts = [.. Enum.GetValues<FactsCut>().Where(cut => cut != FactsCut.None)];

    // Small enough to be checked often, and beyond both limits.
    private static readonly Gen<JobFacts> Reported =
        from count in Gen.Elements(0, 1, 2, 5, JobFacts.ItemsKept + 3)
        from states in Gen.Elements(Enum.GetValues<ItemState>()).ListOf(7)
        from outputs in Gen.Elements(0, 1, JobFacts.OutputsKept + 2)
        from hash in Gen.Elements(null, "h1", "h2")
        from error in Gen.Elements(null, "not a valid media", new string('e', 300), new string('e', 198) + "\U0001F600\uE000", new string('e', 199) + "\U0001F600!", new string('e', 199) + "\U0001F601", new string('e', 199) + "\uE000!", new string('e', 200))
        from result in Gen.Elements(null, Result(3), Result(400), Result(4_000), Result(4_001), $$"""{"text":"{{new string('t', 70_000)}}","verdict":"block"}""", Objects(3), Objects(400), Objects(4_000), "\"old\"")
        from closed in Gen.Elements(true, false)
        from verdict in Gen.Elements(JobVerdict.None, JobVerdict.None, JobVerdict.Succeeded, JobVerdict.Failed)
        from bucket in Gen.Elements(null, "a", "b")
        select (JobFacts.None with { Closed = closed, Verdict = verdict, Bucket = bucket, Raw = new(closed, "{}") }).WithItems(
            Enumerable.Range(0, count).Select(i => new ItemFacts
            {
                Command = $"c{i}",
                State = states[i % states.Count],
                Error = error,
                Result = i < 3 ? result : null,
                Outputs = [.. Enumerable.Range(0, i < 3 ? outputs : 0).Select(output => new OutputFacts { Key = $"k{output}", Hash = hash })],
            }));

    private static string Result(int frames) =>
        $$"""{"cuts":[{{string.Join(',', Enumerable.Range(0, frames).Select(i => $"{{\"offset\":{i},\"labels\":[1,2]}}"))}}],"verdict":"block"}""";

    private static string Objects(int frames) =>
        $$"""{"frames":{{{string.Join(',', Enumerable.Range(0, frames).Select(i => $"\"{i}\":{{\"offset\":{i},\"label\":\"normal\"}}"))}}},"verdict":"block"}""";

    private static readonly Gen<(JobFacts Known, JobFacts Report, FactsCut Cut)> Cases =
        from known in Reported
        from report in Reported
        from cut in Gen.Elements(Cuts)
        select (known, report, cut);

    [Fact]
    public void A_cut_does_not_change_the_counts_the_outcome_or_the_state() => Prop
        .ForAll(
            Arb.From(Cases),
            one =>
            {
                var whole = JobOf(one.Known);
                var cut = whole with { Facts = whole.Facts.CutTo(one.Cut) };
                return cut.Facts.Counts == whole.Facts.Counts && cut.State == whole.State && cut.IsSettled == whole.IsSettled;
            })
        .Check(PropertyConfig.Of(300));

    [Fact]
    public void The_report_whose_facts_were_cut_changes_nothing_when_repeated() => Prop
        .ForAll(
            Arb.From(Cases),
            one =>
            {
                var whole = JobOf(one.Known);
                var cut = whole with { Facts = whole.Facts.CutTo(one.Cut) };
                var again = cut.Apply(new() { Id = null, Channel = ReportChannel.Poll, Facts = one.Known }, Start.AddHours(1));
                return again.Job == cut && again.EventType is null;
            })
        .Check(PropertyConfig.Of(300));

    [Fact]
    public void While_items_are_kept_cutting_before_or_after_a_merge_makes_no_difference() => Prop
        .ForAll(
            Arb.From(Cases.Where(one => one.Cut < FactsCut.Items)),
            one => one.Known.CutTo(one.Cut).Join(one.Report) == one.Known.Join(one.Report).CutTo(one.Cut)
                && one.Report.Join(one.Known.CutTo(one.Cut)) == one.Known.CutTo(one.Cut).Join(one.Report))
        .Check(PropertyConfig.Of(300));

    [Theory]
    [InlineData(198, 200)]
    [InlineData(199, 201)]
    public void A_surrogate_pair_at_the_end_of_a_long_error_stays_whole(int before, int kept)
    {
        var error = string.Concat(Enumerable.Repeat('e', before)) + "\U0001F600 and more";

        var cut = new ItemFacts { Command = "c", State = ItemState.Failed, Error = error }.CutTo(FactsCut.Details);

        Assert.Equal(error[..kept], cut.Error);
        Assert.EndsWith("\U0001F600", cut.Error, StringComparison.Ordinal);
        Assert.True(cut.ErrorCut);
        Assert.Equal(cut, cut.CutTo(FactsCut.Details));
    }

    [Fact]
    public void A_character_beyond_the_surrogates_stays_at_the_end_of_a_long_error()
    {
        var error = new string('文', 199) + "！ and more";

        Assert.Equal(error[..200], new ItemFacts { Command = "c", State = ItemState.Failed, Error = error }.CutTo(FactsCut.Details).Error);
    }

    [Fact]
    public void A_later_report_of_all_items_brings_its_counts_even_if_items_are_cut()
    {
        foreach (var cut in Cuts)
        {
            var running = JobOf(Listing(ItemState.Processing, closed: false));
            var job = running with { Facts = running.Facts.CutTo(cut) };
            Assert.Equal(JobState.Processing, job.State);

            var change = job.Apply(
                new() { Id = null, Channel = ReportChannel.Notification, Facts = Listing(ItemState.Succeeded, closed: true) }, Start.AddHours(1));

            Assert.Equal(JobState.Succeeded, change.Job.State);
            Assert.Equal(JobEvent.SettledType, change.EventType);
            Assert.Equal(new JobCounts(5000, 5000, 0, 0), change.Job.Facts.Counts);
            Assert.Equal(cut, change.Job.Facts.Cut);
            Assert.Equal(cut >= FactsCut.Outputs, change.Job.ToRecord().Truncated);
        }
    }

    [Fact]
    public void A_cut_job_survives_a_round_trip_and_an_uncut_job_has_no_mark_of_a_cut()
    {
        var job = JobOf(Listing(ItemState.Failed, closed: true));
        var cut = job with { Facts = job.Facts.CutTo(FactsCut.Texts) };

        var read = JobJson.Deserialize(JobJson.Serialize(cut));

        Assert.Equal(cut, read with { Metadata = cut.Metadata });
        Assert.Equal(5000, read.Facts.Counts.Failed);
        Assert.DoesNotContain("cut", System.Text.Encoding.UTF8.GetString(JobJson.Serialize(job)), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_job_never_goes_back_in_time_whatever_the_clock_of_the_machine_says()
    {
        var job = JobOf(Listing(ItemState.Processing, closed: false));

        var change = job.Apply(new() { Id = null, Channel = ReportChannel.Poll, Facts = Listing(ItemState.Succeeded, closed: true) }, Start.AddHours(-1));

        Assert.Equal(job.UpdatedAt, change.Job.UpdatedAt);
        Assert.Equal(job.UpdatedAt, change.Job.SettledAt);
        Assert.Equal(job.UpdatedAt, change.Job.Republish(Start.AddHours(-2)).Job.UpdatedAt);
    }

    private static JobFacts Listing(ItemState state, bool closed) => (JobFacts.None with { Closed = closed, Bucket = "b" }).WithItems(
        Enumerable.Range(0, 5000).Select(i => new ItemFacts { Command = $"copy/{i}", State = state, Outputs = [new() { Key = $"{i}" }] }));

    private static Job JobOf(JobFacts facts)
    {
        var watch = new Watch { StartedAt = Start, Deadline = Start.AddDays(9) };
        return Job.New(new("media", "a"), ProviderKind.Qiniu, JobOrigin.Registration, watch, Start)
            .Apply(new() { Id = null, Channel = ReportChannel.Notification, Facts = facts }, Start).Job;
    }
}

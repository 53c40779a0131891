using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Merging reports is a join: commutative, associative, idempotent.</summary>
public class JobJoinTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<OutputFacts> Outputs =
        from key in Gen.Elements("a", "b", "c")
        from hash in Gen.Elements(null, "h1", "h2")
        from size in Gen.Elements<long?>(null, 1, 2)
        select new OutputFacts { Bucket = "bucket", Key = key, Hash = hash, Size = size };

    private static readonly Gen<ItemFacts> Items =
        from command in Gen.Elements("avthumb/mp4", "vframe/jpg", "avinfo")
        from state in Gen.Elements(Enum.GetValues<ItemState>())
        from error in Gen.Elements(null, "not a valid media", "timed out")
        from reused in Gen.Elements<bool?>(null, false, true)
        from outputs in Outputs.ListOf(2)
        from result in Gen.Elements(null, "{}", "[1,2]", "\"text\"")
        from cut in Gen.Elements(null, null, new ResultCut { Whole = ResultCut.HashOf("[1,2,3]"), Parts = [new("") { Elements = 1 }] }, new ResultCut { Whole = ResultCut.HashOf("[1,2,4]"), Parts = [new("") { Elements = 1 }] })
        from errorCut in Gen.Elements(false, true)
        from outputsCut in Gen.Elements(false, true)
        from input in Gen.Elements(null, new InputFacts { Key = "i" }, new InputFacts { Bucket = "b", Key = "i" })
        select new ItemFacts { Command = command, State = state, Error = error, ReusedOldOutput = reused, Input = input, Outputs = [.. outputs], Result = result, ResultCut = result == "[1,2]" ? cut : null, ErrorCut = errorCut && error is not null, OutputsCut = outputsCut };

    private static readonly Gen<JobReport> Reports =
        from count in Gen.Choose(0, 4)
        from items in Items.ListOf(count)
        from closed in Gen.Frequency((3, Gen.Constant(false)), (2, Gen.Constant(true)))
        from progress in Gen.Elements(Enum.GetValues<JobProgress>())
        from verdict in Gen.Elements(JobVerdict.None, JobVerdict.None, JobVerdict.None, JobVerdict.Succeeded, JobVerdict.Failed, JobVerdict.Cancelled)
        from delivery in Gen.Elements(Enum.GetValues<NotificationDelivery>())
        from channel in Gen.Elements(Enum.GetValues<ReportChannel>())
        from requestId in Gen.Elements(null, "r1", "r2")
        from body in Gen.Elements("{}", """{"code":0}""", """{"code":3}""")
        select new JobReport
        {
            Id = "id",
            Channel = channel,
            Facts = (JobFacts.None with
            {
                Closed = closed,
                Progress = progress,
                Verdict = verdict,
                Delivery = delivery,
                RequestId = requestId,
                Raw = new(closed, body),
            }).WithItems(items),
        };

    private static readonly Gen<IReadOnlyList<JobReport>> Histories =
        from count in Gen.Choose(0, 6)
        from reports in Reports.ListOf(count)
        select (IReadOnlyList<JobReport>)[.. reports];

    [Fact]
    public void Any_order_and_any_repetition_of_reports_end_in_the_same_job() => Prop
        .ForAll(
            Arb.From(
                from reports in Histories
                from repeated in Gen.Choose(0, 3)
                from repetitions in reports.Count == 0 ? Gen.Constant<IReadOnlyList<JobReport>>([]) : Repeated(reports, repeated)
                from shuffled in Gen.Shuffle(reports.Concat(repetitions).ToArray())
                select (reports, shuffled)),
            history =>
            {
                var inOrder = Fold(history.reports);
                var shuffled = Fold(history.shuffled);
                return inOrder.Facts == shuffled.Facts
                    && inOrder.State == shuffled.State
                    && inOrder.Facts.Counts == shuffled.Facts.Counts;
            })
        .Check(PropertyConfig.Of(3000));

    [Fact]
    public void Merging_is_associative() => Prop
        .ForAll(
            Arb.From(from a in Reports from b in Reports from c in Reports select (a.Facts, b.Facts, c.Facts)),
            facts =>
            {
                var (a, b, c) = facts;
                return a.Join(b).Join(c) == a.Join(b.Join(c));
            })
        .Check(PropertyConfig.Of(3000));

    [Fact]
    public void An_outcome_never_returns_to_running_and_versions_only_grow() => Prop
        .ForAll(
            Arb.From(Histories),
            reports =>
            {
                var job = New();
                foreach (var report in reports)
                {
                    var next = job.Apply(report, Start).Job;
                    var same = next.Facts == job.Facts && next.Origin == job.Origin;
                    if (job.HasOutcome && !next.HasOutcome)
                        return false;
                    if (job.Facts.Items.Any(item => next.Facts.Items.Single(later => later.Identity == item.Identity).State < item.State))
                        return false;
                    if (next.Version != (same ? job.Version : job.Version + 1))
                        return false;
                    job = next;
                }

                return true;
            })
        .Check(PropertyConfig.Of(3000));

    [Fact]
    public void A_job_publishes_exactly_when_its_outcome_or_its_items_move() => Prop
        .ForAll(
            Arb.From(Histories),
            reports =>
            {
                var job = New();
                foreach (var report in reports)
                {
                    var change = job.Apply(report, Start);
                    var settledNow = change.Job.IsSettled && (!job.IsSettled || change.Job.State != job.State);
                    if (settledNow && change.EventType != JobEvent.SettledType)
                        return false;
                    if (!change.Job.IsSettled && change.EventType == JobEvent.SettledType)
                        return false;
                    if (change.Job.Version == job.Version && change.EventType is not null)
                        return false;
                    if (change.Job.HasOutcome && change.Job.Watch.DueAt is not null)
                        return false;
                    job = change.Job;
                }

                return true;
            })
        .Check(PropertyConfig.Of(3000));

    [Fact]
    public void A_stale_report_after_the_outcome_publishes_nothing()
    {
        var done = Report(closed: true, Item("a", ItemState.Succeeded));
        var stale = Report(closed: false, Item("a", ItemState.Processing)) with { Channel = ReportChannel.Poll };
        var settled = New().Apply(done, Start).Job;

        var late = settled.Apply(stale with { Facts = stale.Facts with { Progress = JobProgress.Processing } }, Start);

        Assert.Null(late.EventType);
        Assert.Equal(settled, late.Job);
    }

    [Fact]
    public void Items_are_shown_in_the_order_of_the_report_that_concluded_the_job()
    {
        var running = Report(closed: false, Item("b", ItemState.Processing), Item("a", ItemState.Processing), Item("c", ItemState.Processing));
        var done = Report(closed: true, Item("c", ItemState.Succeeded), Item("a", ItemState.Failed), Item("c", ItemState.Failed), Item("b", ItemState.Skipped));
        var extra = Report(closed: false, Item("0", ItemState.Succeeded));

        Assert.Equal(["a", "b", "c"], Shown(Fold([running])));
        Assert.Equal(["c", "a", "c", "b"], Shown(Fold([running, done])));
        Assert.Equal(["c", "a", "c", "b", "0"], Shown(Fold([extra, done, running])));
        Assert.Equal([ItemState.Succeeded, ItemState.Failed], Fold([done]).ToRecord().Items.Where(item => item.Command == "c").Select(item => item.State));
    }

    [Fact]
    public void Of_two_concluding_reports_the_order_that_compares_first_is_shown()
    {
        var some = Report(closed: true, Item("b", ItemState.Succeeded), Item("a", ItemState.Succeeded), Item("c", ItemState.Succeeded));
        var other = Report(closed: true, Item("b", ItemState.Succeeded), Item("c", ItemState.Succeeded), Item("a", ItemState.Succeeded));
        var longer = Report(closed: true, Item("b", ItemState.Succeeded), Item("a", ItemState.Succeeded), Item("c", ItemState.Succeeded), Item("a", ItemState.Failed));

        Assert.Equal(["b", "a", "c"], Shown(Fold([some, other])));
        Assert.Equal(["b", "a", "c"], Shown(Fold([other, some])));
        Assert.Equal(["b", "a", "c", "a"], Shown(Fold([longer, some])));
        Assert.Equal(Fold([some, longer, other]).Facts, Fold([other, longer, some]).Facts);
        Assert.Equal(Fold([some]).Facts, JobJson.Deserialize(JobJson.Serialize(Fold([some]))).Facts);
    }

    [Theory]
    [InlineData(JobState.Succeeded, ItemState.Succeeded, ItemState.Succeeded)]
    [InlineData(JobState.Succeeded, ItemState.Succeeded, ItemState.Skipped)]
    [InlineData(JobState.PartiallyFailed, ItemState.Succeeded, ItemState.Failed)]
    [InlineData(JobState.Failed, ItemState.Failed, ItemState.Failed)]
    [InlineData(JobState.Failed, ItemState.Failed, ItemState.Skipped)]
    [InlineData(JobState.Processing, ItemState.Succeeded, ItemState.Processing)]
    [InlineData(JobState.Processing, ItemState.Succeeded, ItemState.Waiting)]
    [InlineData(JobState.Processing, ItemState.Succeeded, ItemState.Unknown)]
    public void The_items_of_a_closed_job_determine_its_outcome(JobState expected, ItemState first, ItemState second)
    {
        var job = New().Apply(Report(closed: true, Item("a", first), Item("b", second)), Start).Job;

        Assert.Equal(expected, job.State);
    }

    [Fact]
    public void A_closed_job_without_items_is_not_done_unless_it_failed()
    {
        var bogus = New().Apply(Report(closed: true), Start).Job;
        Assert.False(bogus.IsSettled);

        var failed = Report(closed: true);
        Assert.Equal(JobState.Failed, New().Apply(failed with { Facts = failed.Facts with { Verdict = JobVerdict.Failed } }, Start).Job.State);
    }

    [Fact]
    public void A_job_that_is_not_closed_stays_open_even_if_all_known_items_are_over()
    {
        var job = New().Apply(Report(closed: false, Item("a", ItemState.Succeeded)), Start).Job;

        Assert.Equal(JobState.Processing, job.State);
        Assert.False(job.IsSettled);
    }

    [Fact]
    public void A_command_that_the_closing_report_omits_keeps_no_job_open()
    {
        var running = Report(closed: false, Item("a", ItemState.Processing), Item("a", ItemState.Processing));
        var done = Report(closed: true, Item("a", ItemState.Succeeded));

        Assert.Equal(JobState.Succeeded, Fold([running, done]).State);
        Assert.Equal(JobState.Succeeded, Fold([done, running]).State);
    }

    [Theory]
    [InlineData(ItemState.Processing)]
    [InlineData(ItemState.Succeeded)]
    public void Equal_commands_have_the_outputs_of_the_concluding_report_whichever_was_reported_first(ItemState other)
    {
        var second = Report(closed: false, Item("a", ItemState.Succeeded, "o2"), Item("a", other, other == ItemState.Succeeded ? "o3" : null), Item("b", ItemState.Succeeded, "o4"));
        var done = Report(closed: true, Item("a", ItemState.Succeeded, "o1"), Item("a", ItemState.Succeeded, "o2"), Item("b", ItemState.Succeeded, "o5"));

        foreach (var order in (JobReport[][])[[second, done], [done, second], [second, done, second, done]])
        {
            var items = Fold(order).ToRecord().Items.Select(item => (item.Command, string.Join(',', item.Outputs.Select(output => output.Key))));
            Assert.Equal([("a", "o1"), ("a", "o2"), ("b", "o4,o5")], items);
        }

        Assert.Equal(Fold([done]).Facts, JobJson.Deserialize(JobJson.Serialize(Fold([done]))).Facts);
    }

    [Fact]
    public void A_closing_report_with_only_skipped_commands_is_not_an_outcome_unless_the_job_has_one()
    {
        var skipped = Report(closed: true, Item("a", ItemState.Skipped), Item("b", ItemState.Skipped));

        Assert.False(Fold([skipped]).IsSettled);
        Assert.Equal(JobState.Succeeded, Fold([skipped with { Facts = skipped.Facts with { Verdict = JobVerdict.Succeeded } }]).State);
        Assert.Equal(JobState.Failed, Fold([skipped with { Facts = skipped.Facts with { Verdict = JobVerdict.Failed } }]).State);
    }

    [Fact]
    public void The_same_command_twice_is_two_items_in_any_order()
    {
        var some = Report(closed: false, Item("a", ItemState.Processing), Item("a", ItemState.Succeeded));
        var other = Report(closed: false, Item("a", ItemState.Succeeded), Item("a", ItemState.Processing));

        var job = Fold([some, other]);

        Assert.Equal(new JobCounts(2, 1, 0, 1), job.Facts.Counts);
    }

    [Fact]
    public void A_genuine_outcome_supersedes_an_expiry()
    {
        var expired = New().GiveUp(SettledBy.Deadline, Start);
        Assert.Equal(JobState.Expired, expired.Job.State);
        Assert.Equal(JobEvent.SettledType, expired.EventType);

        var superseded = expired.Job.Apply(Report(closed: true, Item("a", ItemState.Failed)), Start.AddDays(1));

        Assert.Equal(JobState.Failed, superseded.Job.State);
        Assert.Equal(SettledBy.Notification, superseded.Job.SettledBy);
        Assert.Equal(Start.AddDays(1), superseded.Job.SettledAt);
        Assert.Equal(JobEvent.SettledType, superseded.EventType);
        Assert.True(superseded.Job.Version > expired.Job.Version);
    }

    [Fact]
    public void A_report_that_does_not_settle_leaves_a_given_up_job_expired_and_publishes_nothing()
    {
        var expired = New().GiveUp(SettledBy.Deadline, Start).Job;

        var change = expired.Apply(Report(closed: false, Item("a", ItemState.Processing)), Start);

        Assert.Equal(JobState.Expired, change.Job.State);
    }

    [Fact]
    public void A_job_named_only_by_a_hint_publishes_nothing_until_it_is_claimed()
    {
        var hinted = New() with { Origin = JobOrigin.Hint };
        var givenUp = hinted.GiveUp(SettledBy.Poll, Start);
        Assert.Null(givenUp.EventType);

        // The status API may have been queried before the job was submitted.
        var registered = givenUp.Job.Register(new Dictionary<string, string>(), Start);
        Assert.False(registered.Job.IsSettled);

        var running = givenUp.Job.Apply(Report(closed: false, Item("a", ItemState.Processing)), Start);
        Assert.Equal((JobState.Processing, JobEvent.ProgressedType), (running.Job.State, running.EventType));

        var reported = givenUp.Job.Apply(Report(closed: true, Item("a", ItemState.Succeeded)), Start);
        Assert.Equal(JobEvent.SettledType, reported.EventType);
    }

    [Fact]
    public void Registering_again_changes_nothing_and_new_metadata_is_added()
    {
        var once = New() with { Origin = JobOrigin.Report };
        once = once.Register(new Dictionary<string, string> { ["lesson"] = "42" }, Start).Job;

        var twice = once.Register(new Dictionary<string, string> { ["lesson"] = "42" }, Start.AddDays(1));
        Assert.Equal(once, twice.Job);
        Assert.Null(twice.EventType);

        var more = once.Register(new Dictionary<string, string> { ["course"] = "7" }, Start.AddDays(1)).Job;
        Assert.Equal(["course", "lesson"], more.Metadata.Keys);
        Assert.Equal(once.Version + 1, more.Version);
    }

    private static IEnumerable<string> Shown(Job job) => job.ToRecord().Items.Select(item => item.Command);

    private static Gen<IReadOnlyList<JobReport>> Repeated(IReadOnlyList<JobReport> reports, int count) =>
        Gen.Elements<JobReport>(reports).ListOf(count).Select(repeated => (IReadOnlyList<JobReport>)[.. repeated]);

    private static Job Fold(IEnumerable<JobReport> reports) => reports.Aggregate(New(), (job, report) => job.Apply(report, Start).Job);

    private static Job New() =>
        Job.New(new("media", "id"), ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = Start, Deadline = Start.AddDays(9), DueAt = Start }, Start);

    private static JobReport Report(bool closed, params ItemFacts[] items) => new()
    {
        Id = "id",
        Channel = ReportChannel.Notification,
        Facts = (JobFacts.None with { Closed = closed }).WithItems(items),
    };

    private static ItemFacts Item(string command, ItemState state, string? output = null) =>
        new() { Command = command, State = state, Outputs = output is null ? [] : [new() { Key = output }] };
}

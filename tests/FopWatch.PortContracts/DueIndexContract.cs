using FopWatch.Jobs;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>The contract of <see cref="IDueIndex"/>.</summary>
public abstract class DueIndexContract : StoreContract<IDueIndex>
{
    [Fact]
    public async Task Jobs_are_due_from_their_time_and_the_longest_due_come_first()
    {
        await CommitAsync(Sample.Job("second").DueAt(Sample.Start.AddMinutes(2)).New());
        await CommitAsync(Sample.Job("third").DueAt(Sample.Start.AddMinutes(3)).New());
        await CommitAsync(Sample.Job("first").DueAt(Sample.Start.AddMinutes(1)).New());

        Assert.Empty(await DueAsync(Sample.Start.AddMinutes(1).AddTicks(-1)));
        Assert.Equal(["first"], await DueAsync(Sample.Start.AddMinutes(1)));
        Assert.Equal(["first", "second"], await DueAsync(Sample.Start.AddMinutes(2)));
        Assert.Equal(["first", "second", "third"], await DueAsync(Sample.Start.AddDays(1)));
    }

    [Fact]
    public async Task Every_source_has_its_own_due_jobs()
    {
        await CommitAsync(Sample.Job("a", "media").New());
        await CommitAsync(Sample.Job("b", "other").DueAt(Sample.Start.AddHours(5)).New());

        Assert.Equal([new DueJob(new("media", "a"), Sample.Start.AddMinutes(2))], await Port.DueAsync("media", Sample.Start.AddDays(1), 10, Cancelled));
        Assert.Equal([new DueJob(new("other", "b"), Sample.Start.AddHours(5))], await Port.DueAsync("other", Sample.Start.AddDays(1), 10, Cancelled));
        Assert.Empty(await Port.DueAsync("med", Sample.Start.AddDays(1), 10, Cancelled));
        Assert.Equal(Sample.Start.AddMinutes(2), await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
        Assert.Equal(Sample.Start.AddHours(5), await Port.NextDueAsync("other", DateTimeOffset.MinValue, Cancelled));
    }

    [Fact]
    public async Task A_job_moves_in_the_index_with_its_commits()
    {
        var job = Sample.Job("a");
        var etag = await CommitAsync(job.New());
        Assert.Equal(Sample.Start.AddMinutes(2), await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));

        job = job.DueAt(Sample.Start.AddHours(1));
        etag = await CommitAsync(new(job, etag, null));
        Assert.Empty(await DueAsync(Sample.Start.AddMinutes(59)));
        Assert.Equal(Sample.Start.AddHours(1), await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));

        // A hint makes it due immediately.
        job = job.DueAt(Sample.Start.AddMinutes(10));
        etag = await CommitAsync(new(job, etag, null));
        Assert.Equal(["a"], await DueAsync(Sample.Start.AddMinutes(10)));

        await CommitAsync(job.Settled().On(etag));
        Assert.Empty(await DueAsync(Sample.Start.AddYears(1)));
        Assert.Null(await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
    }

    [Fact]
    public async Task A_stopped_job_is_not_due_until_it_is_watched_again()
    {
        var job = Sample.Job("a");
        var etag = await CommitAsync(job.New());

        etag = await CommitAsync(new(job.Stopped(), etag, null));
        Assert.Null(await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));

        await CommitAsync(new(job, etag, null));
        Assert.Equal(["a"], await DueAsync(Sample.Start.AddMinutes(2)));
    }

    [Fact]
    public async Task A_job_that_was_given_up_is_due_once_it_is_watched_again()
    {
        var etag = await CommitAsync(Sample.Job("a").Expired().On(null));
        Assert.Null(await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));

        etag = await CommitAsync(new(Sample.Job("a").ExpiredAndWatched(TimeSpan.FromMinutes(5)).Job, etag, null));
        Assert.Equal(["a"], await DueAsync(Sample.Start.AddMinutes(5)));
        Assert.Equal(Sample.Start.AddMinutes(5), await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));

        await CommitAsync(Sample.Job("a").ExpiredAndWatched().Job.Settled().On(etag));
        Assert.Null(await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
    }

    [Fact]
    public async Task A_refused_commit_does_not_move_a_job()
    {
        var job = Sample.Job("a");
        var first = await CommitAsync(job.New());
        await CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), first, null));

        Assert.Null(await Jobs.CommitAsync(new(job.DueAt(Sample.Start.AddHours(9)), first, null), Cancelled));
        Assert.Null(await Jobs.CommitAsync(job.Settled().On(first), Cancelled));

        Assert.Equal(Sample.Start.AddHours(1), await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
        Assert.Equal(["a"], await DueAsync(Sample.Start.AddHours(1)));
    }

    [Fact]
    public async Task No_more_due_jobs_are_returned_than_requested()
    {
        for (var i = 0; i < 5; i++)
            await CommitAsync(Sample.Job($"j{i}").DueAt(Sample.Start.AddSeconds(i)).New());

        var due = await Port.DueAsync("media", Sample.Start.AddHours(1), 3, Cancelled);

        Assert.Equal(["j0", "j1", "j2"], due.Select(job => job.Key.Id));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public async Task Pages_of_due_jobs_continue_past_jobs_that_are_due_at_the_same_time(int length)
    {
        foreach (var (id, second) in ((string, int)[])[("b", 1), ("a", 2), ("c", 2), ("a.b", 2), ("d", 3)])
            await CommitAsync(Sample.Job(id).DueAt(Sample.Start.AddSeconds(second)).New());

        var (found, last) = (new List<DueJob>(), (DueJob?)null);
        while (await Port.DueAsync("media", last, Sample.Start.AddHours(1), length, Cancelled) is { Count: > 0 } page)
        {
            found.AddRange(page);
            last = page[^1];
        }

        Assert.Equal(["b", "a", "a.b", "c", "d"], found.Select(job => job.Key.Id));
        Assert.Equal(["d"], await BetweenAsync(2, 3));
        Assert.Equal(["a", "a.b", "c"], await BetweenAsync(1, 2));
        Assert.Empty(await BetweenAsync(3, 9));

        async Task<List<string>> BetweenAsync(int after, int by)
        {
            var between = new List<string>();
            await foreach (var job in Port.DueBetweenAsync("media", Sample.Start.AddSeconds(after), Sample.Start.AddSeconds(by), Cancelled))
                between.Add(job.Key.Id);
            return between;
        }
    }

    [Fact]
    public async Task The_time_of_the_next_due_job_is_exact_and_after_the_given_one()
    {
        Assert.Null(await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));

        var (first, second) = (Sample.Start.AddTicks(1_234_567), Sample.Start.AddTicks(1_234_568));
        await CommitAsync(Sample.Job("b").DueAt(second).New());
        await CommitAsync(Sample.Job("a").DueAt(first.ToOffset(TimeSpan.FromHours(8))).New());
        await CommitAsync(Sample.Job("c", "other").DueAt(second.AddDays(1)).New());

        Assert.Equal(first, await Port.NextDueAsync("media", DateTimeOffset.MinValue, Cancelled));
        Assert.Equal(first, await Port.NextDueAsync("media", first.AddTicks(-1), Cancelled));
        Assert.Equal(second, await Port.NextDueAsync("media", first, Cancelled));
        Assert.Null(await Port.NextDueAsync("media", second, Cancelled));
    }

    [Fact]
    public async Task Polls_postponed_by_a_clock_that_was_ahead_are_brought_forward_and_deliberately_late_ones_are_not()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new ObservedRecorder(Jobs, time);
        var (recorder, source) = (recording.Recorder, recording.Source);
        var far = new ClockSkewRepair(recording.Sources, Jobs, Port, recorder, new(), time);

        // More than one step looks at, and due before the ones it looks for.
        for (var i = 0; i < ClockSkewRepair.AtOnce + 5; i++)
            await recorder.RegisterAsync(source, $"later{i}", Job.NoMetadata, TimeSpan.FromDays(1), Cancelled);
        var polled = await recorder.RegisterAsync(source, "polled", Job.NoMetadata, null, Cancelled);
        time.Ahead = TimeSpan.FromDays(5);
        await recorder.PolledAsync(
            (await Jobs.FindAsync(polled.Key, Cancelled))!, new(PollAnswer.Unavailable), CommitCause.Watch, Cancelled);
        await recorder.RegisterAsync(source, "registered", Job.NoMetadata, null, Cancelled);
        time.Ahead = TimeSpan.Zero;
        Assert.Empty(await DueAsync(Sample.Start.AddHours(1)));

        var brought = new List<int>();
        for (var i = 0; i < 4; i++)
            brought.Add(await far.BringForwardAsync(Cancelled));
        Assert.Equal([0, 2, 0, 0], brought);

        Assert.Equal(["polled", "registered"], (await DueAsync(Sample.Start + PollPlan.LongestWait(source.Poll))).Order());
        Assert.Equal(ClockSkewRepair.AtOnce + 7, (await Port.DueAsync("media", Sample.Start.AddDays(1), 1000, Cancelled)).Count);
        var registered = (await Jobs.FindAsync(new("media", "registered"), Cancelled))!.Job;
        Assert.Equal((Sample.Start, Sample.Start + source.Poll.Deadline), (registered.Watch.StartedAt, registered.Watch.Deadline));
    }

    [Fact]
    public async Task All_polls_postponed_by_a_clock_that_was_ahead_are_brought_forward_at_once_however_many_there_are()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new ObservedRecorder(Jobs, time);
        const int Count = (2 * ClockSkewRepair.AtOnce) + 20;
        time.Ahead = TimeSpan.FromDays(30);
        for (var i = 0; i < Count; i++)
            await recording.Recorder.RegisterAsync(recording.Source, $"job{i}", Job.NoMetadata, null, Cancelled);
        time.Ahead = TimeSpan.Zero;

        Assert.Equal(Count, await new ClockSkewRepair(recording.Sources, Jobs, Port, recording.Recorder, new(), time).BringForwardAsync(Cancelled));

        Assert.Equal(Count, (await Port.DueAsync("media", Sample.Start + recording.Source.Poll.First, 1000, Cancelled)).Count);
    }

    [Fact]
    public async Task A_poll_postponed_to_the_same_moment_as_more_others_than_a_step_covers_is_brought_forward()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new ObservedRecorder(Jobs, time);
        var far = new ClockSkewRepair(recording.Sources, Jobs, Port, recording.Recorder, new(), time);
        for (var i = 0; i < ClockSkewRepair.AtOnce + 5; i++)
            await recording.Recorder.RegisterAsync(recording.Source, $"a{i}", Job.NoMetadata, TimeSpan.FromDays(6), Cancelled);
        time.Ahead = TimeSpan.FromDays(5);
        await recording.Recorder.RegisterAsync(recording.Source, "z", Job.NoMetadata, TimeSpan.FromDays(1), Cancelled);
        time.Ahead = TimeSpan.Zero;
        Assert.Equal([Sample.Start.AddDays(6)], (await Port.DueAsync("media", DateTimeOffset.MaxValue, 1000, Cancelled)).Select(job => job.DueAt).Distinct());

        Assert.Equal((0, 1), (await far.BringForwardAsync(Cancelled), await far.BringForwardAsync(Cancelled)));

        Assert.Equal(["z"], await DueAsync(Sample.Start.AddDays(6).AddTicks(-1)));
    }

    private async Task<IEnumerable<string>> DueAsync(DateTimeOffset now) =>
        (await Port.DueAsync("media", now, 100, Cancelled)).Select(job => job.Key.Id);
}

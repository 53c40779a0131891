using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>How every <see cref="IJobStore"/> finds and commits jobs.</summary>
public abstract class JobStoreContract : StoreContract<IJobStore>
{
    protected override IJobStore Jobs => Port;

    [Fact]
    public async Task A_job_that_was_never_committed_is_not_found()
    {
        await CommitAsync(Sample.Job("a").New());

        Assert.Null(await Port.FindAsync(new("media", "b"), Cancelled));
        Assert.Null(await Port.FindAsync(new("other", "a"), Cancelled));
    }

    [Fact]
    public async Task A_committed_job_is_found_whole_with_the_ETag_of_its_commit()
    {
        var job = Sample.Job("a").PartiallyFailed(TimeSpan.FromTicks(12_345_678_901)).Job;

        var etag = await CommitAsync(job.New());
        var stored = await Port.FindAsync(job.Key, Cancelled);

        Assert.Equal(etag, stored?.ETag);
        AssertSame(job, stored?.Job);
    }

    [Fact]
    public async Task A_jobs_polls_are_counted_over_all_its_watches_and_the_waits_start_over()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new ObservedRecorder(Port, time);
        var (recorder, source) = (recording.Recorder, recording.Source);
        var job = await recorder.RegisterAsync(source, "a", Job.NoMetadata, null, Cancelled);
        for (var i = 0; i < 3; i++)
            await PollAsync();
        Assert.Equal(3, job.ToRecord().Polls);

        // Stopped twice, and registered again each time.
        for (var i = 0; i < 2; i++)
        {
            await recorder.StopAsync(job.Key, Cancelled);
            await recorder.RegisterAsync(source, "a", Job.NoMetadata, null, Cancelled);
            job = (await Port.FindAsync(job.Key, Cancelled))!.Job;
            Assert.Equal((3, time.GetUtcNow() + source.Poll.First), (job.ToRecord().Polls, job.Watch.DueAt));
        }

        await PollAsync();
        Assert.Equal(4, job.ToRecord().Polls);
        Assert.InRange(job.Watch.DueAt!.Value - time.GetUtcNow(), 1.3 * source.Poll.First, 1.7 * source.Poll.First);

        async Task PollAsync()
        {
            var asked = (await Port.FindAsync(job.Key, Cancelled))!;
            job = (await recorder.PolledAsync(asked, new(PollAnswer.Unavailable), CommitCause.Watch, Cancelled))!;
        }
    }

    [Fact]
    public async Task A_job_keeps_its_history_and_why_its_next_poll_is_due()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new ObservedRecorder(Port, time);
        var (recorder, source) = (recording.Recorder, recording.Source);
        var key = (await recorder.RegisterAsync(source, "a", Job.NoMetadata, null, Cancelled)).Key;
        Assert.Equal(PollReason.First, (await StoredAsync()).Watch.Reason);
        for (var i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromMinutes(10));
            await recorder.PolledAsync((await Port.FindAsync(key, Cancelled))!, new(PollAnswer.NotFound, Detail: "HTTP 612"), CommitCause.Watch, Cancelled);
        }

        await recorder.HintAsync(source, "a", Cancelled);
        Assert.Equal((JobState.Expired, PollReason.Hint), ((await StoredAsync()).State, (await StoredAsync()).Watch.Reason));
        await recorder.ReportAsync(source, "a", Sample.Succeeded(ReportChannel.Notification), null, Cancelled);
        await recorder.ReportAsync(source, "a", Sample.Succeeded(ReportChannel.Notification), null, Cancelled);

        var job = await StoredAsync();
        Assert.Equal(
            [
                (TimelineEvent.Registered, 0, 1),
                (TimelineEvent.Polled, 10, 1),
                (TimelineEvent.Polled, 20, 2),
                (TimelineEvent.Expired, 30, 1),
                (TimelineEvent.Notified, 30, 1),
                (TimelineEvent.Resumed, 30, 1),
                (TimelineEvent.Notified, 30, 1),
                (TimelineEvent.Settled, 30, 1),
            ],
            job.Timeline.Read(job.RegisteredAt).Select(entry => (entry.What, (int)(entry.At - Sample.Start).TotalMinutes, entry.Count ?? 1)));
        Assert.Null(job.Watch.Reason);

        async Task<Job> StoredAsync() => (await Port.FindAsync(key, Cancelled))!.Job;
    }

    [Fact]
    public async Task Ids_and_sources_are_case_sensitive_and_may_use_all_their_characters()
    {
        string[] ids = ["z0.aB", "z0.Ab", "z0_ab", "z0-ab", "..a", new('x', JobKey.MaxIdLength)];
        foreach (var id in ids)
            await CommitAsync(Sample.Job(id).New());
        await CommitAsync(Sample.Job(ids[0], "Media").New());

        foreach (var id in ids)
            Assert.Equal(new JobKey("media", id), (await Port.FindAsync(new("media", id), Cancelled))?.Job.Key);
        Assert.Null(await Port.FindAsync(new("media", "Z0.AB"), Cancelled));
        Assert.Equal(ids.Length, (await Port.ListAsync(new() { Source = "media" }, Cancelled)).Elements.Count);
    }

    [Fact]
    public async Task A_job_is_found_by_its_reference_from_its_first_commit_on()
    {
        var job = Sample.Job("a");
        await CommitAsync(Sample.Job("b").New());
        await CommitAsync(Sample.Job("a", "other").New());
        var etag = await CommitAsync(job.New());
        AssertSame(job, await Port.FindByReferenceAsync(null, Port.References.Of(job.Key), Cancelled));

        await CommitAsync(job.Settled().On(etag));

        AssertSame(job.Settled().Job, await Port.FindByReferenceAsync("media", Port.References.Of(job.Key), Cancelled));
        Assert.Null(await Port.FindByReferenceAsync("other", Port.References.Of(job.Key), Cancelled));
        Assert.Equal(new("other", "a"), (await Port.FindByReferenceAsync(null, Port.References.Of(new("other", "a")), Cancelled))?.Key);
    }

    [Theory]
    [InlineData("")]
    [InlineData("000000000000000000000000")]
    [InlineData("a")]
    [InlineData("../|#?' OR 1=1")]
    public async Task An_unknown_reference_finds_no_job(string reference)
    {
        await CommitAsync(Sample.Job("a").New());

        Assert.Null(await Port.FindByReferenceAsync(null, reference, Cancelled));
        Assert.Null(await Port.FindByReferenceAsync("nobody", reference, Cancelled));
        Assert.Null(await Port.FindByReferenceAsync(null, Port.References.Of(new("media", "b")), Cancelled));
    }

    [Fact]
    public async Task A_long_job_is_kept_whole()
    {
        var items = Enumerable.Range(0, 2000).Select(i => new ItemFacts
        {
            Command = $"decompress/{i:0000}/" + new string('c', 40),
            State = ItemState.Succeeded,
            Outputs = [new() { Bucket = "b", Key = $"目录/{i}.jpg", Hash = "Fn6qeQi4VDLQ347NiRm-RlQx_4O2", Size = i }],
        });
        var job = Sample.Job("a");
        job = job.Apply(new() { Id = null, Channel = ReportChannel.Poll, Facts = (JobFacts.None with { Closed = true }).WithItems(items) }, job.UpdatedAt).Job;

        await CommitAsync(job.New());

        AssertSame(job, (await Port.FindAsync(job.Key, Cancelled))?.Job);
    }

    [Fact]
    public async Task Every_commit_changes_the_ETag_even_if_only_the_watch_changes()
    {
        var job = Sample.Job("a");
        var first = await CommitAsync(job.New());
        var second = await CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), first, null));
        var third = await CommitAsync(job.DueAt(Sample.Start.AddHours(1)).Settled().On(second));

        Assert.Distinct([first, second, third]);
        Assert.Equal(third, (await Port.FindAsync(job.Key, Cancelled))?.ETag);
    }

    [Fact]
    public async Task A_commit_on_an_outdated_version_writes_nothing()
    {
        var job = Sample.Job("a");
        var first = await CommitAsync(job.New());
        var second = await CommitAsync(job.Progressed().On(first));

        Assert.Null(await Port.CommitAsync(job.Settled().On(first), Cancelled));

        var stored = await Port.FindAsync(job.Key, Cancelled);
        Assert.Equal(second, stored?.ETag);
        AssertSame(job.Progressed().Job, stored?.Job);
    }

    [Fact]
    public async Task A_commit_that_creates_a_job_does_not_overwrite_an_existing_one()
    {
        var job = Sample.Job("a");
        var etag = await CommitAsync(job.New());

        Assert.Null(await Port.CommitAsync(job.Settled().On(null), Cancelled));

        Assert.Equal(etag, (await Port.FindAsync(job.Key, Cancelled))?.ETag);
    }

    [Fact]
    public async Task A_commit_on_an_unknown_job_writes_nothing()
    {
        var etag = await CommitAsync(Sample.Job("a").New());

        Assert.Null(await Port.CommitAsync(Sample.Job("b").Settled().On(etag), Cancelled));

        Assert.Null(await Port.FindAsync(new("media", "b"), Cancelled));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_answered_when_repeated()
    {
        var job = Sample.Job("a");
        var created = await CommitAsync(job.New());
        Assert.Equal(created, await Port.CommitAsync(job.New(), Cancelled));

        var rewatched = job.DueAt(Sample.Start.AddHours(1));
        var moved = await CommitAsync(new(rewatched, created, null));
        Assert.Equal(moved, await Port.CommitAsync(new(rewatched, created, null), Cancelled));

        var settled = await CommitAsync(rewatched.Settled().On(moved));
        Assert.Equal(settled, await Port.CommitAsync(rewatched.Settled().On(moved), Cancelled));

        Assert.Equal(settled, (await Port.FindAsync(job.Key, Cancelled))?.ETag);
        Assert.Equal(1, Assert.Single(await Port.BooksAsync(Cancelled)).Registered);
    }

    [Fact]
    public async Task A_repeated_commit_does_not_undo_later_commits()
    {
        var job = Sample.Job("a");
        var created = await CommitAsync(job.New());
        var progressed = await CommitAsync(job.Progressed().On(created));
        var settled = await CommitAsync(job.Progressed().Job.Settled().On(progressed));

        Assert.Null(await Port.CommitAsync(job.Progressed().On(created), Cancelled));
        Assert.Null(await Port.CommitAsync(job.New(), Cancelled));

        Assert.Equal(settled, (await Port.FindAsync(job.Key, Cancelled))?.ETag);
    }

    [Fact]
    public async Task Of_many_changes_of_one_version_exactly_one_is_committed()
    {
        var job = Sample.Job("a");
        var etag = await CommitAsync(job.New());

        var answers = await Task.WhenAll(Enumerable.Range(1, 40).Select(i => Task.Run(
            async () => (Change: i, ETag: await Port.CommitAsync(new(job.DueAt(Sample.Start.AddHours(i)), etag, null), Cancelled)))));

        var winner = Assert.Single(answers, answer => answer.ETag is not null);
        var stored = await Port.FindAsync(job.Key, Cancelled);
        Assert.Equal(winner.ETag, stored?.ETag);
        Assert.Equal(Sample.Start.AddHours(winner.Change), stored?.Job.Watch.DueAt);
    }

    [Fact]
    public async Task Of_many_creations_of_one_job_exactly_one_succeeds()
    {
        var answers = await Task.WhenAll(Enumerable.Range(1, 40).Select(i => Task.Run(
            async () => await Port.CommitAsync(Sample.Job("a", after: TimeSpan.FromSeconds(i)).New(), Cancelled))));

        Assert.Single(answers, etag => etag is not null);
        Assert.Equal(1, Assert.Single(await Port.BooksAsync(Cancelled)).Registered);
    }

    [Fact]
    public async Task A_cancelled_commit_is_made_whole_or_not_at_all_and_affects_no_other()
    {
        using var cancellation = new CancellationTokenSource();
        var commits = Enumerable.Range(0, 60).Select(i => (
            Job: Sample.Job($"j{i:00}"),
            Token: i % 3 == 0 ? cancellation.Token : Cancelled)).ToList();

        var tasks = commits.Select(commit => Task.Run(async () =>
        {
            try
            {
                return await Port.CommitAsync(commit.Job.New(), commit.Token) is not null;
            }
            catch (OperationCanceledException) when (commit.Token == cancellation.Token)
            {
                return false;
            }
        })).ToList();
        await cancellation.CancelAsync();
        var answered = await Task.WhenAll(tasks);

        for (var i = 0; i < commits.Count; i++)
        {
            if (i % 3 != 0)
                Assert.True(answered[i]);
            if (answered[i])
                AssertSame(commits[i].Job, (await Port.FindAsync(commits[i].Job.Key, Cancelled))?.Job);
        }

        var listed = (await Port.ListAsync(new() { Top = JobQuery.MaxTop }, Cancelled)).Elements.Count;
        Assert.Equal(listed, Assert.Single(await Port.BooksAsync(Cancelled)).Registered);
    }

    [Fact]
    public async Task A_commit_cancelled_beforehand_writes_nothing()
    {
        var job = Sample.Job("a");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Port.CommitAsync(job.New(), new(canceled: true)));

        Assert.Null(await Port.FindAsync(job.Key, Cancelled));
    }
}

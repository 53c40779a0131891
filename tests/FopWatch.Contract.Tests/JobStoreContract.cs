using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Testing;
using FopWatch.Watching;

namespace FopWatch.Contract.Tests;

/// <summary>What every <see cref="IJobStore"/> does.</summary>
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
    public async Task The_polls_of_a_job_are_counted_over_every_watch_of_it_and_the_waits_begin_anew()
    {
        var time = new ManualTimeProvider(Sample.Start);
        var recording = new Recording(Port, time);
        var (recorder, source) = (recording.Recorder, recording.Source);
        var job = await recorder.RegisterAsync(source, "a", Job.NoMetadata, null, Cancelled);
        for (var i = 0; i < 3; i++)
            await PollAsync();
        Assert.Equal(3, job.ToRecord().Polls);

        // Stopped twice, and wanted again each time.
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
            job = (await recorder.PolledAsync(source, asked, new(PollAnswer.Unavailable), CommitCause.Watch, Cancelled))!;
        }
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
    public async Task A_reference_of_no_job_finds_none(string reference)
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
    public async Task Every_commit_changes_the_ETag_even_one_of_the_watch_alone()
    {
        var job = Sample.Job("a");
        var first = await CommitAsync(job.New());
        var second = await CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), first, null));
        var third = await CommitAsync(job.DueAt(Sample.Start.AddHours(1)).Settled().On(second));

        Assert.Distinct([first, second, third]);
        Assert.Equal(third, (await Port.FindAsync(job.Key, Cancelled))?.ETag);
    }

    [Fact]
    public async Task A_commit_on_a_version_that_is_no_longer_there_writes_nothing()
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
    public async Task A_job_that_is_not_to_exist_yet_is_not_overwritten()
    {
        var job = Sample.Job("a");
        var etag = await CommitAsync(job.New());

        Assert.Null(await Port.CommitAsync(job.Settled().On(null), Cancelled));

        Assert.Equal(etag, (await Port.FindAsync(job.Key, Cancelled))?.ETag);
    }

    [Fact]
    public async Task A_commit_on_a_job_that_does_not_exist_writes_nothing()
    {
        var etag = await CommitAsync(Sample.Job("a").New());

        Assert.Null(await Port.CommitAsync(Sample.Job("b").Settled().On(etag), Cancelled));

        Assert.Null(await Port.FindAsync(new("media", "b"), Cancelled));
    }

    [Fact]
    public async Task A_commit_whose_answer_was_lost_is_answered_when_it_is_repeated()
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
    public async Task A_repeated_commit_does_not_undo_what_came_after_it()
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
    public async Task Of_many_that_create_a_job_exactly_one_does()
    {
        var answers = await Task.WhenAll(Enumerable.Range(1, 40).Select(i => Task.Run(
            async () => await Port.CommitAsync(Sample.Job("a", after: TimeSpan.FromSeconds(i)).New(), Cancelled))));

        Assert.Single(answers, etag => etag is not null);
        Assert.Equal(1, Assert.Single(await Port.BooksAsync(Cancelled)).Registered);
    }

    [Fact]
    public async Task A_cancelled_commit_is_made_whole_or_not_at_all_and_harms_no_other()
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
    public async Task A_commit_that_is_cancelled_beforehand_writes_nothing()
    {
        var job = Sample.Job("a");

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await Port.CommitAsync(job.New(), new(canceled: true)));

        Assert.Null(await Port.FindAsync(job.Key, Cancelled));
    }

    [Fact]
    public async Task A_list_begins_with_the_job_registered_last()
    {
        string[] ids = ["c", "a", "d", "b"];
        for (var i = 0; i < ids.Length; i++)
            await CommitAsync(Sample.Job(ids[i], after: TimeSpan.FromMinutes(i)).New());

        var page = await Port.ListAsync(new(), Cancelled);

        Assert.Equal(["b", "d", "a", "c"], page.Elements.Select(job => job.Key.Id));
        Assert.Null(page.Continuation);
        AssertSame(Sample.Job("c"), page.Elements[3]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(10)]
    [InlineData(11)]
    public async Task The_pages_of_a_list_hold_every_job_once(int top)
    {
        // Several at the same instant, so that a page can end among them.
        for (var i = 0; i < 10; i++)
            await CommitAsync(Sample.Job($"j{i}", after: TimeSpan.FromMinutes(i / 4)).New());

        var pages = await PagesAsync(new() { Top = top });

        Assert.All(pages.SkipLast(1), page => Assert.Equal(top, page.Count));
        var listed = pages.SelectMany(page => page).ToList();
        Assert.Equal(10, listed.DistinctBy(job => job.Key).Count());
        Assert.Equal(10, listed.Count);
        Assert.Equal(listed.Select(job => job.RegisteredAt).OrderDescending(), listed.Select(job => job.RegisteredAt));
    }

    [Fact]
    public async Task Jobs_that_are_registered_or_changed_between_two_pages_move_no_other()
    {
        var etags = new List<string>();
        for (var i = 0; i < 10; i++)
            etags.Add(await CommitAsync(Sample.Job($"j{i}", after: TimeSpan.FromMinutes(i)).New()));

        var first = await Port.ListAsync(new() { Top = 4 }, Cancelled);
        await CommitAsync(Sample.Job("new", after: TimeSpan.FromHours(1)).New());
        await CommitAsync(Sample.Job("j3", after: TimeSpan.FromMinutes(3)).Settled(TimeSpan.FromHours(2)).On(etags[3]));
        var rest = await Port.ListAsync(new() { Top = 100, Continuation = first.Continuation }, Cancelled);

        Assert.Equal(["j9", "j8", "j7", "j6"], first.Elements.Select(job => job.Key.Id));
        Assert.Equal(["j5", "j4", "j3", "j2", "j1", "j0"], rest.Elements.Select(job => job.Key.Id));
    }

    [Fact]
    public async Task A_list_can_be_narrowed_by_source_state_and_time_together()
    {
        foreach (var source in new[] { "media", "other" })
        {
            for (var i = 0; i < 12; i++)
            {
                var job = Sample.Job($"j{i:00}", source, TimeSpan.FromMinutes(i));
                await CommitAsync((i % 3) switch
                {
                    0 => job.New(),
                    1 => job.Settled().On(null),
                    _ => job.PartiallyFailed().On(null),
                });
            }
        }

        foreach (var source in new[] { null, "media", "other", "none" })
        {
            foreach (var state in new JobState?[] { null, JobState.Waiting, JobState.Succeeded, JobState.PartiallyFailed, JobState.Expired })
            {
                foreach (var since in new DateTimeOffset?[] { null, Sample.Start.AddMinutes(5), Sample.Start.AddDays(1) })
                {
                    var expected =
                        from minute in Enumerable.Range(0, 12).Reverse()
                        where state is null || state == (minute % 3 == 0 ? JobState.Waiting : minute % 3 == 1 ? JobState.Succeeded : JobState.PartiallyFailed)
                        where since is null || Sample.Start.AddMinutes(minute) >= since
                        from name in new[] { "media", "other" }
                        where source is null || source == name
                        select $"{name}:j{minute:00}";

                    var pages = await PagesAsync(new() { Source = source, State = state, Since = since, Top = 3 });

                    var listed = pages.SelectMany(page => page).ToList();
                    Assert.Equal(expected.Order(StringComparer.Ordinal), listed.Select(job => job.Key.ToString()).Order(StringComparer.Ordinal));
                    Assert.Equal(listed.Select(job => job.RegisteredAt).OrderDescending(), listed.Select(job => job.RegisteredAt));
                }
            }
        }
    }

    [Fact]
    public async Task A_list_can_be_narrowed_by_watch_together_with_source_and_state()
    {
        var jobs = new List<Job>();
        foreach (var source in new[] { "media", "other" })
        {
            for (var i = 0; i < 3; i++)
            {
                Job New(string name) => Sample.Job($"{name}{i}", source, TimeSpan.FromMinutes(jobs.Count));
                await AddAsync(New("open"));
                await AddAsync(New("running").Progressed().Job);
                await AddAsync(New("stopped").Stopped());
                await AddAsync(New("stopped-running").Progressed().Job.Stopped());
                await AddAsync(New("expired").Expired().Job);
                await AddAsync(New("watched-again").ExpiredAndWatched().Job);
                await AddAsync(New("expired-and-stopped").Expired().Job.Stopped());
                await AddAsync(New("succeeded").Settled().Job);
                await AddAsync(New("failed").PartiallyFailed().Job);
                await AddAsync(New("stopped-and-settled").Stopped().Settled().Job);
            }
        }

        foreach (var source in new[] { null, "media" })
        {
            foreach (var state in Enum.GetValues<JobState>().Cast<JobState?>().Append(null))
            {
                foreach (var watch in Enum.GetValues<WatchStatus>())
                {
                    var query = new JobQuery { Source = source, State = state, Watch = watch, Top = 4 };

                    var listed = (await PagesAsync(query)).SelectMany(page => page).ToList();

                    Assert.Equal(jobs.AsEnumerable().Reverse().Where(query.Matches).Select(job => job.Key), listed.Select(job => job.Key));
                    Assert.All(listed, job => Assert.Equal(watch, job.WatchStatus));
                }
            }
        }

        async Task AddAsync(Job job)
        {
            await CommitAsync(job.New());
            jobs.Add(job);
        }
    }

    [Fact]
    public async Task A_list_by_watch_follows_every_change_of_the_watch()
    {
        var job = Sample.Job("a");
        var etag = await CommitAsync(job.New());
        Assert.Equal(WatchStatus.Watching, await WatchAsync());

        etag = await CommitAsync(new(job.Stopped(), etag, null));
        Assert.Equal(WatchStatus.Stopped, await WatchAsync());
        etag = await CommitAsync(new(job.DueAt(Sample.Start.AddHours(1)), etag, null));
        Assert.Equal(WatchStatus.Watching, await WatchAsync());
        etag = await CommitAsync(job.Expired().On(etag));
        Assert.Equal(WatchStatus.GivenUp, await WatchAsync());
        etag = await CommitAsync(new(job.ExpiredAndWatched().Job, etag, null));
        Assert.Equal(WatchStatus.Watching, await WatchAsync());
        await CommitAsync(job.ExpiredAndWatched().Job.Settled().On(etag));
        Assert.Equal(WatchStatus.Done, await WatchAsync());

        async Task<WatchStatus> WatchAsync()
        {
            var found = new List<WatchStatus>();
            foreach (var watch in Enum.GetValues<WatchStatus>())
            {
                if ((await Port.ListAsync(new() { Watch = watch }, Cancelled)).Elements.Count > 0)
                    found.Add(watch);
            }

            return Assert.Single(found);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("not one of ours")]
    [InlineData("YWJjZGVmZ2hpamtsbW5vcA")]
    [InlineData("ai4x")]
    public async Task A_continuation_of_somebody_else_is_refused(string continuation)
    {
        await Assert.ThrowsAsync<FormatException>(async () => await Port.ListAsync(new() { Continuation = continuation }, Cancelled));
    }

    [Fact]
    public async Task The_books_balance_whatever_happens_to_jobs()
    {
        var etag = await CommitAsync(Sample.Job("settled").New());
        await CommitAsync(Sample.Job("settled").Settled().On(etag));
        await CommitAsync(Sample.Job("failed").PartiallyFailed().On(null));
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("running").Progressed().On(null));
        await CommitAsync(Sample.Job("stopped").Stopped().New());
        await CommitAsync(Sample.Job("expired").Expired().On(null));
        await CommitAsync(Sample.Job("watched-again").ExpiredAndWatched().On(null));
        etag = await CommitAsync(Sample.Job("superseded").Expired().On(null));
        await CommitAsync(Sample.Job("superseded").Expired().Job.Settled().On(etag));
        await CommitAsync(Sample.Job("open", "other").New());

        var books = (await Port.BooksAsync(Cancelled)).OrderBy(of => of.Source, StringComparer.Ordinal);

        Assert.Equal(
            [
                new Books("media", Registered: 8, Settled: 3, Expired: 2, Open: 2, Stopped: 1),
                new Books("other", Registered: 1, Settled: 0, Expired: 0, Open: 1, Stopped: 0),
            ],
            books);
        Assert.All(books, of => Assert.Equal(0, of.Unaccounted));
        Assert.Empty(await Port.UnwatchedAsync(10, Cancelled));
    }

    [Fact]
    public async Task A_job_that_was_given_up_can_be_open_again()
    {
        var expired = Sample.Job("a").Expired().Job;
        var etag = await CommitAsync(expired.New());
        var reopened = expired with { GivenUp = false, Version = expired.Version + 1, Watch = expired.Watch with { DueAt = Sample.Start } };

        await CommitAsync(new(reopened, etag, null));

        Assert.Equal(new Books("media", Registered: 1, Settled: 0, Expired: 0, Open: 1, Stopped: 0), Assert.Single(await Port.BooksAsync(Cancelled)));
        Assert.Empty((await Port.ListAsync(new() { State = JobState.Expired }, Cancelled)).Elements);
        Assert.Single((await Port.ListAsync(new() { State = JobState.Waiting }, Cancelled)).Elements);
    }

    [Fact]
    public async Task An_open_job_that_nothing_watches_is_found_and_unaccounted_for()
    {
        await CommitAsync(Sample.Job("watched").New());
        await CommitAsync(Sample.Job("stopped").Stopped().New());
        await CommitAsync(Sample.Job("settled").Settled().On(null));
        await CommitAsync(Sample.Job("expired").Expired().On(null));
        var etag = await CommitAsync(Sample.Job("lost").New());
        etag = await CommitAsync(new(Sample.Job("lost").DueAt(null), etag, null));

        Assert.Equal(new("media", "lost"), Assert.Single(await Port.UnwatchedAsync(10, Cancelled)));
        Assert.Equal(1, Assert.Single(await Port.BooksAsync(Cancelled)).Unaccounted);

        await CommitAsync(new(Sample.Job("lost").DueAt(Sample.Start), etag, null));
        Assert.Empty(await Port.UnwatchedAsync(10, Cancelled));
        Assert.Equal(0, Assert.Single(await Port.BooksAsync(Cancelled)).Unaccounted);
    }

    [Fact]
    public async Task The_parts_together_have_every_job_and_find_what_nothing_watches()
    {
        for (var i = 0; i < 20; i++)
            await CommitAsync(Sample.Job($"j{i}", i % 2 == 0 ? "media" : "other").Settled().On(null));
        await CommitAsync(Sample.Job("open").New());
        await CommitAsync(Sample.Job("lost").DueAt(null).New());

        var parts = await Port.PartsAsync(Cancelled);
        var counts = new List<BooksCount>();
        foreach (var part in parts)
            counts.Add(await Port.CountAsync(part.Name, 10, Cancelled));

        Assert.Equal(parts.Count, parts.Select(part => part.Name).Distinct().Count());
        Assert.Equal(
            (await Port.BooksAsync(Cancelled)).OrderBy(of => of.Source, StringComparer.Ordinal),
            counts.SelectMany(count => count.Books).GroupBy(of => of.Source).Select(of => of.Aggregate((sum, part) => sum.Plus(part))).OrderBy(of => of.Source, StringComparer.Ordinal));
        Assert.Equal([new("media", "lost")], counts.SelectMany(count => count.Unwatched));

        // Where there are several, what was counted is kept.
        var after = await Port.PartsAsync(Cancelled);
        Assert.Equal(parts.Select(part => part.Name), after.Select(part => part.Name));
        Assert.All(after, part => Assert.True(parts.Count == 1 || part.CountedAt is not null, part.Name));
    }

    [Fact]
    public async Task No_more_unwatched_jobs_are_answered_than_asked_for()
    {
        for (var i = 0; i < 5; i++)
            await CommitAsync(Sample.Job($"j{i}").DueAt(null).New());

        Assert.Equal(3, (await Port.UnwatchedAsync(3, Cancelled)).Distinct().Count());
        Assert.Equal(5, (await Port.UnwatchedAsync(10, Cancelled)).Distinct().Count());
    }

    [Fact]
    public async Task A_store_without_jobs_has_empty_books_and_an_empty_list()
    {
        Assert.Empty(await Port.BooksAsync(Cancelled));
        var page = await Port.ListAsync(new(), Cancelled);
        Assert.Empty(page.Elements);
        Assert.Null(page.Continuation);
    }

    private Task<List<IReadOnlyList<Job>>> PagesAsync(JobQuery query) =>
        PagesAsync(continuation => Port.ListAsync(query with { Continuation = continuation }, Cancelled));
}

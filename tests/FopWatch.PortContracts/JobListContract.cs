using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>How every <see cref="IJobStore"/> lists jobs.</summary>
public abstract class JobListContract : StoreContract<IJobStore>
{
    protected override IJobStore Jobs => Port;

    [Fact]
    public async Task A_list_starts_with_the_job_registered_last()
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
    public async Task The_pages_of_a_list_contain_every_job_once(int top)
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
    public async Task Jobs_registered_or_changed_between_two_pages_move_no_other()
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
    public async Task A_list_can_be_limited_to_several_sources()
    {
        foreach (var source in (string[])["media", "files", "video"])
        {
            for (var i = 0; i < 3; i++)
                await CommitAsync(Sample.Job($"{source}{i}", source, TimeSpan.FromMinutes(i)).New());
        }

        var pages = await PagesAsync(continuation => Port.ListAsync(new() { Within = ["media", "video"], Top = 2, Continuation = continuation }, Cancelled));

        Assert.Equal(["media0", "media1", "media2", "video0", "video1", "video2"], pages.SelectMany(page => page).Select(job => job.Key.Id).Order(StringComparer.Ordinal));
        Assert.Equal(["files2", "files1", "files0"], await IdsAsync(new() { Within = ["files", "none"] }));
        Assert.Equal(["media2", "media1", "media0"], await IdsAsync(new() { Within = ["media", "video"], Source = "media" }));
        Assert.Equal(["media2"], await IdsAsync(new() { Within = ["media"], Since = Sample.Start + TimeSpan.FromMinutes(2) }));
        Assert.Empty(await IdsAsync(new() { Within = ["media", "video"], Source = "files" }));
        Assert.Empty(await IdsAsync(new() { Within = [] }));

        async Task<IEnumerable<string>> IdsAsync(JobQuery query) => (await Port.ListAsync(query, Cancelled)).Elements.Select(job => job.Key.Id);
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

                    var pages = await PagesAsync(new() { Source = source, States = OneOrNone(state), Since = since, Top = 3 });

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
                await AddAsync(New("overdue").Overdue().Job);
                await AddAsync(New("running-overdue").Progressed().Job.Overdue().Job);
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
                    var query = new JobQuery { Source = source, States = OneOrNone(state), Watches = [watch], Top = 4 };

                    var listed = (await PagesAsync(query)).SelectMany(page => page).ToList();

                    Assert.Equal(jobs.AsEnumerable().Reverse().Where(query.Matches).Select(job => job.Key), listed.Select(job => job.Key));
                    Assert.All(listed, job => Assert.Equal(watch, job.WatchStatus));

                    query = query with { Overdue = true };
                    listed = [.. (await PagesAsync(query)).SelectMany(page => page)];
                    Assert.Equal(jobs.AsEnumerable().Reverse().Where(query.Matches).Select(job => job.Key), listed.Select(job => job.Key));
                    Assert.True(watch == WatchStatus.Watching || listed.Count == 0);
                }

                foreach (var overdue in new[] { false, true })
                {
                    var query = new JobQuery { Source = source, States = OneOrNone(state), Overdue = overdue, Top = 3, Since = Sample.Start.AddMinutes(2) };

                    var listed = (await PagesAsync(query)).SelectMany(page => page).ToList();

                    Assert.Equal(jobs.AsEnumerable().Reverse().Where(query.Matches).Select(job => job.Key), listed.Select(job => job.Key));
                    Assert.Equal(overdue && state is null ? (source is null ? 12 : 6) : listed.Count, listed.Count);
                    Assert.All(listed, job => Assert.Equal(overdue, job.IsOverdue));
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
    public async Task A_list_of_overdue_jobs_follows_every_change()
    {
        foreach (var other in new[] { "b", "c" })
            await CommitAsync(Sample.Job(other).New());
        var job = Sample.Job("a");
        var etag = await CommitAsync(job.New());
        Assert.False(await IsListedAsync());

        var overdue = job.Overdue(TimeSpan.FromHours(1));
        etag = await CommitAsync(overdue.On(etag));
        Assert.True(await IsListedAsync());
        AssertSame(overdue.Job, (await Port.ListAsync(new() { Overdue = true }, Cancelled)).Elements[0]);
        etag = await CommitAsync(new(overdue.Job.DueAt(Sample.Start.AddHours(2)), etag, null));
        Assert.True(await IsListedAsync());
        etag = await CommitAsync(overdue.Job.Progressed().On(etag));
        Assert.True(await IsListedAsync());
        etag = await CommitAsync(new(overdue.Job.Stopped(), etag, null));
        Assert.False(await IsListedAsync());
        etag = await CommitAsync(new(overdue.Job, etag, null));
        Assert.True(await IsListedAsync());

        // Jobs read from the store are removed as well as those whose commit is in memory.
        Assert.Equal(etag, (await Port.FindAsync(job.Key, Cancelled))!.ETag);
        await CommitAsync(overdue.Job.Progressed().Job.Settled(TimeSpan.FromHours(3)).On(etag));
        Assert.False(await IsListedAsync());

        async Task<bool> IsListedAsync()
        {
            var overdues = (await Port.ListAsync(new() { Overdue = true }, Cancelled)).Elements;
            var others = (await Port.ListAsync(new() { Overdue = false }, Cancelled)).Elements;
            Assert.Equal(["a", "b", "c"], overdues.Concat(others).Select(one => one.Key.Id).Order());
            return overdues.Select(one => one.Key.Id).SequenceEqual(["a"]);
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
                if ((await Port.ListAsync(new() { Watches = [watch] }, Cancelled)).Elements.Count > 0)
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
    public async Task A_foreign_continuation_is_refused(string continuation)
    {
        await Assert.ThrowsAsync<FormatException>(async () => await Port.ListAsync(new() { Continuation = continuation }, Cancelled));
    }

    private static IReadOnlyList<T> OneOrNone<T>(T? value)
        where T : struct => value is { } one ? [one] : [];

    private Task<List<IReadOnlyList<Job>>> PagesAsync(JobQuery query) =>
        PagesAsync(continuation => Port.ListAsync(query with { Continuation = continuation }, Cancelled));
}

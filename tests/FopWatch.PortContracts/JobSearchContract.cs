using System.Collections.Immutable;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.PortContracts;

/// <summary>How every <see cref="IJobStore"/> finds jobs by further filters than source, state and watch.</summary>
public abstract class JobSearchContract : StoreContract<IJobStore>
{
    private static readonly string LongText = string.Concat(Enumerable.Repeat("视频", 100));

    protected override IJobStore Jobs => Port;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task Every_filter_narrows_a_list_alone_and_combined_and_keeps_its_order(int top)
    {
        var jobs = await StoreAsync();

        foreach (var query in Queries())
        {
            var expected = jobs.AsEnumerable().Reverse().Where(query.Matches).Select(job => job.Key.ToString()).ToList();

            Assert.Equal(expected, await FoundAsync(query with { Top = top }));
            Assert.Equal(new JobCount(expected.Count, AtLeast: false), await Port.CountAsync(query, 100, Cancelled));
        }
    }

    [Fact]
    public async Task A_count_ends_at_the_requested_number()
    {
        await StoreAsync();

        Assert.Equal(new JobCount(3, AtLeast: true), await Port.CountAsync(new JobQuery { Source = "media" }, 3, Cancelled));
        Assert.Equal(new JobCount(3, AtLeast: true), await Port.CountAsync(new JobQuery { Bucket = "b1" }, 3, Cancelled));
        Assert.Equal(new JobCount(0, AtLeast: false), await Port.CountAsync(new JobQuery { Bucket = "none" }, 3, Cancelled));
    }

    [Fact]
    public async Task Searches_follow_the_changes_of_a_job()
    {
        var job = Sample.Job("a") with { Metadata = Metadata(("lesson", "1")) };
        var etag = await CommitAsync(job.New());
        Assert.Equal((1, 0, 0), await FoundByAsync());
        await IndexAsync();

        etag = await CommitAsync(new(job with { Metadata = Metadata(("lesson", "2")) }, etag, null));
        Assert.Equal((0, 1, 0), await FoundByAsync());
        await IndexAsync();
        Assert.Equal((0, 1, 0), await FoundByAsync());

        etag = await CommitAsync((job with { Metadata = Metadata(("lesson", "2")) }).Settled().On(etag));
        Assert.Equal((0, 1, 1), await FoundByAsync());
        await IndexAsync();
        Assert.Equal((0, 1, 1), await FoundByAsync());

        await CommitAsync(new(job with { Metadata = Metadata(("lesson", "1")) }, etag, null));
        Assert.Equal((1, 0, 0), await FoundByAsync());
        await IndexAsync();
        Assert.Equal((1, 0, 0), await FoundByAsync());

        async Task<(int First, int Second, int Key)> FoundByAsync() => (
            (await FoundAsync(new() { Metadata = [new("lesson", "1")] })).Count,
            (await FoundAsync(new() { Metadata = [new("lesson", "2")] })).Count,
            (await FoundAsync(new() { KeyPrefix = "in" })).Count);
    }

    [Fact]
    public async Task A_job_with_more_metadata_than_words_is_found_by_each_of_them()
    {
        var metadata = Enumerable.Range(0, JobWords.MaxMetadata + 3).Select(i => ($"name-{i:00}", $"value-{i}")).ToArray();
        await CommitAsync((Sample.Job("many") with { Metadata = Metadata(metadata) }).New());
        await CommitAsync((Sample.Job("other", after: TimeSpan.FromMinutes(1)) with { Metadata = Metadata(metadata[..^1]) }).New());
        await IndexAsync();

        foreach (var (name, value) in metadata)
        {
            string[] expected = name == metadata[^1].Item1 ? ["media:many"] : ["media:other", "media:many"];
            Assert.Equal(expected, await FoundAsync(new() { Metadata = [new(name, value)] }));
            Assert.Empty(await FoundAsync(new() { Metadata = [new(name, value + "x")] }));
        }
    }

    [Fact]
    public async Task Text_of_any_kind_matches_as_a_whole_and_not_by_its_start()
    {
        string[] texts =
        [
            LongText, LongText + "1", LongText + "2", "a/b\\c#d?e%f", "line\nline", "\t", "\0", "e\u0301", "\u00e9", "'; --", "\U0010FFFF", "A", "a", "", " ",
            "😀", "😀😁", "\u212a", "K", "\"", "''", "%", "_", "\u0001\u007f", new string('x', 1024), new string('x', 1023) + "y",
        ];
        for (var i = 0; i < texts.Length; i++)
        {
            var job = Sample.Job($"j{i}", after: TimeSpan.FromMinutes(i));
            await CommitAsync((job with { Metadata = Metadata(("name", texts[i])), Facts = job.Facts with { Bucket = $"b{i}", Key = texts[i] } }).New());
        }

        await IndexAsync();
        for (var i = 0; i < texts.Length; i++)
        {
            Assert.Equal([$"media:j{i}"], await FoundAsync(new() { Metadata = [new("name", texts[i])] }));
            var expected = Enumerable.Range(0, texts.Length).Reverse().Where(j => texts[j].StartsWith(texts[i], StringComparison.Ordinal)).Select(j => $"media:j{j}");
            Assert.Equal(expected, await FoundAsync(new() { KeyPrefix = texts[i] }));
        }
    }

    [Fact]
    public async Task Jobs_that_change_between_pages_are_found_as_they_are_and_the_others_once()
    {
        var (jobs, etags) = (new List<Job>(), new List<string?>());
        for (var i = 0; i < 30; i++)
        {
            jobs.Add(Sample.Job($"z0.{i:00}", after: TimeSpan.FromMinutes(i)) with { Metadata = Metadata(("course", "a"), ("lesson", $"{i % 2}")) });
            etags.Add(await CommitAsync(jobs[i].New()));
        }

        await IndexAsync();
        var query = new JobQuery { IdPrefix = "z0.", Metadata = [new("course", "a"), new("lesson", "1")], States = [JobState.Waiting], Top = 3 };
        var first = await Port.ListAsync(query, Cancelled);
        Assert.Equal(["z0.29", "z0.27", "z0.25"], first.Elements.Select(job => job.Key.Id));

        // One on the first page and one later no longer match, one settles, one newly matches, and one is registered.
        await ChangeAsync(27, "0");
        await ChangeAsync(21, "0");
        await CommitAsync(jobs[19].Settled().On(etags[19]));
        await ChangeAsync(10, "1");
        await CommitAsync((jobs[1] with { Key = new("media", "z0.99"), RegisteredAt = Sample.Start.AddHours(1) }).New());

        var rest = await FoundAsync(query with { Continuation = first.Continuation });
        Assert.Equal(((int[])[23, 17, 15, 13, 11, 10, 9, 7, 5, 3, 1]).Select(i => $"media:z0.{i:00}"), rest);

        Task<string> ChangeAsync(int i, string lesson) =>
            CommitAsync(new(jobs[i] with { Metadata = Metadata(("course", "a"), ("lesson", lesson)) }, etags[i], null));
    }

    /// <summary>Completes the indexes that follow commits, if the store has any.</summary>
    protected virtual Task IndexAsync() => Task.CompletedTask;

    private static IEnumerable<JobQuery> Queries()
    {
        JobQuery[] narrowing =
        [
            new() { Bucket = "b1" },
            new() { KeyPrefix = "lessons/" },
            new() { KeyPrefix = "lessons/2" },
            new() { IdPrefix = "z0.1" },
            new() { IdPrefix = "z0." },
            new() { IdPrefix = "Z0." },
            new() { Metadata = [new("course", "c1")] },
            new() { Metadata = [new("course", "c1"), new("lesson", "2")] },
            new() { Metadata = [new("course", "c")] },
            new() { Bucket = "b0", KeyPrefix = "lessons/1", Metadata = [new("course", "c0")] },
            new() { Bucket = "b1", IdPrefix = "z0.1", KeyPrefix = "lessons" },
            new() { Bucket = "b1", Overdue = false },
            new() { KeyPrefix = "lessons/", Overdue = true },
            new() { IdPrefix = "z0.1", Overdue = true },
            new() { Overdue = true },
            new() { Overdue = false },
            new() { States = [JobState.Succeeded, JobState.Waiting] },
            new() { Watches = [WatchStatus.Stopped, WatchStatus.Done] },
            new() { States = [JobState.Succeeded, JobState.Waiting], Watches = [WatchStatus.Stopped, WatchStatus.Done] },
            new(),
        ];
        return
            from query in narrowing
            from source in new[] { null, "media", "none" }
            from states in new JobState[][] { [], [JobState.Succeeded] }
            from since in new DateTimeOffset?[] { null, Sample.Start.AddMinutes(9) }
            from until in new DateTimeOffset?[] { null, Sample.Start.AddMinutes(21) }
            select query with { Source = source, States = states.Length > 0 ? states : query.States, Since = since, Until = until };
    }

    private static ImmutableSortedDictionary<string, string> Metadata(params (string Name, string Value)[] metadata) =>
        metadata.ToImmutableSortedDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal);

    private async Task<List<Job>> StoreAsync()
    {
        var jobs = new List<Job>();
        for (var i = 0; i < 30; i++)
        {
            var job = Sample.Job($"z0.{i}", i % 5 == 4 ? "other" : "media", TimeSpan.FromMinutes(i)) with
            {
                Metadata = Metadata(("course", $"c{i % 2}"), ("lesson", $"{i % 3}")),
            };
            if (i % 3 > 0)
                job = job.Settled().Job;
            if (i % 7 == 3)
                job = job with { Watch = job.HasOutcome ? job.Watch : job.Watch.Stop() };
            if (i % 6 == 0 && !job.HasOutcome)
                job = job with { Watch = job.Watch with { OverdueAt = job.RegisteredAt } };
            if (i % 4 > 0)
                job = job with { Facts = job.Facts with { Bucket = $"b{i % 2}", Key = $"lessons/{i}/in.mp4" } };
            await CommitAsync(job.New());
            jobs.Add(job);
            if (i == 20)
                await IndexAsync();
        }

        return jobs;
    }

    private async Task<List<string>> FoundAsync(JobQuery query)
    {
        var pages = await PagesAsync(continuation => Port.ListAsync(query with { Continuation = continuation ?? query.Continuation }, Cancelled));
        Assert.All(pages, page => Assert.InRange(page.Count, 0, query.Top));
        return [.. pages.SelectMany(page => page).Select(job => job.Key.ToString())];
    }
}

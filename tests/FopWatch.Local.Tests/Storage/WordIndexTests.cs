using FopWatch.Jobs;
using FopWatch.Local.Tests.Http;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

public sealed class WordIndexTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Jobs_of_an_earlier_version_are_found_before_and_after_they_are_indexed()
    {
        await using var temp = await TempStore.OpenAsync();
        for (var i = 0; i < 200; i++)
            await CommitAsync(temp, Sample.Job($"j{i:000}", after: TimeSpan.FromMinutes(i)).Settled().Job);
        ForgetWords(temp);
        await CommitAsync(temp, Sample.Job("new", after: TimeSpan.FromDays(1)).Settled().Job);

        var before = await FoundAsync(temp, new() { KeyPrefix = "in.", Top = 30 });
        Assert.Equal(["new", .. Enumerable.Range(0, 200).Reverse().Select(i => $"j{i:000}")], before);
        Assert.Equal(new JobCount(201, AtLeast: false), await temp.Store.Jobs.CountAsync(new JobQuery { KeyPrefix = "in." }, 1000, Cancelled));
        Assert.Empty(await FoundAsync(temp, new() { KeyPrefix = "other" }));

        await temp.Store.Upkeep.IndexAsync(Cancelled);

        Assert.Equal(1L, temp.Scalar("SELECT seq FROM searchable_from"));
        Assert.Equal(201L, temp.Scalar("SELECT count(*) FROM searchable_jobs WHERE is_indexed = 1"));
        Assert.Equal(3 * 201L, temp.Scalar("SELECT count(*) FROM job_words"));
        Assert.Equal(before, await FoundAsync(temp, new() { KeyPrefix = "in.", Top = 30 }));
    }

    [Fact]
    public async Task A_purged_job_leaves_no_words()
    {
        await using var temp = await TempStore.OpenAsync();
        var etag = await CommitAsync(temp, Sample.Job("changed").Settled().Job);
        await CommitAsync(temp, Sample.Job("same").Settled().Job);
        await temp.Store.Upkeep.IndexAsync(Cancelled);
        var job = Sample.Job("changed").Settled().Job;
        await temp.Store.Jobs.CommitAsync(new(job with { Metadata = job.Metadata.SetItem("lesson", "43") }, etag, null), Cancelled);

        Assert.Equal(2, await temp.Store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), Sample.Start.AddDays(2), Cancelled));

        Assert.Equal(0L, temp.Scalar("SELECT (SELECT count(*) FROM searchable_jobs) + (SELECT count(*) FROM job_words)"));
    }

    [Fact]
    public async Task A_search_among_more_jobs_than_can_be_sorted_goes_page_by_page_and_finds_all()
    {
        await using var temp = await TempStore.OpenAsync();
        Fill(temp, 3 * JobSearch.MostSorted);
        foreach (var isIndexed in new[] { false, true })
        {
            if (isIndexed)
                await temp.Store.Upkeep.IndexAsync(Cancelled);
            foreach (var query in (JobQuery[])[new() { IdPrefix = "j" }, new() { KeyPrefix = "k" }, new() { Bucket = "b" }, new() { Bucket = "b", States = [Contracts.JobState.Waiting] }])
            {
                var found = await FoundAsync(temp, query with { Top = 1000 });
                Assert.Equal(Enumerable.Range(1, 3 * JobSearch.MostSorted).Reverse().Select(i => $"j{i:00000}"), found);
            }

            Assert.Equal(["j00001"], await FoundAsync(temp, new() { KeyPrefix = "k00001", Top = 1000 }));
            Assert.Equal(new JobCount(3 * JobSearch.MostSorted, AtLeast: false), await temp.Store.Jobs.CountAsync(new JobQuery { Bucket = "b" }, 100_000, Cancelled));
            Assert.Equal(new JobCount(5000, AtLeast: true), await temp.Store.Jobs.CountAsync(new JobQuery { Bucket = "b" }, 5000, Cancelled));
        }
    }

    [Fact]
    public async Task A_running_host_completes_the_index_by_itself()
    {
        await using var host = await RunningHost.StartAsync();
        await host.PostAsync("/api/jobs", """[{"source":"media","id":"a","metadata":{"lesson":"1"}},{"source":"media","id":"b","metadata":{"lesson":"2"}},{"source":"media","id":"c"}]""");

        await Eventually.HoldsAsync(() => Count("searchable_jobs WHERE is_indexed = 1") == 2 && Count("job_words") == 2);

        long Count(string rows)
        {
            using var session = SqliteSession.Open(Path.Combine(host.Folder, SqliteDatabase.FileName), SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(1));
            return (long)session.Scalar($"SELECT count(*) FROM {rows}")!;
        }
    }

    /// <summary>Jobs of one bucket, each with its own key, as commits would have written them.</summary>
    private static void Fill(TempStore temp, int many)
    {
        using var session = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        session.Begin();
        for (var i = 1; i <= many; i++)
        {
            var job = Sample.Job($"j{i:00000}", after: TimeSpan.FromSeconds(i));
            job = job with { Metadata = Job.NoMetadata, Facts = job.Facts with { Bucket = "b", Key = $"k{i:00000}" } };
            session.Execute(JobCommits.InsertSql, "media", job.Key.Id, "waiting", job.RegisteredAt.UtcTicks, null, 1, 0, JobJson.Serialize(job), new string('0', 24), "watching", 0);
            WordIndex.Add(session, session.LastInsertedRow, JobWords.Of(job));
        }

        session.Commit();
    }

    /// <summary>Leaves the file as a version without the word index would have.</summary>
    private static void ForgetWords(TempStore temp)
    {
        using var session = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        session.Execute("DELETE FROM searchable_jobs");
        session.Execute("UPDATE searchable_from SET seq = (SELECT max(seq) + 1 FROM jobs)");
    }

    private static async Task<string?> CommitAsync(TempStore temp, Job job) => await temp.Store.Jobs.CommitAsync(job.New(), Cancelled);

    private static async Task<List<string>> FoundAsync(TempStore temp, JobQuery query)
    {
        var found = new List<string>();
        do
        {
            var page = await temp.Store.Jobs.ListAsync(query, Cancelled);
            found.AddRange(page.Elements.Select(job => job.Key.Id));
            query = query with { Continuation = page.Continuation };
        }
        while (query.Continuation is not null);
        return found;
    }
}

using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Searches that find many jobs, all of them older than more jobs than a page looks at.</summary>
public sealed class OldJobSearchTests
{
    private const int Old = JobSearch.MostSorted + 400;
    private const int New = JobSearch.MostExamined + 2000;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_page_has_the_newest_of_them_and_all_pages_have_each_once()
    {
        await using var temp = await TempStore.OpenAsync();
        Fill(temp.DatabasePath);
        var expected = Enumerable.Range(0, Old).Reverse().Select(number => $"old{number:00000}").ToList();

        await FindAsync(new() { IdPrefix = "old" });
        await temp.Store.Upkeep.IndexAsync(Cancelled);
        foreach (var states in (JobState[][])[[], [JobState.Waiting, JobState.Failed]])
        {
            await FindAsync(new() { IdPrefix = "old", States = states });
            await FindAsync(new() { KeyPrefix = "in/old", States = states });
            await FindAsync(new() { Bucket = "old", States = states });
            await FindAsync(new() { Metadata = [new("kind", "old")], States = states });
            await FindAsync(new() { IdPrefix = "old", Metadata = [new("kind", "old")], States = states });
            await FindAsync(new() { IdPrefix = "old", KeyPrefix = "in/", Metadata = [new("kind", "old")], States = states });

            // Several ranges of the indexes contain a job of such a combination.
            await FindAsync(new() { IdPrefix = "old", Watches = [WatchStatus.Watching, WatchStatus.Stopped], States = states });
            await FindAsync(new() { KeyPrefix = "in/old", Watches = [WatchStatus.Watching, WatchStatus.Stopped], Overdue = false, States = states });
        }

        async Task FindAsync(JobQuery query)
        {
            var first = await temp.Store.Jobs.ListAsync(query with { Top = 100 }, Cancelled);
            Assert.Equal(expected[..100], first.Elements.Select(job => job.Key.Id));
            Assert.Equal(new JobCount(Old, AtLeast: false), await temp.Store.Jobs.CountAsync(query, 100_000, Cancelled));
            Assert.Equal(new JobCount(1000, AtLeast: true), await temp.Store.Jobs.CountAsync(query, 1000, Cancelled));

            var (found, continuation) = (new List<string>(), (string?)null);
            do
            {
                var page = await temp.Store.Jobs.ListAsync(query with { Top = 1000, Continuation = continuation }, Cancelled);
                found.AddRange(page.Elements.Select(job => job.Key.Id));
                continuation = page.Continuation;
            }
            while (continuation is not null);
            Assert.Equal(expected, found);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1_000_000)]
    public async Task Places_that_are_not_wanted_are_passed_over_so_far_and_the_next_call_goes_on_there(int most)
    {
        await using var temp = await TempStore.OpenAsync();
        using (var session = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1)))
        {
            session.Begin();
            for (var number = 0; number < 300; number++)
                Insert(session, $"j{number:000}", number, number % 3 == 0 ? "files" : "media");
            session.Commit();
        }

        var (found, calls, wanted) = (new List<long>(), 0, new JobSet());
        foreach (var seq in Enumerable.Range(1, 250).Where(seq => seq % 10 < 2))
            wanted.Add(seq);
        for ((long, long)? after = (long.MaxValue, long.MaxValue); after is not null; calls++)
        {
            var places = await temp.Store.Database.ReadAsync(
                session => JobLists.Places(session, new() { Continuation = "" }, after.Value, wanted, most).ToList(), Cancelled);
            Assert.All(places.SkipLast(1), place => Assert.False(place.IsEnd));
            found.AddRange(places.Where(place => !place.IsEnd).Select(place => place.Place.Seq));
            after = places.Count > 0 && places[^1].IsEnd ? places[^1].Place : null;
        }

        var all = Enumerable.Range(1, 250).ToList();
        Assert.Equal(all.Where(seq => seq % 10 < 2).Reverse().Select(seq => (long)seq), found);

        // Every call but the last one passes over as many as it may, however they are divided among the sources.
        Assert.Equal((all.Count(seq => seq % 10 >= 2) / most) + 1, calls);
    }

    [Fact]
    public async Task The_limit_on_passed_places_is_not_used_up_by_one_range_alone()
    {
        await using var temp = await TempStore.OpenAsync();
        using (var session = SqliteSession.Open(temp.DatabasePath, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1)))
        {
            // Between every two jobs of one source, there is one of another. Only the newest and the oldest job are wanted.
            session.Begin();
            for (var number = 0; number < 400; number++)
                Insert(session, $"j{number:000}", number, number % 2 == 0 ? "files" : "media");
            session.Commit();
        }

        var wanted = new JobSet();
        wanted.Add(1);
        wanted.Add(400);
        var (found, calls) = (new List<long>(), 0);
        for ((long, long)? after = (long.MaxValue, long.MaxValue); after is not null; calls++)
        {
            var places = await temp.Store.Database.ReadAsync(
                session => JobLists.Places(session, new() { Continuation = "" }, after.Value, wanted, most: 100).ToList(), Cancelled);
            found.AddRange(places.Where(place => !place.IsEnd).Select(place => place.Place.Seq));
            after = places.Count > 0 && places[^1].IsEnd ? places[^1].Place : null;
        }

        Assert.Equal([400, 1], found);
        Assert.Equal(4, calls);
    }

    [Fact]
    public void A_set_has_what_was_added_and_what_is_left_of_it_is_in_both()
    {
        long[] some = [0, 63, 64, 4095, 4096, 5_000_000_000];
        long[] others = [63, 4096, 8192, 5_000_000_000];
        var set = Of(some);
        Assert.All(some, seq => Assert.True(set.Contains(seq)));
        Assert.All(new long[] { 1, 62, 65, 4094, 4097, 8192, 4_999_999_999 }, seq => Assert.False(set.Contains(seq)));

        set.And(Of(others));
        Assert.Equal(5_000_000_000, set.Greatest);
        Assert.Equal([63, 4096, 5_000_000_000], some.Concat(others).Distinct().Where(set.Contains));

        static JobSet Of(long[] seqs)
        {
            var set = new JobSet();
            foreach (var seq in seqs)
                set.Add(seq);
            return set;
        }
    }

    private static void Fill(string path)
    {
        using var session = SqliteSession.Open(path, SqliteOpenMode.ReadWrite, TimeSpan.FromSeconds(1));
        session.Begin();
        for (var number = 0; number < Old + New; number++)
        {
            var kind = number < Old ? "old" : "new";
            Insert(session, $"{kind}{number:00000}", number, number % 3 == 0 ? "files" : "media", kind);
        }

        session.Commit();
    }

    /// <summary>Inserts an open job as a commit would have written it.</summary>
    private static void Insert(SqliteSession session, string id, int number, string source, string kind = "any")
    {
        var job = Sample.Job(id, source, TimeSpan.FromSeconds(number));
        if (number % 5 == 0)
            job = job with { Watch = job.Watch.Stop() };
        job = job with { Metadata = Job.NoMetadata.Add("kind", kind), Facts = job.Facts with { Bucket = kind, Key = $"in/{id}.mp4" } };
        session.Execute(JobCommits.InsertSql, source, id, "waiting", job.RegisteredAt.UtcTicks, null, 1, 0, JobJson.Serialize(job), new string('0', 24), WireNames.Of(job.WatchStatus), 0);
        WordIndex.Add(session, session.LastInsertedRow, JobWords.Of(job));
    }
}

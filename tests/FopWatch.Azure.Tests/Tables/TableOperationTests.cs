using System.Text.RegularExpressions;
using FopWatch.Azure.Tables;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.Overviews;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Watching;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>The requests to the service, each of which is billed. A transaction is one request, whatever it contains.</summary>
public sealed class TableOperationTests(SharedAzurite azurite)
{
    private readonly InterceptedRequests _wire = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_requests_of_a_job_are_counted()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 16);
        var store = await table.StoreAsync(_wire.Between);
        Assert.Equal("1 query", _wire.Take());

        // Once for each source in each process.
        await store.Jobs.CommitAsync(Sample.Job("first").Settled().Job.New(), Cancelled);
        Assert.Equal("1 put, 1 transaction", _wire.Take());

        var job = Sample.Job("a");
        Assert.Null(await store.Jobs.FindAsync(job.Key, Cancelled));
        Assert.NotNull(await store.Jobs.CommitAsync(job.New(), Cancelled));
        Took("registered", "1 read, 1 transaction");

        var found = await store.Jobs.FindForChangeAsync(job.Key, JobOrigin.Report, mayPresume: true, Cancelled);
        var settled = job.Settled(TimeSpan.FromMinutes(1));
        Assert.NotNull(await store.Jobs.CommitAsync(settled.On(found.Job?.ETag), Cancelled));
        Took("notified", await PublishedAsync("notification at the instance that last changed the job"));

        await store.Outbox.RemoveAsync([settled.ToEvent()!], Cancelled);
        Took("published", "1 delete");

        // A further poll or a hint costs as much as a notification: the commit does not read the due index.
        var open = Sample.Job("b");
        await store.Jobs.CommitAsync(open.New(), Cancelled);
        _wire.Take();
        Assert.Equal(PollAnswer.Unavailable, (await PollDueAsync(store, open)).Answer?.Answer);
        Took("polled, still open", await PublishedAsync("poll that leaves the job open"));
        Assert.Null((await PollDueAsync(store, open)).Answer);
        Took("a poll that is not due", "1 read");

        // Work that is not about a single job: per source and pass, for any number of jobs.
        await store.Due.DueAsync("media", Sample.Start.AddDays(1), 100, Cancelled);
        Took("due jobs of a source", "16 query");
        await store.Due.NextDueAsync("media", Sample.Start.AddDays(1), Cancelled);
        Took("next due time of a source", "16 query");
        await store.Due.DueAsync("media", new DueJob(new("media", ""), Sample.Start.AddDays(1)), DateTimeOffset.MaxValue, 100, Cancelled);
        Took("jobs of a source whose polls are far off", "16 query");
        await store.Outbox.PendingAsync(256, Cancelled);
        Took("look into the outbox", "17 query");
        await store.Outbox.DepthAsync(Cancelled);
        Took("depth of the outbox", "17 query");
        await store.Jobs.ListAsync(new JobQuery { Source = "media" }, Cancelled);
        Took("a page of a list, and 1 read for each job on it", "16 query, 3 read");
        await store.Jobs.ListAsync(new JobQuery { Source = "media", IdPrefix = "a" }, Cancelled);
        Took("search by id, and 1 read for each job found", "16 query, 1 read");
        await store.Jobs.ListAsync(new JobQuery { Source = "media", KeyPrefix = "in" }, Cancelled);
        Took("search by key", "16 query, 2 read");
        await store.Jobs.ListAsync(new JobQuery { Source = "media", Bucket = "b" }, Cancelled);
        Took("search by bucket", "16 query, 2 read");
        await store.Jobs.ListAsync(new JobQuery { Source = "media", Metadata = [new("lesson", "第 42 课")] }, Cancelled);
        Took("search by metadata", "32 query, 3 read");
        await store.Jobs.CountAsync(new JobQuery { Source = "media", States = [Contracts.JobState.Succeeded] }, 100_000, Cancelled);
        Took("count of a state, up to 1000 jobs in each partition", "16 query");
        await store.Jobs.CountAsync(new JobQuery { Source = "media", Bucket = "b" }, 100_000, Cancelled);
        Took("count of a search, and 1 read for each job found", "16 query, 2 read");
        Assert.NotNull(await store.Jobs.FindByReferenceAsync("media", store.Jobs.References.Of(job.Key), Cancelled));
        Took("the job of a reference, in one source", "17 read");
        Assert.Null(await store.Jobs.FindByReferenceAsync("media", new('0', JobReferences.Length), Cancelled));
        Took("a reference of no job, while jobs may be older than references", "16 query, 16 read");
        var parts = await store.Jobs.PartsAsync(Cancelled);
        Took("what was counted in each partition", "2 query");
        await store.Jobs.CountAsync(parts[0].Name, 10, Cancelled);
        Took("the books of a partition, up to 333 jobs", "1 put, 1 query");
        await store.PollLeases.ReadAsync("media", Cancelled);
        await store.PollLeases.TryReplaceAsync("media", [], null, Cancelled);
        Took("a share of a source's poll rate, in each instance and 20 seconds", "1 insert, 1 read");

        Assert.Equal((2, true), await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
        Took("purge, up to 1000 jobs in each partition, and 1 transaction for every 14 with a bucket, a key and one metadata", "66 query, 1 transaction");
        Assert.True((await store.Jobs.FindForChangeAsync(new("media", "a"), JobOrigin.Report, mayPresume: false, Cancelled)).WasPurged);
        Took("look for a purged job, 1 read, and for its tombstone, 2", "3 read");

        var elsewhere = Sample.Job("elsewhere");
        await table.Store.Jobs.CommitAsync(elsewhere.New(), Cancelled);
        found = await store.Jobs.FindForChangeAsync(elsewhere.Key, JobOrigin.Report, mayPresume: true, Cancelled);
        Assert.NotNull(await store.Jobs.CommitAsync(elsewhere.Settled(TimeSpan.FromMinutes(1)).On(found.Job?.ETag), Cancelled));
        Took("notified elsewhere", await PublishedAsync("notification at another instance"));

        Assert.Equal(new FoundJob(null), await store.Jobs.FindForChangeAsync(new("media", "unknown"), JobOrigin.Report, mayPresume: true, Cancelled));
        await store.Jobs.CommitAsync(Sample.Job("unknown").Settled().Job.New(), Cancelled);
        Took("notified of an unknown id", await PublishedAsync("notification of an id without a job"));
    }

    [Fact]
    public async Task The_timers_monthly_requests_are_those_in_the_operators_guide()
    {
        const double MinutesAMonth = 365.25 * 24 * 60 / 12;
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 16);
        var store = await table.StoreAsync(_wire.Between);
        await store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);
        var parts = await store.Jobs.PartsAsync(Cancelled);
        _wire.Take();

        await store.Due.DueAsync("media", Sample.Start, 100, Cancelled);
        await store.Outbox.PendingAsync(256, Cancelled);
        var minute = Requests();
        foreach (var part in parts)
            await store.Jobs.CountAsync(part.Name, 10, Cancelled);
        await store.Due.DueAsync("media", new DueJob(new("media", ""), Sample.Start.AddDays(1)), DateTimeOffset.MaxValue, 100, Cancelled);
        await store.Outbox.DepthAsync(Cancelled);
        var sweep = Requests();
        await store.JobPurge.PurgeAsync(Sample.Start, TimeSpan.MaxValue, Cancelled);
        var purge = Requests();

        var millions = MinutesAMonth * (minute + (sweep / 5.0) + (purge / 60.0)) / 1_000_000;
        var guide = await RepositoryTextAsync("infra", "README.md");
        Assert.Matches(FormattableString.Invariant($@"\s{millions:0.0}\s+million\s+transactions\s+per\s+source"), guide);

        int Requests() => System.Text.RegularExpressions.Regex.Matches(_wire.Take(), "[0-9]+").Sum(match => int.Parse(match.Value, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public async Task The_requests_of_an_overview_do_not_depend_on_the_number_of_jobs()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 16);
        var time = new SetTime(Sample.Start.AddHours(1));
        var store = await table.StoreAsync(_wire.Between, time);
        var sources = FopWatchSettings.Read(new Dictionary<string, string?>
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:NotifyTokens:0"] = "right-token",
        }).Sources;
        var (plans, troubles) = (new LearnedPlans(), new Troubles(new Silent(), time));
        var reader = new OverviewReader(store.Jobs, store.Due, store.Quarantine, store.Statistics, new(plans, time), plans, troubles, time);

        await AddJobsAsync("few", 3);
        _wire.Take();
        var few = await reader.ReadAsync(sources.All, 24, withInstallation: true, Cancelled);
        Took("overview of a source", "36 query, 1 read");
        await AddJobsAsync("more", 100);
        _wire.Take();
        var more = await reader.ReadAsync(sources.All, 24, withInstallation: true, Cancelled);
        Took("overview of a source with more jobs", "36 query, 1 read");

        Assert.Contains($"an overview takes 2 storage requests and {36 + 1 - 2} for each source", await RepositoryTextAsync("docs", "http.md"), StringComparison.Ordinal);
        Assert.Equal((3, 103), (few.Sources.Single().DueNow, more.Sources.Single().DueNow));
        Assert.Equal((3, 103), (few.Sources.Single().HeldBack, more.Sources.Single().HeldBack));
        Assert.Equal((0, 20), (few.Sources.Single().Overdue, more.Sources.Single().Overdue));
        Assert.Null(more.Sources.Single().Books);

        async Task AddJobsAsync(string name, int count)
        {
            for (var i = 0; i < count; i++)
            {
                var job = Sample.Job($"{name}{i}");
                await store.Jobs.CommitAsync(i % 5 == 3 ? job.Overdue().On(null) : job.New(), Cancelled);
            }
        }
    }

    [Fact]
    public async Task A_purge_deletes_many_jobs_with_one_request()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        var store = await table.StoreAsync(_wire.Between);
        for (var i = 0; i < 100; i++)
            await store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled().Job.New(), Cancelled);
        _wire.Take();

        Assert.Equal((100, true), await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));

        Assert.Equal("6 query, 8 transaction", _wire.Take());

        // Their tombstones later.
        var later = await table.StoreAsync(_wire.Between, new SetTime(Sample.Start + Tombstone.Lifetime + Tombstone.Lifetime));
        _wire.Take();
        Assert.Equal((0, true), await later.JobPurge.PurgeAsync(Sample.Start, TimeSpan.MaxValue, Cancelled));
        Assert.Equal("6 query, 1 transaction", _wire.Take());
    }

    [Fact]
    public async Task Events_of_one_partition_are_removed_with_one_request()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        var store = await table.StoreAsync(_wire.Between);
        for (var i = 0; i < 150; i++)
            await store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled().On(null), Cancelled);
        var pending = await store.Outbox.PendingAsync(256, Cancelled);
        _wire.Take();

        await store.Outbox.RemoveAsync(pending, Cancelled);

        Assert.Equal("2 transaction", _wire.Take());
        Assert.Equal((0, null), await store.Outbox.DepthAsync(Cancelled));
    }

    [Fact]
    public async Task Only_long_bodies_cost_an_additional_read_of_the_outbox_or_the_quarantine()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        var store = await table.StoreAsync(_wire.Between);
        for (var i = 0; i < 5; i++)
        {
            var pending = Sample.Event($"j{i}", after: TimeSpan.FromMinutes(i));
            await store.Jobs.CommitAsync(new JobCommit(Sample.Job(pending.Key.Id), null, i < 2 ? pending.Sized(1) : pending), Cancelled);
            await store.Quarantine.AddAsync(Sample.Notification($"k{i}") with { Body = new byte[i < 2 ? 64 * 1024 : (64 * 1024) + 1] }, Cancelled);
        }

        _wire.Take();
        Assert.Equal(5, (await store.Outbox.PendingAsync(256, Cancelled)).Count);
        Took("look into the outbox, and 1 for each long event", "2 query, 2 read");
        Assert.Equal(5, (await store.Quarantine.ListAsync(["media"], 10, null, Cancelled)).Elements.Count);
        Took("list of the quarantine, and 1 for each body of more than 64 KiB", "1 query, 3 read");
    }

    [Fact]
    public async Task A_list_of_the_quarantine_of_several_sources_makes_one_request_for_each()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        var store = await table.StoreAsync(_wire.Between);
        string[] sources = ["media", "video", "files"];
        for (var i = 0; i < 9; i++)
            await store.Quarantine.AddAsync(Sample.Notification($"k{i}", sources[i % 3]), Cancelled);

        _wire.Take();
        var first = await store.Quarantine.ListAsync(["media", "video"], 4, null, Cancelled);
        Took("first page of two of three sources", "2 query");
        var second = await store.Quarantine.ListAsync(["media", "video"], 4, first.Continuation, Cancelled);
        Took("second page of two of three sources", "2 query");
        Assert.Equal((4, 2), (first.Elements.Count, second.Elements.Count));
    }

    /// <summary>Polls like a step of a watch, at the time of the first poll.</summary>
    private static Task<Polled> PollDueAsync(TableStore store, Job job)
    {
        var sources = FopWatchSettings.Read(new Dictionary<string, string?>
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:NotifyTokens:0"] = "right-token",
        }).Sources;
        var (time, outside) = (new SetTime(Sample.Start.AddMinutes(2)), new Outside());
        var poller = Unobserved.Poller(sources, store.Jobs, outside, new(sources, store.Jobs, outside, time, new Random(1)), time);
        return poller.PollDueAsync(job.Key, new(PollSlotOptions.Cloud, time), CommitCause.Watch, Cancelled);
    }

    /// <summary>The number of requests in docs/azure.md for an operation, in the words of the test.</summary>
    private static async Task<string> PublishedAsync(string what)
    {
        var page = await RepositoryTextAsync("docs", "azure.md");
        var row = Regex.Match(page, $@"^\| {what} \| ([^|]*[^| ]) *\|", RegexOptions.Multiline);
        Assert.True(row.Success, what);
        return Regex.Replace(row.Groups[1].Value, @"(read|transaction|delete)s\b", "$1");
    }

    private static Task<string> RepositoryTextAsync(params string[] path)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "FopWatch.slnx")))
            folder = folder.Parent!;
        return File.ReadAllTextAsync(Path.Combine([folder.FullName, .. path]), Cancelled);
    }

    private void Took(string what, string expected)
    {
        var taken = _wire.Take();
        TestContext.Current.TestOutputHelper?.WriteLine($"{what}: {taken}");
        Assert.Equal($"{what}: {expected}", $"{what}: {taken}");
    }

    private sealed class Silent : IOperatorLog
    {
        public void Settled(Job job, JobReferences references)
        {
        }

        public void Warn(Trouble trouble)
        {
        }

        public void Over(Trouble trouble, TimeSpan lasted)
        {
        }
    }

    /// <summary>A status API that does not answer, and no listeners.</summary>
    private sealed class Outside : IStatusApi, ICommitObserver
    {
        public Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken) =>
            Task.FromResult(new StatusAnswer(PollAnswer.Unavailable));

        public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
    }
}

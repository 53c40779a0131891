using System.Text.Json.Nodes;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Stored;

public abstract class OpenStore : IAsyncDisposable
{
    public abstract IStore Store { get; }

    /// <summary>The publisher of its events.</summary>
    public abstract IEventPublisher Publisher { get; }

    /// <summary>Deletes jobs that settled before a time.</summary>
    public abstract Task PurgeAsync(DateTimeOffset settledBefore);

    /// <summary>Stores data that only this kind of store keeps.</summary>
    public virtual Task PlayAsync() => Task.CompletedTask;

    /// <summary>The store's answers beyond its ports.</summary>
    public virtual Task AddAnswersAsync(JsonObject answers) => Task.CompletedTask;

    public abstract ValueTask DisposeAsync();
}

/// <summary>The place of a store's data: a folder or a table.</summary>
public interface IStorePlace : IAsyncDisposable
{
    Task<OpenStore> OpenAsync(TimeProvider time);

    /// <summary>Copies a fixture to this empty place.</summary>
    Task ReadFixtureAsync(string folder);

    /// <summary>Writes the data as a fixture while no store is open.</summary>
    Task WriteFixtureAsync(string folder);
}

/// <summary>How every store handles the data of earlier versions. Each version has its own folder of fixtures.</summary>
public abstract class StoredDataContract
{
    private const string Answers = "answers.json";

    private static readonly string[] Sources = ["files", "media", "open", "video"];

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>The folder of all fixtures.</summary>
    protected abstract string Fixtures { get; }

    /// <summary>The largest number of outputs of a job.</summary>
    protected abstract int Outputs { get; }

    protected abstract Task<IStorePlace> PlaceAsync();

    /// <summary>All fixtures in a folder.</summary>
    protected static TheoryData<string> VersionsIn(string fixtures) => [.. Directory.GetDirectories(fixtures).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    /// <summary>A folder by its name in a test project.</summary>
    protected static string FixturesOf(string project, string folder)
    {
        for (var at = AppContext.BaseDirectory; at is not null; at = Path.GetDirectoryName(at))
        {
            if (File.Exists(Path.Combine(at, "FopWatch.slnx")))
                return Path.Combine(at, "tests", project, folder);
        }

        throw new DirectoryNotFoundException("The tests do not run below the repository's folder.");
    }

    protected async Task<OpenStore> OpenAsync(IStorePlace place, string version, TimeProvider time)
    {
        await place.ReadFixtureAsync(Path.Combine(Fixtures, version));
        return await place.OpenAsync(time);
    }

    /// <summary>The answers of a store with an earlier version's data.</summary>
    protected virtual JsonObject Expected(string version) => JsonNode.Parse(File.ReadAllText(Path.Combine(Fixtures, version, Answers)))!.AsObject();

    protected async Task AnswersAsync(string version)
    {
        await using var place = await PlaceAsync();
        await using var store = await OpenAsync(place, version, new SetTime(StoredHistory.End));

        ExpectedAnswers.AssertIn(Expected(version), await AnswersOfAsync(store));
    }

    protected async Task WorkOnAsync(string version)
    {
        var time = new SetTime(StoredHistory.End.AddMinutes(1));
        await using var place = await PlaceAsync();
        await using var store = await OpenAsync(place, version, time);
        using var process = new HistoryProcess(store.Store, store.Publisher, time, StoredHistory.MissingKey);

        var sweep = await process.Sweeper.SweepAsync(Cancelled);
        Assert.Equal((0, 0, 1), (sweep.Unaccounted, sweep.Restored, sweep.BroughtForward));

        // A stopped, a given up and a made-up job continue.
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.stopped", 0, HistoryBodies.Done));
        await process.NotifyAsync("media", HistoryBodies.Qiniu("z0.unknown", 0, HistoryBodies.Done));
        await process.RegisterAsync("media", "z0.made-up", new() { ["lesson"] = "44" });
        await AssertStateAsync(process, "z0.stopped", JobState.Succeeded, WatchStatus.Done);
        await AssertStateAsync(process, "z0.unknown", JobState.Succeeded, WatchStatus.Done);
        await AssertStateAsync(process, "z0.unknown-stopped", JobState.Expired, WatchStatus.Stopped);
        await AssertStateAsync(process, "z0.made-up", JobState.Waiting, WatchStatus.Watching);

        // Every watched job is polled until it has its outcome.
        await PollDueAsync(process);
        time.Now += TimeSpan.FromMinutes(15);
        await PollDueAsync(process);
        Assert.Empty((await store.Store.Jobs.ListAsync(new() { Watches = [WatchStatus.Watching] }, Cancelled)).Elements);
        foreach (var id in (string[])["z0.waiting", "z0.processing", "z0.throttled", "z0.refused-question", "z0.hinted", "w.hinted", "z0.ahead", "z0.unknown-again", "z0.made-up"])
            await AssertStateAsync(process, id, JobState.Succeeded, WatchStatus.Done);

        // The key now exists.
        var retried = new List<NotificationResult>();
        foreach (var kept in (await store.Store.Quarantine.ListAsync(null, 100, null, Cancelled)).Elements)
            retried.Add((await process.RetryAsync(kept.Key))!.Result);
        Assert.Equal([(NotificationResult.Recorded, 1), (NotificationResult.Quarantined, 4)], retried.CountBy(result => result).Select(of => (of.Key, of.Value)).Order());
        await AssertStateAsync(process, "z0.kept", JobState.Succeeded, WatchStatus.Done);

        // The broker accepts what it had refused, in order. One event is unreadable.
        await process.Dispatcher.DrainAsync(Cancelled);
        Assert.Equal((1, 1), ((await store.Store.Outbox.DepthAsync(Cancelled)).Count, await store.Store.Outbox.CountSetAsideAsync(Cancelled)));
        Assert.Equal([2, 3], process.Published.Where(one => one.Key.Id == "z0.refused").Select(one => one.Version));
        Assert.Equal(JobEvent.SettledType, process.Published.Last(one => one.Key.Id == "z0.pending").Type);
        Assert.All(process.Published.GroupBy(one => one.Key), of => Assert.Equal(of.Select(one => one.Version).Order(), of.Select(one => one.Version)));

        time.Now += TimeSpan.FromDays(60);
        await store.PurgeAsync(time.Now.AddDays(-30));
        var left = await store.Store.Jobs.ListAsync(new(), Cancelled);
        Assert.Equal(["z0.unreadable-event"], left.Elements.Select(job => job.Key.Id));
        Assert.Single(left.Unreadable);
        var after = await process.Sweeper.SweepAsync(Cancelled);
        Assert.Equal((0, 2, 0), (after.Unaccounted, after.Books.Sum(books => books.Registered), after.Restored));
    }

    protected async Task WriteAsync()
    {
        var version = Environment.GetEnvironmentVariable("FOPWATCH_FIXTURE") is { Length: > 0 } named ? named : ProgramVersion.Text;
        var folder = Path.Combine(Fixtures, version);
        Assert.False(Directory.Exists(folder), $"The fixture '{version}' exists and is not replaced. Set FOPWATCH_FIXTURE to another name.");

        var time = new SetTime(StoredHistory.Restart);
        await using var place = await PlaceAsync();
        await using (var first = await place.OpenAsync(time))
        {
            using var process = new HistoryProcess(first.Store, first.Publisher, time);
            await StoredHistory.PlayFirstAsync(process, first.PurgeAsync, Outputs);
        }

        JsonObject answers;
        await using (var second = await place.OpenAsync(time))
        {
            using var process = new HistoryProcess(second.Store, second.Publisher, time);
            await StoredHistory.PlaySecondAsync(process);
            await second.PlayAsync();
            answers = await AnswersOfAsync(second);
        }

        Directory.CreateDirectory(folder);
        await place.WriteFixtureAsync(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, Answers), StoreAnswers.Write(answers), Cancelled);
    }

    private static async Task<JsonObject> AnswersOfAsync(OpenStore store)
    {
        var answers = await StoreAnswers.OfAsync(store.Store, Sources);
        await store.AddAnswersAsync(answers);
        return answers;
    }

    private static async Task PollDueAsync(HistoryProcess process)
    {
        foreach (var source in Sources)
        {
            while (await process.Store.Due.DueAsync(source, process.Time.Now, 100, Cancelled) is { Count: > 0 } due)
            {
                foreach (var (key, _) in due)
                    await process.PollAsync(source, key.Id, process.Report(source, AnswerOf(source, key.Id)));
            }
        }
    }

    private static byte[] AnswerOf(string source, string id) =>
        source is "files" or "video" ? HistoryBodies.WangsuAnswer(id, 6, """{"cmd":"copy","code":6,"key":"dst:out.mp4"}""")
        : id.StartsWith("w.", StringComparison.Ordinal) ? HistoryBodies.Workflow(id, 0)
        : HistoryBodies.Qiniu(id, 0, HistoryBodies.Done);

    private static async Task AssertStateAsync(HistoryProcess process, string id, JobState state, WatchStatus watch)
    {
        var job = (await process.Store.Jobs.FindAsync(new JobKey("media", id), Cancelled))?.Job;
        Assert.Equal((id, state, watch), (id, job?.State, job?.WatchStatus));
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Publishing;
using FopWatch.Settings;
using FopWatch.Simulator;
using FopWatch.Upkeep;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests.Running;

/// <summary>The whole app under a real Functions host that is killed repeatedly. <c>tests/functions-host.sh</c> runs it.</summary>
[Collection(nameof(KilledHostTests))]
[CollectionDefinition(nameof(KilledHostTests), DisableParallelization = true)]
public class KilledHostTests
{
    private const string Token = "right-token";

    /// <summary>Turns minutes of the plan into seconds: the plan assumes a minute a second, but the timers here tick in real minutes.</summary>
    private const double Scale = 1.0 / 15;

    /// <summary>
    /// When the watch of a job without a known outcome ends. Longer than all the kills together and the time that Durable Functions needs afterwards
    /// to resume its work.
    /// </summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(8);

    private readonly Stopwatch _since = Stopwatch.StartNew();
    private readonly Dictionary<string, int> _counts = [];

    public static bool IsHostGiven => FunctionsHost.IsGiven;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 30 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    public async Task With_host_and_worker_killed_every_job_ends_right_and_every_settled_event_is_published()
    {
        var (count, seed) = (Number("FOPWATCH_RUN_JOBS", 500), Number("FOPWATCH_RUN_SEED", Environment.TickCount));
        Say($"{count} jobs, seed {seed}");
        var qiniu = new SigningKey("qiniu-ak", "qiniu-sk");
        SigningKey[] wangsu = [new("wangsu-ak", "wangsu-sk"), new("wangsu-ak-2", "wangsu-sk-2")];
        await using var provider = await SimulatedProvider.StartAsync(
            new() { QiniuKeys = [qiniu], WangsuKeys = wangsu, RetryBudget = Deadline }, Cancelled);

        // Jobs that only the deadline settles take the longest, so they come first.
        var jobs = JobPlan.Generate(seed, count, new PlanOptions().ScaledBy(Scale))
            .OrderByDescending(job => job.Unobtainable)
            .Select(job => new WatchedJob(job))
            .ToList();

        await using var azurite = await Azurite.StartAllAsync();
        await using var bus = await ServiceBusPeer.StartAsync(WithRepetitions());
        var settings = Settings(provider.StatusEndpoint, [("media", "Qiniu", [qiniu]), ("files", "WangsuFmgr", wangsu), ("video", "WangsuFops", wangsu)]);
        await using var received = new ReceivedEvents(bus.ConnectionString);
        await using var host = await FunctionsHost.StartAsync(
            new Dictionary<string, string>(settings.Select(setting => KeyValuePair.Create($"FopWatch__{setting.Key.Replace(":", "__", StringComparison.Ordinal)}", setting.Value!)))
            {
                ["AzureWebJobsStorage"] = azurite.ConnectionString,
                ["FopWatch__ServiceBus__ConnectionString"] = bus.ConnectionString,
            });
        Say("the host is ready");
        try
        {
            var submitting = SubmitAsync(provider, host, jobs);
            await KillAsync(host, new Random(seed));
            await submitting;
            Say("all jobs are registered, and all kills are over");

            await EventuallyAsync(host, TimeSpan.FromMinutes(12), () => Task.FromResult(jobs.All(job => received.SettledEvents(job.Key).Count > 0)));
            Say("every job has a settled event");
            await provider.WhenAllSentAsync(Cancelled).WaitAsync(TimeSpan.FromMinutes(10), Cancelled);
            Say("the provider has nothing more to send");

            await using var store = await StoreOf(azurite, settings);
            await EventuallyAsync(host, TimeSpan.FromMinutes(4), async () =>
                (await store.GetRequiredService<IOutbox>().DepthAsync(Cancelled)).Count == 0);
            var sweep = await store.GetRequiredService<Sweeper>().SweepAsync(Cancelled);

            foreach (var job in jobs)
                job.Recorded = await host.Http.GetFromJsonAsync($"/api/jobs/{job.Key.Source}/{job.Key.Id}", ContractsJson.Default.JobRecord, Cancelled);
            var differences = jobs
                .SelectMany(job => job.Differences(received).Select(difference => $"{difference}: {job.Describe(provider.Counters)}"))
                .Concat(received.Contradictions())
                .ToList();
            Summarise(jobs, provider, received, sweep, host, differences);

            Assert.Empty(differences);
            Assert.Equal(jobs.Count, sweep.Books.Sum(books => books.Settled + books.Expired));
            Assert.Equal((0L, 0, 0L), (sweep.Unaccounted, sweep.Restored, sweep.OutboxDepth));
            Assert.Equal(0, provider.Counters.RedirectsFollowed);
            Assert.Empty(host.Said("The books do not balance"));
        }
        catch
        {
            Say($"the host's log is kept in {host.KeepLog()}");
            throw;
        }
    }

    private static int Number(string variable, int otherwise) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : otherwise;

    /// <summary>The topic of <c>infra/local</c>, here without duplicate detection: repeated messages are counted.</summary>
    private static System.Text.Json.Nodes.JsonNode WithRepetitions()
    {
        var config = ServiceBusPeer.LocalConfig();
        config["UserConfig"]!["Namespaces"]![0]!["Topics"]![0]!["Properties"]!["RequiresDuplicateDetection"] = false;
        return config;
    }

    private static Dictionary<string, string?> Settings(Uri statusEndpoint, (string Name, string Provider, SigningKey[] Keys)[] sources)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var (name, provider, keys) in sources)
        {
            settings[$"Sources:{name}:Provider"] = provider;
            settings[$"Sources:{name}:StatusEndpoint"] = statusEndpoint.AbsoluteUri;
            if (provider == "Qiniu")
                settings[$"Sources:{name}:WorkflowEndpoint"] = statusEndpoint.AbsoluteUri;
            settings[$"Sources:{name}:NotifyTokens:0"] = Token;
            settings[$"Sources:{name}:Poll:First"] = "00:00:05";
            settings[$"Sources:{name}:Poll:Max"] = "00:00:20";
            settings[$"Sources:{name}:Poll:Deadline"] = Deadline.ToString("c", CultureInfo.InvariantCulture);
            settings[$"Sources:{name}:Poll:PerSecond"] = "50";
            foreach (var (i, key) in keys.Index())
            {
                settings[$"Sources:{name}:Keys:{i}:AccessKey"] = key.AccessKey;
                settings[$"Sources:{name}:Keys:{i}:SecretKey"] = key.SecretKey;
            }
        }

        return settings;
    }

    /// <summary>The app's store, to read its books.</summary>
    private static async Task<ServiceProvider> StoreOf(Azurite azurite, Dictionary<string, string?> settings)
    {
        var cloud = new CloudSettings
        {
            Shared = FopWatchSettings.Read(settings),
            Tables = azurite.Client(),
            Table = new(),
            ServiceBus = null,
            Topic = ServiceBusPublisherOptions.DefaultTopicName,
        };
        var services = new ServiceCollection();
        services.AddLogging();
        var store = await TableStore.CreateAsync(cloud.Tables, cloud.Table, TimeProvider.System, Cancelled);
        services.AddFopWatch(cloud, _ => store, TimeProvider.System);
        return services.BuildServiceProvider();
    }

    private static async Task SubmitAsync(SimulatedProvider provider, FunctionsHost host, IReadOnlyList<WatchedJob> jobs)
    {
        foreach (var some in jobs.Chunk(10))
        {
            foreach (var job in some)
                await provider.SubmitAsync(job.Truth, new Uri(host.Url, $"/api/notify/{job.Key.Source}/{Token}"), Cancelled);

            // As an application should: until it is acknowledged.
            while (true)
            {
                try
                {
                    using var answer = await host.Http.PostAsJsonAsync("/api/jobs", some.Select(job => new { source = job.Key.Source, id = job.Key.Id }), Cancelled);
                    if (answer.StatusCode == HttpStatusCode.Accepted)
                        break;
                }
                catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !Cancelled.IsCancellationRequested)
                {
                    // The host is down, which the test expects.
                }

                await Task.Delay(250, Cancelled);
            }

            await Task.Delay(3000, Cancelled);
        }
    }

    /// <summary>
    /// Kills, at moments chosen by the seed, until host and worker have been killed several times; makes sure that the host replaces
    /// its worker; and restarts the host, as the platform does.
    /// </summary>
    private async Task KillAsync(FunctionsHost host, Random random)
    {
        Kill[] kills = [Kill.Host, Kill.Host, Kill.Host, Kill.HostAsItStarts, Kill.Worker, Kill.Worker, Kill.Worker, Kill.Both];
        random.Shuffle(kills);
        foreach (var kill in kills)
        {
            await Task.Delay(random.Next(5_000, 20_000), Cancelled);
            switch (kill)
            {
                case Kill.Worker:
                    await KillWorkerAsync(host);
                    continue;
                case Kill.HostAsItStarts:
                    KillHost(host, withWorker: false);
                    host.Start();
                    await Task.Delay(random.Next(500, 8_000), Cancelled);
                    KillHost(host, withWorker: false);
                    break;
                default:
                    KillHost(host, withWorker: kill == Kill.Both);
                    break;
            }

            var since = Stopwatch.StartNew();
            host.Start();
            await ReadyAsync(host);
            Say($"the host is started again, and ready after {since.Elapsed.TotalSeconds:0.0} s");
        }
    }

    private void KillHost(FunctionsHost host, bool withWorker)
    {
        if (withWorker)
            Count("worker killed", host.KillWorker());
        Count("worker left behind", host.KillHost());
        Count("host killed");
        Say($"the host is killed{(withWorker ? ", and its worker" : "")}");
    }

    private async Task KillWorkerAsync(FunctionsHost host)
    {
        var workers = host.Workers();
        Count("worker killed", host.KillWorker());
        var since = Stopwatch.StartNew();
        if (await host.ReplacesWorkerAsync(workers) && await host.BecomesReadyAsync())
        {
            Count("worker replaced by the host");
            Say($"the worker is killed; the host has another one, ready after {since.Elapsed.TotalSeconds:0.0} s");
        }
        else
        {
            Say("the worker is killed, and the host gave up");
            await ReadyAsync(host);
        }
    }

    /// <summary>Waits until the host is ready. A host that ends by itself, as after too many deaths of its workers, is restarted.</summary>
    private async Task ReadyAsync(FunctionsHost host)
    {
        while (!await host.BecomesReadyAsync())
        {
            Count("host that gave up by itself");
            host.Start();
        }
    }

    private async Task EventuallyAsync(FunctionsHost host, TimeSpan within, Func<Task<bool>> isSo)
    {
        var since = Stopwatch.StartNew();
        while (!await isSo())
        {
            if (since.Elapsed > within)
                return;
            await ReadyAsync(host);
            await Task.Delay(500, Cancelled);
        }
    }

    private void Summarise(
        List<WatchedJob> jobs, SimulatedProvider provider, ReceivedEvents received, Sweep sweep, FunctionsHost host, List<string> differences)
    {
        var counters = provider.Counters;
        Say("over");
        Row("jobs", jobs.Count);
        Row("  of them as expected", jobs.Count(job => !job.Differences(received).Any()));
        foreach (var state in jobs.GroupBy(job => job.Recorded?.State).OrderBy(state => state.Key))
            Row($"  {state.Key?.ToString() ?? "not recorded"}", state.Count());
        foreach (var by in jobs.GroupBy(job => job.Recorded?.SettledBy).OrderBy(by => by.Key))
            Row($"  settled by {by.Key?.ToString() ?? "nothing"}", by.Count());
        foreach (var (what, count) in _counts.OrderBy(one => one.Key, StringComparer.Ordinal))
            Row(what, count);
        Row("notifications sent", counters.NotificationsSent);
        foreach (var (status, count) in counters.NotificationsByStatus.OrderBy(one => one.Key))
            Row($"  answered {(status == 0 ? "not at all" : status.ToString(CultureInfo.InvariantCulture))}", count);
        Row("status queries", counters.StatusQueries);
        Row("events received", received.Received);
        Row("  of them repetitions", received.Repetitions);
        Row("  settled events, repetitions aside", jobs.Sum(job => received.SettledEvents(job.Key).Count));
        Row("jobs with several settled events", jobs.Count(job => received.SettledEvents(job.Key).Count > 1));
        Row("books: settled and expired", sweep.Books.Sum(books => books.Settled + books.Expired));
        Row("books: unaccounted", sweep.Unaccounted);
        Row("outbox", sweep.OutboxDepth);
        Row("quarantined", sweep.Quarantined);
        Row("errors in the host's log", host.Said("fail: ").Count + host.Said("crit: ").Count);
        Row("differences", differences.Count);
        foreach (var difference in differences)
            TestContext.Current.TestOutputHelper!.WriteLine(difference);

        var lost = jobs.Count(job => job.Recorded is not { Settled: true } || received.SettledEvents(job.Key).Count == 0);
        Figures.Report(
            "Cloud host under a real Functions host, on Azurite and a Service Bus peer",
            jobs.Count,
            $"{_counts.GetValueOrDefault("host killed")} SIGKILLs of the host, {_counts.GetValueOrDefault("worker killed")} of the worker, and the simulated provider's faults",
            lost,
            jobs.Count(job => job.Differences(received).Any()) - lost,
            $"{received.Repetitions} of {received.Received} events, without duplicate detection",
            "while it was down: retried");

        static void Row(string name, long value) =>
            TestContext.Current.TestOutputHelper!.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-40}{value,8}"));
    }

    private void Count(string what, int times = 1) => _counts[what] = _counts.GetValueOrDefault(what) + times;

    private void Say(string what) => TestContext.Current.TestOutputHelper!.WriteLine($@"{_since.Elapsed:mm\:ss}  {what}");

    private enum Kill
    {
        Host,
        HostAsItStarts,
        Worker,
        Both,
    }
}

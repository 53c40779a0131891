using System.Diagnostics;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Azure.Tables;
using FopWatch.Azure.Tests.ServiceBus;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Settings;
using FopWatch.Simulator;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Azure.Tests;

/// <summary>The core's whole work on Table Storage and Service Bus: register, be notified, poll, settle, publish, receive.</summary>
public class WholeFlowTests
{
    private const int Kills = 3;
    private const string Token = "right-token";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 20 * 60_000)]
    public async Task With_storage_and_broker_killed_every_job_ends_right_and_its_outcome_is_received()
    {
        var (qiniu, wangsu) = (new SigningKey("qiniu-ak", "qiniu-sk"), new SigningKey("wangsu-ak", "wangsu-sk"));
        await using var provider = await SimulatedProvider.StartAsync(
            new() { QiniuKeys = [qiniu], WangsuKeys = [wangsu], HangLimit = TimeSpan.FromSeconds(1), RetryBudget = TimeSpan.FromSeconds(30) },
            Cancelled);
        var jobs = JobPlan.Generate(20260301, 120, new PlanOptions { Unobtainable = false }.ScaledBy(1.0 / 120))
            .Where(job => job.Faults.StatusAlways is null)
            .ToList();
        await using var azurite = await Azurite.StartAsync();
        await using var bus = await BusTest.StartAsync();
        await using var host = await Host.StartAsync(azurite, bus, Settings(provider.StatusEndpoint, qiniu, wangsu));

        var registering = host.RegisterAsync(provider, jobs);
        for (var i = 0; i < Kills; i++)
        {
            await Task.Delay(1000, Cancelled);
            await azurite.KillAsync();
            await Task.Delay(300, Cancelled);
            await azurite.RestartAsync();
            await Task.Delay(500, Cancelled);
            await bus.Peer.KillAsync();
            await Task.Delay(300, Cancelled);
            await bus.Peer.StartAsync();
        }

        await registering;
        var wrong = new List<string>();
        foreach (var job in jobs)
        {
            var recorded = await host.SettledAsync(new(SourceOf(job), job.Id));
            if (job.ExpectedState != JsonNamingPolicy.CamelCase.ConvertName(recorded.State.ToString()))
                wrong.Add($"{job.Id} ({job.Shape}) is {recorded.State}, not {job.ExpectedState}");
        }

        await host.PublishedAsync();
        var sweep = await host.SweepAsync();
        Assert.Equal((0, 0), (sweep.Unaccounted, sweep.OutboxDepth));
        Assert.Equal(jobs.Count, sweep.Books.Sum(books => books.Settled));

        var outcomes = (await bus.ReceiveAllAsync("all"))
            .Select(message => JsonSerializer.Deserialize(message.Body, ContractsJson.Default.JobEvent)!)
            .Where(received => received.Type == JobEvent.SettledType)
            .ToList();
        Figures.Report(
            "Core on Azurite and a Service Bus peer that are killed and restarted",
            jobs.Count,
            $"{Kills} SIGKILLs of each, and the simulated provider's faults",
            jobs.Select(job => job.Id).Except(outcomes.Select(one => one.Subject)).Count(),
            wrong.Count,
            $"{outcomes.Count - outcomes.DistinctBy(one => one.Id).Count()} events, with duplicate detection",
            "while they were down: retried");
        Assert.Empty(wrong);
        Assert.Equal(jobs.Select(job => job.Id).Order(StringComparer.Ordinal), outcomes.Select(one => one.Subject).Order(StringComparer.Ordinal));
    }

    private static FopWatchSettings Settings(Uri statusEndpoint, SigningKey qiniu, SigningKey wangsu)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var (name, kind, key) in (ReadOnlySpan<(string, string, SigningKey)>)[
            ("media", "Qiniu", qiniu), ("files", "WangsuFmgr", wangsu), ("video", "WangsuFops", wangsu)])
        {
            settings[$"Sources:{name}:Provider"] = kind;
            settings[$"Sources:{name}:StatusEndpoint"] = statusEndpoint.AbsoluteUri;
            if (kind == "Qiniu")
                settings[$"Sources:{name}:WorkflowEndpoint"] = statusEndpoint.AbsoluteUri;
            settings[$"Sources:{name}:NotifyTokens:0"] = Token;
            settings[$"Sources:{name}:Keys:{key.AccessKey}"] = key.SecretKey;
            settings[$"Sources:{name}:Poll:First"] = "00:00:01";
            settings[$"Sources:{name}:Poll:Max"] = "00:00:03";
            settings[$"Sources:{name}:Poll:PerSecond"] = "100";
        }

        return FopWatchSettings.Read(settings);
    }

    private static string SourceOf(SimulatedJob job) => job.Shape switch
    {
        BodyShape.WangsuFmgr => "files",
        BodyShape.WangsuFops => "video",
        _ => "media",
    };

    /// <summary>The core over the Azure adapters with the real notify route, and the loops of a process that runs all watches itself.</summary>
    private sealed class Host : IAsyncDisposable
    {
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(50);

        // A limit, so that the test names the condition it waits for. On a busy machine everything takes minutes.
        private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

        private readonly FopWatchSettings _settings;
        private readonly TableStore _store;
        private readonly JobRecorder _recorder;
        private readonly OutboxDispatcher _dispatcher;
        private readonly WebApplication _web;
        private readonly CancellationTokenSource _stopping = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        private readonly Func<Task> _run;
        private Task _running = Task.CompletedTask;

        private Host(FopWatchSettings settings, TableStore store, IEventPublisher publisher)
        {
            (_settings, _store) = (settings, store);
            var (sources, time, work) = (settings.Sources, TimeProvider.System, new ThreadPoolWork());
            var times = new LoopTimes { LongestSleep = TimeSpan.FromSeconds(5), Pause = Pause };
            var log = NullLogger.Instance;
            var troubles = new Troubles(new OperatorLog(NullLogger<OperatorLog>.Instance), time);
            _dispatcher = Unobserved.Dispatcher(store.Outbox, publisher, time);
            var (watches, outbox) = (new EmbeddedWatchRunner(sources, time), new OutboxLoop(_dispatcher, times, troubles, log, time));
            var observer = Unobserved.Observer(watches, new OutboxWaker(outbox), new(store.Jobs, time), store.Jobs.References, time);
            _recorder = new(sources, store.Jobs, observer, time, Random.Shared);
            var statusApi = new StatusClient(StatusClient.CreateHttp(), time, new() { Timeout = TimeSpan.FromSeconds(2) });
            var slots = new PollSlots(PollSlotOptions.Embedded, time);
            var step = new PollStep(Unobserved.Poller(sources, store.Jobs, statusApi, _recorder, time), slots, troubles, log, time);
            var supervisor = new LoopSupervisor(troubles, work, time, _ => { });
            var loops = new EmbeddedLoops(
                new(sources, watches, store.Due, step, slots, supervisor, work, times, troubles, log, time), outbox, sweep: null!);

            // The test sweeps at the end.
            _run = () => supervisor.RunAsync(loops.All.Where(loop => loop.Name != "sweep"), _stopping.Token);

            var builder = WebApplication.CreateEmptyBuilder(new());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            builder.Services.AddRoutingCore();
            var admission = new Admission(time, NullLogger<Admission>.Instance);
            builder.Services.AddSingleton(settings);
            builder.Services.AddSingleton(admission);
            builder.Services.AddSingleton(Unobserved.Intake(settings, _recorder, store.Quarantine, store.Due, time));
            builder.Services.AddSingleton(new BodyMemory(settings));
            builder.Services.AddSingleton(new DecodeTurns());
            _web = builder.Build();
            _web.MapNotifications();
        }

        public static async Task<Host> StartAsync(Azurite azurite, BusTest bus, FopWatchSettings settings)
        {
            var store = await TableStore.CreateAsync(azurite.Client(), new() { TableName = "wholeflow", Buckets = 4 }, TimeProvider.System, Cancelled);
            var host = new Host(settings, store, bus.Publisher);
            await host._web.StartAsync(Cancelled);
            host._running = host._run();
            return host;
        }

        public async Task RegisterAsync(SimulatedProvider provider, IReadOnlyList<SimulatedJob> jobs)
        {
            foreach (var job in jobs)
            {
                var source = _settings.Sources.Find(SourceOf(job))!;
                await provider.SubmitAsync(job, new(new Uri(_web.Urls.Single()), $"/api/notify/{source.Name}/{Token}"), Cancelled);
                await RepeatUntilAsync(async () =>
                {
                    await _recorder.RegisterAsync(source, job.Id, Job.NoMetadata, null, Cancelled);
                    return true;
                },
                () => $"{job.Id} is not registered");
            }
        }

        public async Task<Job> SettledAsync(JobKey key)
        {
            Job? job = null;
            await RepeatUntilAsync(async () =>
            {
                job = (await _store.Jobs.FindAsync(key, Cancelled))?.Job;
                return job is { IsSettled: true };
            },
            () => $"{key} is {job?.State.ToString() ?? "unknown"}: {job?.Watch}");
            return job!;
        }

        public Task PublishedAsync() => RepeatUntilAsync(async () => (await _store.Outbox.DepthAsync(Cancelled)).Count == 0, () => "Events stay in the outbox");

        public Task<Sweep> SweepAsync() => Unobserved.Sweeper(
            _settings.Sources, _store.Jobs, _store.Due, _store.Outbox, _store.Quarantine, _recorder, TimeProvider.System).SweepAsync(Cancelled);

        public async ValueTask DisposeAsync()
        {
            await _stopping.CancelAsync();
            await _running;
            await _web.DisposeAsync();
            _dispatcher.Dispose();
            _stopping.Dispose();
        }

        private static async Task RepeatUntilAsync(Func<Task<bool>> isDone, Func<string> problem)
        {
            var waiting = Stopwatch.StartNew();
            while (true)
            {
                try
                {
                    if (await isDone())
                        return;
                }
                catch (StoreUnavailableException)
                {
                    // Nothing was written: try again.
                }

                Assert.True(waiting.Elapsed < Patience, problem());
                await Task.Delay(Pause, Cancelled);
            }
        }
    }

    /// <summary>Publishes committed events immediately.</summary>
    private sealed class OutboxWaker(OutboxLoop outbox) : ICommittedEvents
    {
        public void Committed(OutboxEvent committed) => outbox.Wake();
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Simulator;

namespace FopWatch.Local.Tests;

/// <summary>The host as its own process, killed repeatedly while it works.</summary>
[Collection(nameof(KillTests))]
[CollectionDefinition(nameof(KillTests), DisableParallelization = true)]
public class KillTests
{
    private const int Kills = 30;
    private const int JobCount = 400;
    private const string Token = "right-token";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    public async Task Killed_thirty_times_under_load_every_job_ends_right_and_every_settled_event_arrives()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        var (qiniu, wangsu) = (new SigningKey("qiniu-ak", "qiniu-sk"), new SigningKey("wangsu-ak", "wangsu-sk"));
        await using var provider = await SimulatedProvider.StartAsync(
            new() { QiniuKeys = [qiniu], WangsuKeys = [wangsu], HangLimit = TimeSpan.FromSeconds(1), RetryBudget = TimeSpan.FromSeconds(40) },
            Cancelled);
        var jobs = JobPlan.Generate(seed, JobCount, new PlanOptions { Unobtainable = false }.ScaledBy(1.0 / 120))
            .Where(job => job.Faults.StatusAlways is null)
            .ToList();
        using var folder = new TempFolder();
        using var host = new HostProcess(folder.FullName, Settings(provider.StatusEndpoint, qiniu, wangsu));
        using var finished = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var events = new ConcurrentDictionary<(string Subject, long Version), ConcurrentDictionary<string, JobEvent>>();
        var following = FollowAsync(host.Url, events, finished.Token);
        host.Start();

        var submitting = SubmitAsync(provider, host.Url, jobs);
        var random = new Random(seed);
        for (var i = 0; i < Kills; i++)
        {
            // Some kills hit the start, some the work.
            await Task.Delay(random.Next(100, 1800), Cancelled);
            host.Kill();
            host.Start();
        }

        await submitting;
        using var http = new HttpClient { BaseAddress = host.Url };
        var wrong = new List<string>();
        foreach (var job in jobs)
        {
            var record = await SettledAsync(http, job);
            if (job.ExpectedState != JsonNamingPolicy.CamelCase.ConvertName(record.State.ToString()))
                wrong.Add($"{job.Id} ({job.Shape}, {job.Faults}) is {record.State}, not {job.ExpectedState}");
            await ArrivedAsync(events, record);
        }

        await finished.CancelAsync();
        var repeated = await following;

        // Nothing is lost: every job was waited for, and so was its event.
        Figures.Report(
            "Embedded host under load, killed and restarted",
            jobs.Count,
            $"{Kills} SIGKILLs, and the simulated provider's faults",
            0,
            wrong.Count,
            $"{repeated} events",
            "while it was down: retried");
        Assert.Empty(wrong);
        Assert.All(events, version => Assert.Single(version.Value));

        // One outcome each, however often it was notified.
        foreach (var settled in events
            .Where(version => version.Value.Values.First().Type == JobEvent.SettledType)
            .GroupBy(version => version.Key.Subject))
        {
            Assert.Single(settled);
        }
    }

    private static async Task SubmitAsync(SimulatedProvider provider, Uri host, List<SimulatedJob> jobs)
    {
        using var http = new HttpClient { BaseAddress = host, Timeout = TimeSpan.FromSeconds(5) };
        foreach (var some in jobs.Chunk(10))
        {
            foreach (var job in some)
                await provider.SubmitAsync(job, new Uri(host, $"/api/notify/{SourceOf(job)}/{Token}"), Cancelled);

            // A correct application repeats its registration until it is acknowledged.
            await RepeatUntilAsync(async () =>
            {
                using var answer = await http.PostAsJsonAsync("/api/jobs", some.Select(job => new { source = SourceOf(job), id = job.Id }), Cancelled);
                return answer.StatusCode == HttpStatusCode.Accepted;
            });
            await Task.Delay(200, Cancelled);
        }
    }

    private static async Task<JobRecord> SettledAsync(HttpClient http, SimulatedJob job)
    {
        JobRecord? record = null;
        await RepeatUntilAsync(async () =>
        {
            record = await http.GetFromJsonAsync($"/api/jobs/{SourceOf(job)}/{job.Id}?wait=5", ContractsJson.Default.JobRecord, Cancelled);
            return record!.Settled;
        });
        return record!;
    }

    private static Task ArrivedAsync(
        ConcurrentDictionary<(string Subject, long Version), ConcurrentDictionary<string, JobEvent>> events,
        JobRecord record) => RepeatUntilAsync(() => Task.FromResult(events.Any(version =>
            version.Key.Subject == record.Id && version.Value.Values.Any(e => e.Type == JobEvent.SettledType && e.Data.State == record.State))));

    private static async Task RepeatUntilAsync(Func<Task<bool>> isDone)
    {
        while (true)
        {
            try
            {
                if (await isDone())
                    return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !Cancelled.IsCancellationRequested)
            {
                // The host is down, which the test expects.
            }

            await Task.Delay(50, Cancelled);
        }
    }

    /// <returns>The number of repeated events.</returns>
    private static async Task<int> FollowAsync(
        Uri host,
        ConcurrentDictionary<(string Subject, long Version), ConcurrentDictionary<string, JobEvent>> events,
        CancellationToken cancellationToken)
    {
        using var http = new HttpClient { BaseAddress = host };
        var (position, repeated) = ("0", 0);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
                request.Headers.Add("Last-Event-ID", position);
                using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
                await foreach (var item in SseParser
                    .Create(stream, (_, data) => JsonSerializer.Deserialize(data, ContractsJson.Default.JobEvent)!)
                    .EnumerateAsync(cancellationToken))
                {
                    position = item.EventId!;
                    if (!events.GetOrAdd((item.Data.Subject, item.Data.Data.Version), _ => new()).TryAdd(item.Data.Id, item.Data))
                        repeated++;
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
            {
                await Task.Delay(50, CancellationToken.None);
            }
        }

        return repeated;
    }

    private static string SourceOf(SimulatedJob job) => job.Shape switch
    {
        BodyShape.WangsuFmgr => "files",
        BodyShape.WangsuFops => "video",
        _ => "media",
    };

    private static Dictionary<string, string?> Settings(Uri statusEndpoint, SigningKey qiniu, SigningKey wangsu)
    {
        var settings = new Dictionary<string, string?>();
        foreach (var (name, provider, key) in (ReadOnlySpan<(string, string, SigningKey)>)[
            ("media", "Qiniu", qiniu), ("files", "WangsuFmgr", wangsu), ("video", "WangsuFops", wangsu)])
        {
            settings[$"Sources:{name}:Provider"] = provider;
            settings[$"Sources:{name}:StatusEndpoint"] = statusEndpoint.AbsoluteUri;
            if (provider == "Qiniu")
                settings[$"Sources:{name}:WorkflowEndpoint"] = statusEndpoint.AbsoluteUri;
            settings[$"Sources:{name}:NotifyTokens:0"] = Token;
            settings[$"Sources:{name}:Keys:0:AccessKey"] = key.AccessKey;
            settings[$"Sources:{name}:Keys:0:SecretKey"] = key.SecretKey;
            settings[$"Sources:{name}:Poll:First"] = "00:00:01";
            settings[$"Sources:{name}:Poll:Max"] = "00:00:03";
            settings[$"Sources:{name}:Poll:PerSecond"] = "200";
        }

        return settings;
    }
}

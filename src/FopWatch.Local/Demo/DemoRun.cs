using System.Collections.Concurrent;
using FopWatch.Client;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using FopWatch.Simulator;
using FopWatch.Upkeep;

namespace FopWatch.Local.Demo;

/// <summary>
/// FopWatch and a faulty provider in one process, over real HTTP. Every job is registered, goes through its faults, and is compared with
/// its expected outcome at the end.
/// </summary>
internal sealed class DemoRun : IAsyncDisposable
{
    /// <summary>One minute takes one second.</summary>
    public const double Compression = 60;

    private const string Token = "demo-notify-token";

    private readonly CompressedTime _time;
    private readonly SimulatedProvider _provider;
    private readonly LocalHost _host;
    private readonly FopWatchClient _client;
    private readonly string _folder;
    private readonly SecretLog _log;
    private readonly Func<SimulatedJob, SimulatedJob> _answers;
    private readonly ConcurrentDictionary<JobKey, DemoJob> _jobs = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _following;

    private DemoRun(
        CompressedTime time,
        SimulatedProvider provider,
        LocalHost host,
        string folder,
        SecretLog log,
        Func<SimulatedJob, SimulatedJob> answers,
        IReadOnlyList<SimulatedJob> jobs)
    {
        (_time, _provider, _host, _folder, _log, _answers) = (time, provider, host, folder, log, answers);
        _client = new(new() { Url = host.Url });
        foreach (var job in jobs)
        {
            var demoJob = new DemoJob(job, SourceOf(job), log.Secrets);
            _jobs[demoJob.Key] = demoJob;
        }

        _following = FollowEventsAsync(_stopping.Token);
    }

    /// <summary>The URL of the host.</summary>
    public Uri Url => _host.Url;

    public IReadOnlyCollection<DemoJob> Jobs => [.. _jobs.Values];

    public SimulatorCounters Counters => _provider.Counters;

    /// <summary>The number of lines in the host's log that hold a secret from a command.</summary>
    public int LoggedSecrets => _log.Lines;

    /// <summary>Whether the time limit passed before every job was settled and published.</summary>
    public bool IsTimeUp { get; private set; }

    /// <summary>The result of the final sweep; null before it.</summary>
    public Sweep? Sweep { get; private set; }

    /// <summary>The time of the compressed clock.</summary>
    public DateTimeOffset Now => _time.GetUtcNow();

    /// <summary>Starts the host and the provider on free ports and a temporary folder.</summary>
    /// <param name="seed">The seed of the jobs.</param>
    /// <param name="count">The number of jobs.</param>
    /// <param name="answers">Replaces the outcome that the provider reports for a job; null to report the expected one.</param>
    /// <param name="cancellationToken">Cancels the start.</param>
    public static async Task<DemoRun> StartAsync(int seed, int count, Func<SimulatedJob, SimulatedJob>? answers, CancellationToken cancellationToken)
    {
        var jobs = JobPlan.Generate(seed, count);
        var log = new SecretLog(new(jobs.SelectMany(job => job.Secrets)));
        var time = new CompressedTime(Compression);
        var random = new Random(seed);
        var (qiniu, wangsu, other) = (NewKey(random), NewKey(random), NewKey(random));
        var provider = await SimulatedProvider.StartAsync(
            new() { Clock = time, QiniuKeys = [qiniu], WangsuKeys = [wangsu, other] },
            cancellationToken);
        var folder = Directory.CreateTempSubdirectory("fopwatch-demo-").FullName;
        try
        {
            var settings = Settings(provider.StatusEndpoint, [qiniu], [wangsu, other]);
            var host = await LocalHost.StartAsync(
                new()
                {
                    Shared = settings,
                    Urls = "http://127.0.0.1:0",
                    Data = folder,

                    // The default would be half a second of real time, which is too short on a busy machine.
                    StatusTimeout = TimeSpan.FromMinutes(2),
                },
                time,
                logging => logging.SetMinimumLevel(LogLevel.Debug).AddFilter("Microsoft", LogLevel.Warning).AddProvider(log),
                cancellationToken);
            return new(time, provider, host, folder, log, answers ?? (job => job), jobs);
        }
        catch
        {
            await provider.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Plays all jobs until each is settled and published and no notification is in flight, or until the time limit.</summary>
    public async Task PlayAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(longest);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await SubmitAsync(either.Token);
            await _provider.WhenAllSentAsync(either.Token);
            while (_jobs.Values.Any(job => job.Published is null))
                await Task.Delay(50, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The table shows what is missing.
            IsTimeUp = true;
        }

        await CollectAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following;
        await _provider.DisposeAsync();
        await _host.DisposeAsync();
        _client.Dispose();
        _stopping.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string SourceOf(SimulatedJob job) => job.Shape switch
    {
        BodyShape.WangsuFmgr => "files",
        BodyShape.WangsuFops => "video",
        _ => "media",
    };

    private static SigningKey NewKey(Random random)
    {
        var (access, secret) = (new byte[15], new byte[24]);
        random.NextBytes(access);
        random.NextBytes(secret);
        return new(Convert.ToHexStringLower(access), Convert.ToHexStringLower(secret));
    }

    private static FopWatchSettings Settings(Uri statusEndpoint, SigningKey[] qiniu, SigningKey[] wangsu)
    {
        var settings = new Dictionary<string, string?>();
        Add("media", "Qiniu", qiniu);
        Add("files", "WangsuFmgr", wangsu);
        Add("video", "WangsuFops", wangsu);
        return FopWatchSettings.Read(settings);

        void Add(string name, string provider, SigningKey[] keys)
        {
            settings[$"Sources:{name}:Provider"] = provider;
            settings[$"Sources:{name}:StatusEndpoint"] = statusEndpoint.AbsoluteUri;
            if (provider == "Qiniu")
                settings[$"Sources:{name}:WorkflowEndpoint"] = statusEndpoint.AbsoluteUri;
            settings[$"Sources:{name}:NotifyTokens:0"] = Token;

            // Real jobs take hours, these take minutes.
            settings[$"Sources:{name}:Poll:Max"] = "00:06:00";
            foreach (var key in keys)
                settings[$"Sources:{name}:Keys:{key.AccessKey}"] = key.SecretKey;
        }
    }

    private async Task SubmitAsync(CancellationToken cancellationToken)
    {
        // As in an application: the provider receives the file and answers with an id, which is then registered.
        foreach (var some in _jobs.Values.Chunk(25))
        {
            foreach (var job in some)
            {
                var notifyUrl = new Uri(_host.Url, $"/api/notify/{job.Key.Source}/{Token}");
                await _provider.SubmitAsync(_answers(job.Truth), notifyUrl, cancellationToken);
            }

            foreach (var same in some.GroupBy(job => job.Key.Source))
                await _client.RegisterManyAsync([.. same.Select(job => new JobRegistration { Source = same.Key, Id = job.Key.Id })], cancellationToken);
        }
    }

    private async Task CollectAsync(CancellationToken cancellationToken)
    {
        foreach (var job in _jobs.Values)
            job.Recorded = await _client.GetAsync(job.Key.Source, job.Key.Id, cancellationToken);
        Sweep = await _host.Services.GetRequiredService<Sweeper>().SweepAsync(cancellationToken);
    }

    private async Task FollowEventsAsync(CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var item in _client.EventsAsync("0", cancellationToken: cancellationToken))
            {
                if (item is EventReceived { Event: var happened, Json: var json } && _jobs.TryGetValue(new(happened.Data.Source, happened.Subject), out var job))
                    job.Take(happened, json);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The demo is over.
        }
    }
}

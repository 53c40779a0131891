using System.Globalization;
using System.Text;
using BenchmarkDotNet.Attributes;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulator;
using FopWatch.Sqlite;

namespace FopWatch.Benchmarks;

/// <summary>The cost of each step of taking a notification: one from Qiniu, of an unknown id, with one command that succeeded.</summary>
[MemoryDiagnoser]
public class NotificationBenchmarks
{
    private const int AtOnce = 64;

    private static readonly Uri Url = new("https://hooks.example.com/api/notify/media/3f9d0c51e27a4b86");
    private static readonly SigningKey Key = new("benchmark-access-key", "benchmark-secret-key");

    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""
        {"id":"z0.560e99c37823de5a49c22393","pipeline":"0.default","code":0,"desc":"The fop was completed successfully","reqid":"xGAAAJdPiD0OTY0U","inputBucket":"lessons","inputKey":"in/z0.560e99c37823de5a49c22393.mp4","items":[{"cmd":"avthumb/mp4/vb/1.25m","code":0,"desc":"The fop was completed successfully","hash":"FuYTvVs0nZkBZb5ZpIM2OOLzCkNK","key":"out/z0.560e99c37823de5a49c22393.mp4","returnOld":0}]}
        """);

    private readonly DateTimeOffset _now = TimeProvider.System.GetUtcNow();

    private readonly Source _source = new()
    {
        Name = "media",
        Provider = ProviderKinds.For(Contracts.ProviderKind.Qiniu),
        StatusEndpoint = new("https://api.qiniu.com"),
        Tokens = new(["3f9d0c51e27a4b86"]),
        Keys = new([new(Key.AccessKey, Key.SecretKey)]),
        Poll = ProviderKinds.For(Contracts.ProviderKind.Qiniu).DefaultPoll,
    };

    private readonly SignedRequest _request = new()
    {
        Url = Url,
        Authorization = Signer.Qiniu(Key.AccessKey, Key.SecretKey, Url, "application/json", Body),
        ContentType = "application/json",
        Body = Body,
    };

    private JobReport _report = null!;
    private Job _job = null!;
    private DirectoryInfo _folder = null!;
    private SqliteStore _store = null!;
    private long _last;

    /// <summary>Prepares the input of each step, and an empty store.</summary>
    [GlobalSetup]
    public async Task PrepareAsync()
    {
        _report = _source.Provider.Decode(ReportChannel.Notification, Body).Report ?? throw new InvalidOperationException("The body cannot be decoded.");
        _job = Decided(_report.Id!).Job;
        if (Verify() != Trust.Strong || _job.Version != 1 || !_job.IsSettled)
            throw new InvalidOperationException("The notification does not settle a job.");
        _folder = Directory.CreateTempSubdirectory("fopwatch-benchmark-");
        _store = await SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System);
    }

    [GlobalCleanup]
    public async Task CleanUpAsync()
    {
        await _store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Benchmark]
    public Trust Verify() => _source.Provider.Verify(_request, _source.Keys);

    /// <summary>Reads the body, secrets redacted.</summary>
    [Benchmark]
    public Decoded Decode() => _source.Provider.Decode(ReportChannel.Notification, Body);

    /// <summary>Decides what becomes of the job.</summary>
    [Benchmark]
    public JobChange Decide() => Decided(_report.Id!);

    /// <summary>Writes the job as it is stored.</summary>
    [Benchmark]
    public byte[] SerialiseJob() => JobJson.Serialize(_job);

    /// <summary>Writes the event as it is published.</summary>
    [Benchmark]
    public OutboxEvent? SerialiseEvent() => new JobChange(_job, Contracts.JobEvent.SettledType).ToEvent(_source.Domains);

    /// <summary>Commits one job with its event to SQLite, decided and serialised beforehand. It runs alone, so it waits for its own sync.</summary>
    [Benchmark]
    public Task<string?> Commit() => CommitAsync();

    /// <summary>64 such commits at once, which share their syncs.</summary>
    [Benchmark(OperationsPerInvoke = AtOnce)]
    public Task CommitTogether() => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => CommitAsync()));

    private JobChange Decided(string id) =>
        JobDecider.Decide(new(_source.Name, id), null, new DecisionInput.Report(_report, null), _source, _now)!;

    private async Task<string?> CommitAsync()
    {
        var change = Decided(string.Create(CultureInfo.InvariantCulture, $"z0.{Interlocked.Increment(ref _last):x24}"));
        return await _store.Jobs.CommitAsync(new(change.Job, null, change.ToEvent(_source.Domains)), CancellationToken.None)
            ?? throw new InvalidOperationException("The job exists already.");
    }
}

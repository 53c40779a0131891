using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Local.Tests.Http;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Settings;
using FopWatch.Sqlite;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Local.Tests;

/// <summary>Jobs with failing polls at the head of a source's queue.</summary>
public sealed class FailingPollTests : IStatusApi
{
    private readonly ConcurrentDictionary<string, int> _asked = new(StringComparer.Ordinal);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 60_000)]
    [InlineData(typeof(InvalidOperationException))]
    [InlineData(typeof(StoreUnavailableException))]
    public async Task Jobs_that_cannot_be_written_are_polled_rarely_and_delay_no_other(Type thrown)
    {
        const int Failing = 200;
        const int Others = 20;
        using var folder = new TempFolder();
        await using var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled);
        var settings = FopWatchSettings.Read(new Dictionary<string, string?>(RunningHost.TokenSources()) { ["Sources:media:Poll:PerSecond"] = "10000" });
        var source = settings.Sources.Find("media")!;
        var failing = new FailingStore(store, (Exception)Activator.CreateInstance(thrown)!);
        var time = TimeProvider.System;
        var (watches, log, times) = (new EmbeddedWatchRunner(settings.Sources, time), NullLogger.Instance, new LoopTimes());
        var troubles = new Troubles(new OperatorLog(NullLogger<OperatorLog>.Instance), time);
        var observer = Unobserved.Observer(
            watches, Unobserved.Events, new(store.Jobs, time, CancellationToken.None), store.Jobs.References, time);
        var direct = new JobRecorder(settings.Sources, store.Jobs, observer, time, Random.Shared);
        foreach (var i in Enumerable.Range(0, Failing))
            await direct.RegisterAsync(source, $"bad-{i}", Job.NoMetadata, TimeSpan.Zero, Cancelled);
        foreach (var i in Enumerable.Range(0, Others))
            await direct.RegisterAsync(source, $"good-{i}", Job.NoMetadata, TimeSpan.Zero, Cancelled);

        var recorder = new JobRecorder(settings.Sources, failing, observer, time, Random.Shared);
        await using var meters = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var counted = new CountedPolls();
        var metrics = new FopWatchMetrics(counted.Of(meters.GetRequiredService<IMeterFactory>()), time);
        var poller = new Poller(settings.Sources, failing, this, recorder, troubles, metrics, time, Random.Shared);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var slots = new PollSlots(PollSlotOptions.Embedded, time);
        var step = new PollStep(poller, slots, troubles, log, time);
        var running = new WatchLoop(source, watches, store.Due, step, slots, new ThreadPoolWork(), times, troubles, log, time).RunAsync(stop.Token);

        while ((await store.Jobs.BooksAsync(Cancelled)).Single().Settled < Others)
            await Task.Delay(20, Cancelled);
        await Task.Delay(TimeSpan.FromSeconds(5), Cancelled);
        await stop.CancelAsync();
        await running;

        // Immediately, then after 1 s, 3 s and 7 s at the earliest.
        Assert.All(Enumerable.Range(0, Failing), i => Assert.InRange(_asked.GetValueOrDefault($"bad-{i}"), 1, 4));
        Assert.Equal(_asked.Values.Sum(), counted.Count);
        Assert.All(Enumerable.Range(0, Others), i => Assert.Equal(1, _asked.GetValueOrDefault($"good-{i}")));
    }

    Task<StatusAnswer> IStatusApi.AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        _asked.AddOrUpdate(id, 1, (_, times) => times + 1);
        return Task.FromResult(new StatusAnswer(PollAnswer.Report, Sample.Succeeded(ReportChannel.Poll)));
    }

    private sealed class CountedPolls : IDisposable
    {
        private readonly MeterListener _listener = new();
        private IMeterFactory? _factory;
        private long _count;

        public long Count => Interlocked.Read(ref _count);

        public IMeterFactory Of(IMeterFactory factory)
        {
            _factory = factory;
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == "fopwatch.polls" && instrument.Meter.Scope == _factory)
                    listener.EnableMeasurementEvents(instrument);
            };
            _listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref _count, value));
            _listener.Start();
            return factory;
        }

        public void Dispose() => _listener.Dispose();
    }

    /// <summary>Fails to write jobs whose ids start with <c>bad</c>, their due times included.</summary>
    private sealed class FailingStore(SqliteStore store, Exception thrown) : IJobStore
    {
        public JobReferences References => store.Jobs.References;

        public ValueTask<StoredJob?> FindAsync(JobKey key, CancellationToken cancellationToken) => store.Jobs.FindAsync(key, cancellationToken);

        public ValueTask<Job?> FindByReferenceAsync(string? source, string reference, CancellationToken cancellationToken) =>
            store.Jobs.FindByReferenceAsync(source, reference, cancellationToken);

        public ValueTask<FoundJob> FindForChangeAsync(JobKey key, JobOrigin? origin, bool mayPresume, CancellationToken cancellationToken) =>
            store.Jobs.FindForChangeAsync(key, origin, mayPresume, cancellationToken);

        public ValueTask<string?> CommitAsync(JobCommit commit, CancellationToken cancellationToken) =>
            commit.Job.Key.Id.StartsWith("bad", StringComparison.Ordinal) ? throw thrown : store.Jobs.CommitAsync(commit, cancellationToken);

        public ValueTask SetAsideAsync(UnreadableJob job, DateTimeOffset now, CancellationToken cancellationToken) => throw thrown;

        public ValueTask<Page<Job>> ListAsync(JobQuery query, CancellationToken cancellationToken) => store.Jobs.ListAsync(query, cancellationToken);

        public ValueTask<IReadOnlyList<BooksPart>> PartsAsync(CancellationToken cancellationToken) => store.Jobs.PartsAsync(cancellationToken);

        public ValueTask<BooksCount> CountAsync(string part, int unwatched, CancellationToken cancellationToken) =>
            store.Jobs.CountAsync(part, unwatched, cancellationToken);
    }
}

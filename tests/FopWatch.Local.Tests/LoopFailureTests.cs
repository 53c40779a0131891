using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Embedded;
using FopWatch.Local.Tests.Http;
using FopWatch.PollLimits;
using FopWatch.PortContracts;
using FopWatch.Running;
using FopWatch.Settings;
using FopWatch.Sqlite;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Local.Tests;

/// <summary>A background loop with a failure that waiting does not resolve.</summary>
public sealed class LoopFailureTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_failing_loop_is_reported_and_recovers_without_a_restart_once_it_can()
    {
        using var folder = new TempFolder();
        await using (var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled))
        {
            await store.Jobs.CommitAsync(Sample.Job("a").Settled().On(null), Cancelled);
            await store.ClockMarks.WriteAsync(new(DateTimeOffset.UtcNow - FopWatchSettings.Read([]).Retention, null), Cancelled);
        }

        // The first sweep deletes published events older than the retention, and the database refuses.
        await ExecuteAsync(folder, string.Create(
            CultureInfo.InvariantCulture,
            $"""
            CREATE TRIGGER keep BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'kept'); END;
            UPDATE jobs SET settled_at = {new DateTime(2000, 1, 1).Ticks};
            DELETE FROM outbox;
            """));

        using var host = new HostProcess(folder.FullName, new Dictionary<string, string?>(), variables: new() { ["FOPWATCH_LOG"] = "Error" });
        host.Start();
        using var http = new HttpClient { BaseAddress = host.Url };
        while (!(await HealthAsync(http)).Contains("\"kind\":\"loopFails\"", StringComparison.Ordinal))
            await Task.Delay(200, Cancelled);

        var health = await HealthAsync(http);
        Assert.Contains("\"status\":\"ready\"", health, StringComparison.Ordinal);
        Assert.Contains("the sweep failed: SqliteException", health, StringComparison.Ordinal);
        Assert.True(host.Runs);

        await ExecuteAsync(folder, "DROP TRIGGER keep");
        while ((await http.GetAsync("/api/jobs/media/a", Cancelled)).StatusCode != HttpStatusCode.NotFound)
            await Task.Delay(200, Cancelled);
        Assert.True(host.Runs);
        Assert.Equal(0, await host.SignalAsync("TERM"));
    }

    [Fact]
    public async Task A_host_that_is_asked_to_stop_ends_well()
    {
        await using var host = await RunningHost.StartAsync();
        using var stop = new CancellationTokenSource();

        var ended = host.Host.WaitForShutdownAsync(stop.Token);
        await stop.CancelAsync();

        await ended.WaitAsync(TimeSpan.FromSeconds(30), Cancelled);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_failure_of_one_sources_loop_stops_no_other_and_ends_after_a_wait()
    {
        var settings = FopWatchSettings.Read(RunningHost.TokenSources());
        var (time, work) = (TimeProvider.System, new ThreadPoolWork());
        var watches = new EmbeddedWatchRunner(settings.Sources, time);
        var troubles = new Troubles(new OperatorLog(NullLogger<OperatorLog>.Instance), time);
        var index = new FailsAtFirst("files");
        using var stop = new CancellationTokenSource();
        var slots = new PollSlots(PollSlotOptions.Embedded, time);
        var supervisor = new LoopSupervisor(troubles, work, time, _ => { });
        var loops = new WatchLoops(
            settings.Sources, watches, index, step: null!, slots, supervisor, work, new(), troubles, NullLogger.Instance, time);

        var running = loops.RunAsync(stop.Token);
        while (index.Asked("files") < 3)
        {
            // A job that is due sooner wakes a loop.
            await watches.WakeAsync(new(new("media", "any"), time.GetUtcNow()), Cancelled);
            await Task.Delay(20, Cancelled);
        }

        Assert.True(index.Asked("media") > 3);
        var trouble = Assert.Single(troubles.Current);
        Assert.Equal(("files", TroubleKind.LoopFails, 2L), (trouble.Source, trouble.Kind, trouble.Count));
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running.WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_exception_that_escapes_a_polls_error_handling_is_thrown_by_its_loop()
    {
        var sources = FopWatchSettings.Read(RunningHost.TokenSources()).Sources;
        var time = TimeProvider.System;
        var troubles = new Troubles(new OperatorLog(NullLogger<OperatorLog>.Instance), time);
        var (slots, log) = (new PollSlots(PollSlotOptions.Embedded, time), new FullLog());

        // There is no poller, and logging the failure fails.
        var step = new PollStep(poller: null!, slots, troubles, log, time);
        var loop = new WatchLoop(
            sources.Find("media")!, new(sources, time), new OneDue(), step, slots, new ThreadPoolWork(), new LoopTimes(), troubles, log, time);

        await Assert.ThrowsAsync<IOException>(() => loop.RunAsync(Cancelled));
    }

    private static async Task<string> HealthAsync(HttpClient http)
    {
        try
        {
            return await http.GetStringAsync("/health/ready", Cancelled);
        }
        catch (HttpRequestException)
        {
            return "";
        }
    }

    private static async Task ExecuteAsync(TempFolder folder, string sql)
    {
        using var other = new SqliteConnection($"Data Source={folder.DatabasePath};Pooling=false");
        await other.OpenAsync(Cancelled);
        await using var command = other.CreateCommand();
        command.CommandText = sql;
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    /// <summary>An index in which nothing is due, and which fails twice for one source.</summary>
    private sealed class FailsAtFirst(string source) : IDueIndex
    {
        private readonly ConcurrentDictionary<string, int> _asked = new(StringComparer.Ordinal);

        public int Asked(string of) => _asked.GetValueOrDefault(of);

        public ValueTask<IReadOnlyList<DueJob>> DueAsync(string of, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) =>
            _asked.AddOrUpdate(of, 1, (_, before) => before + 1) <= 2 && of == source ? throw new InvalidOperationException(of) : new([]);

        public ValueTask<DateTimeOffset?> NextDueAsync(string of, DateTimeOffset after, CancellationToken cancellationToken) => new((DateTimeOffset?)null);
    }

    /// <summary>An index in which one job is due.</summary>
    private sealed class OneDue : IDueIndex
    {
        public ValueTask<IReadOnlyList<DueJob>> DueAsync(string of, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) =>
            new([new DueJob(new(of, "a"), by)]);

        public ValueTask<DateTimeOffset?> NextDueAsync(string of, DateTimeOffset after, CancellationToken cancellationToken) => new((DateTimeOffset?)null);
    }

    /// <summary>A log whose file cannot be written.</summary>
    private sealed class FullLog : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            throw new IOException("No file descriptor is left.");
    }
}

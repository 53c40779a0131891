using System.Diagnostics;
using System.Globalization;
using FopWatch.Api;
using FopWatch.Contract.Tests;
using FopWatch.Diagnosis;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Hosting;
using FopWatch.Local.Storage;
using FopWatch.Local.Tests.Http;
using FopWatch.Local.Tests.Storage;
using FopWatch.Settings;
using FopWatch.Watching;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Local.Tests;

/// <summary>A background loop that fails for a reason that waiting cannot cure.</summary>
public sealed class LoopFailureTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_process_ends_with_a_code_of_its_own_and_logs_the_failure()
    {
        using var folder = new TempFolder();
        await using (var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System, cancellationToken: Cancelled))
            await store.CommitAsync(Sample.Job("a").Settled().On(null), Cancelled);

        // The first sweep deletes what is published and older than the retention, and the database does not let it.
        using (var other = new SqliteConnection($"Data Source={folder.DatabasePath};Pooling=false"))
        {
            await other.OpenAsync(Cancelled);
            await using var trigger = other.CreateCommand();
            trigger.CommandText = string.Create(
                CultureInfo.InvariantCulture,
                $"""
                CREATE TRIGGER keep BEFORE DELETE ON jobs BEGIN SELECT RAISE(ABORT, 'kept'); END;
                UPDATE jobs SET settled_at = {new DateTime(2000, 1, 1).Ticks};
                DELETE FROM outbox;
                """);
            await trigger.ExecuteNonQueryAsync(Cancelled);
        }

        var start = new ProcessStartInfo("dotnet", [typeof(LocalHost).Assembly.Location, "serve", "--urls", "http://127.0.0.1:0", "--data", folder.FullName])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder.FullName,
        };
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancelled), process.StandardError.ReadToEndAsync(Cancelled));
            await process.WaitForExitAsync(Cancelled).WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

            Assert.Equal(ExitCodes.Faulted, process.ExitCode);
            Assert.Contains("kept", await output + await error, StringComparison.Ordinal);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    [Fact]
    public async Task A_host_that_is_asked_to_stop_ends_well()
    {
        await using var host = await RunningHost.StartAsync();
        using var stop = new CancellationTokenSource();

        var ended = host.Host.WaitForShutdownAsync(stop.Token);
        await stop.CancelAsync();

        Assert.True(await ended.WaitAsync(TimeSpan.FromSeconds(30), Cancelled));
    }

    [Fact]
    public async Task The_failure_of_one_sources_loop_ends_those_of_the_others()
    {
        var settings = FopWatchSettings.Read(RunningHost.TokenSources());
        using var signals = new DueSignals(settings.Sources, TimeProvider.System);
        var troubles = new Troubles(new OperatorLog(NullLogger<OperatorLog>.Instance), TimeProvider.System);
        using var loops = new WatchLoops(settings.Sources, new FailsFor("files"), poller: null!, signals, troubles, TimeProvider.System, NullLogger<WatchLoop>.Instance);

        await loops.StartAsync(Cancelled);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => loops.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(30), Cancelled));
        Assert.Equal("files", failure.Message);
    }

    /// <summary>An index in which nothing is due, and which fails for one source.</summary>
    private sealed class FailsFor(string source) : IDueIndex
    {
        public ValueTask<IReadOnlyList<DueJob>> DueAsync(string of, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken) =>
            of == source ? throw new InvalidOperationException(of) : new([]);

        public ValueTask<IReadOnlyList<DueJob>> DueAfterAsync(string of, DateTimeOffset after, int limit, CancellationToken cancellationToken) => new([]);

        public ValueTask<DateTimeOffset?> NextDueAsync(string of, DateTimeOffset after, CancellationToken cancellationToken) => new((DateTimeOffset?)null);
    }
}

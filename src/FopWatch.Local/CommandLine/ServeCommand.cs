using System.CommandLine;
using System.Runtime.InteropServices;
using FopWatch.Api;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>serve</c>: runs the embedded host until it is stopped.</summary>
internal static class ServeCommand
{
    private const string LogVariable = "FOPWATCH_LOG";

    private const string More = """
        Exit codes:
          0  stopped
          2  wrong usage or settings
          3  it cannot use the data folder, it cannot listen on --urls, or it may open too few files
          5  the output cannot be written
        """;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var (urls, data, config) = (PlaceOptions.Urls(), PlaceOptions.Data(), PlaceOptions.Config());
        var command = new ExplainedCommand("serve", "Runs the embedded host: HTTP, watches, and SQLite.", More) { urls, data, config };
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(
            terminal,
            result,
            () => ServeAsync(terminal, result.GetValue(urls)!, result.GetValue(data)!, result.GetValue(config), cancellationToken)));
        return command;
    }

    private static async Task<int> ServeAsync(
        Terminal terminal, string urls, string data, string? config, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var hangUp = OnHangUp(stop);
        try
        {
            var settings = SettingsFile.Read(config, urls, data);
            var lowest = LowestLevel();
            var started = false;
            ThreadReserve.Ensure();
            await using var host = await LocalHost.StartAsync(
                settings, TimeProvider.System, logging => LogToConsole(logging, lowest, () => started), stop.Token);
            started = true;
            await host.WaitForShutdownAsync(stop.Token);
            return ExitCodes.Ok;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return ExitCodes.Ok;
        }
        catch (Exception e) when (e is ListenException or TooFewDescriptorsException or StoreOpenException or StoreUnavailableException or IOException or UnauthorizedAccessException)
        {
            terminal.WriteErrorLine(new Piece(e.Message, Terminal.Wrong));
            return ExitCodes.Unreachable;
        }
    }

    /// <summary>A terminal that is closed ends the host as SIGTERM does.</summary>
    private static PosixSignalRegistration OnHangUp(CancellationTokenSource stop) => PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        signal.Cancel = true;
        stop.Cancel();
    });

    private static void LogToConsole(ILoggingBuilder logging, LogLevel lowest, Func<bool> started) => logging
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        })
        .SetMinimumLevel(LogLevel.Information)
        .AddFilter("Microsoft", LogLevel.Warning)

        // A start that fails is said in a line at the end; the generic host would show its stack trace before that, as an Error. That a
        // background service ended it is Critical.
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => level >= (started() ? LogLevel.Warning : LogLevel.Critical))

        // It makes an activity and a scope for each request as long as anything of it may be logged. After the start it has nothing to say.
        .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", level => !started() && level >= LogLevel.Warning)
        .AddFilter("FopWatch", lowest);

    /// <exception cref="SettingsException">The variable is not one of the levels.</exception>
    private static LogLevel LowestLevel()
    {
        if (Environment.GetEnvironmentVariable(LogVariable) is not { Length: > 0 } text)
            return LogLevel.Information;

        // Parsing would take numbers and sums of names too.
        var names = Enum.GetNames<LogLevel>();
        return names.Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<LogLevel>(text, ignoreCase: true)
            : throw new SettingsException([$"{LogVariable} is '{text}': it has to be one of {string.Join(", ", names)}"]);
    }
}

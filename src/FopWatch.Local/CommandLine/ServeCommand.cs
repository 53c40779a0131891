using System.CommandLine;
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
        Sources, API keys and webhooks are read again when the settings file changes, and on SIGHUP. A file that is wrong changes nothing: the log
        says what is wrong with it.

        The environment variable FOPWATCH_LOG sets the log level: Trace, Debug, Information (the default), Warning, Error, Critical or None. The
        log goes to standard output. docs/settings.md lists the settings.

        Examples:
          $ fopwatch serve
          $ fopwatch serve --config /etc/fopwatch/fopwatch.json --data /var/lib/fopwatch
          $ FOPWATCH_LOG=Debug fopwatch serve --urls http://127.0.0.1:8080

        Exit codes:
          0  stopped
          2  wrong usage or settings
          3  the data folder cannot be used, the host cannot listen on --urls, or the limit of open files is too low
          5  the output cannot be written
        """;

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
        LocalHost? running = null;
        using var hangUp = HangUp.On(() => Volatile.Read(ref running)?.Reload(), stop.Cancel);
        try
        {
            var settings = SettingsFile.Read(config, urls, data);
            var lowest = LowestLevel();
            var started = false;
            ThreadReserve.Ensure();
            await using var host = await LocalHost.StartAsync(
                settings, TimeProvider.System, logging => LogToConsole(logging, lowest, () => started), stop.Token);
            started = true;
            Volatile.Write(ref running, host);
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

    private static void LogToConsole(ILoggingBuilder logging, LogLevel lowest, Func<bool> started) => logging
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        })
        .SetMinimumLevel(LogLevel.Information)
        .AddFilter("Microsoft", LogLevel.Warning)

        // A failed start is reported in one line at the end. The generic host would log its stack trace as an Error before that. It logs a
        // failed background service as Critical.
        .AddFilter("Microsoft.Extensions.Hosting.Internal.Host", level => level >= (started() ? LogLevel.Warning : LogLevel.Critical))

        // It creates an activity and a scope per request while any of its levels is enabled. After the start, it logs nothing of use.
        .AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", level => !started() && level >= LogLevel.Warning)
        .AddFilter("FopWatch", lowest);

    /// <exception cref="SettingsException">The variable is not a log level.</exception>
    private static LogLevel LowestLevel()
    {
        if (Environment.GetEnvironmentVariable(LogVariable) is not { Length: > 0 } text)
            return LogLevel.Information;

        // Enum.Parse also accepts numbers and combinations of names.
        var names = Enum.GetNames<LogLevel>();
        return names.Contains(text, StringComparer.OrdinalIgnoreCase)
            ? Enum.Parse<LogLevel>(text, ignoreCase: true)
            : throw new SettingsException([$"{LogVariable} is '{text}': it must be one of {string.Join(", ", names)}"]);
    }
}

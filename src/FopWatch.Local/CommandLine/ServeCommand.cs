using System.CommandLine;
using FopWatch.Jobs;
using FopWatch.Local.Hosting;
using FopWatch.Local.Storage;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary><c>serve</c>: runs the embedded host until it is stopped.</summary>
internal static class ServeCommand
{
    public static Command Create()
    {
        var urls = new Option<string>("--urls")
        {
            Description = "Where to listen, separated by ';'. An address that is not a loopback one needs FopWatch:ApiKey.",
            DefaultValueFactory = _ => HostSettings.DefaultUrls,
        };
        var data = new Option<string>("--data")
        {
            Description = "The folder that holds all state.",
            DefaultValueFactory = _ => HostSettings.DefaultData,
        };
        var config = ConfigOption();
        var command = new Command("serve", "Runs the embedded host: HTTP, watches, and SQLite.") { urls, data, config };
        command.SetAction((result, cancellationToken) =>
            ServeAsync(result.GetValue(urls)!, result.GetValue(data)!, result.GetValue(config), cancellationToken));
        return command;
    }

    /// <summary>The option that says where the settings are.</summary>
    public static Option<string?> ConfigOption() => new("--config")
    {
        Description = "A JSON file with the settings (default: fopwatch.json here, if it exists). FopWatch__… in the environment goes before it.",
    };

    /// <summary>Reads settings from a JSON file and the environment.</summary>
    /// <exception cref="SettingsException">There is no such file, or it is no JSON.</exception>
    public static IConfiguration Configuration(string? file)
    {
        const string Default = "fopwatch.json";
        try
        {
            return new ConfigurationBuilder()
                .AddJsonFile(Path.GetFullPath(file ?? Default), optional: file is null)
                .AddEnvironmentVariables()
                .Build();
        }
        catch (Exception e) when (e is FileNotFoundException or InvalidDataException)
        {
            throw new SettingsException([$"{file ?? Default}: {e.InnerException?.Message ?? "there is no such file."}"]);
        }
    }

    private static async Task<int> ServeAsync(string urls, string data, string? config, CancellationToken cancellationToken)
    {
        try
        {
            var settings = HostSettings.Read(Configuration(config), urls, data);
            await using var host = await LocalHost.StartAsync(settings, TimeProvider.System, LogToConsole, cancellationToken);
            await host.WaitForShutdownAsync(cancellationToken);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return 0;
        }
        catch (Exception e) when (e is SettingsException or StoreOpenException or StoreUnavailableException or IOException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }

    private static void LogToConsole(ILoggingBuilder logging) => logging
        .AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        })
        .SetMinimumLevel(LogLevel.Information)
        .AddFilter("Microsoft", LogLevel.Warning)
        .AddFilter("FopWatch", Enum.TryParse<LogLevel>(Environment.GetEnvironmentVariable("FOPWATCH_LOG"), true, out var level) ? level : LogLevel.Information);
}

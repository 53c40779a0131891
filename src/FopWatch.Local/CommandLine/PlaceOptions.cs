using System.CommandLine;
using FopWatch.Local.Hosting;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// The options that say where the embedded host is: its addresses, its data folder, and its settings file. A variable of the environment stands for each
/// that is not given, so that all commands in a container or of a service find the same host.
/// </summary>
internal static class PlaceOptions
{
    public const string UrlsVariable = "FOPWATCH_URLS";
    public const string DataVariable = "FOPWATCH_DATA";
    public const string ConfigVariable = "FOPWATCH_CONFIG";

    /// <summary>Where the host listens.</summary>
    public static Option<string> Urls() => new("--urls")
    {
        Description = $"Where to listen, separated by ';'. An address other than loopback needs FopWatch:ApiKey. In the environment: {UrlsVariable}.",
        DefaultValueFactory = _ => Variable(UrlsVariable) ?? HostSettings.DefaultUrls,
    };

    /// <summary>The data folder.</summary>
    public static Option<string> Data() => new("--data")
    {
        Description = $"The folder that holds all state. In the environment: {DataVariable}.",
        DefaultValueFactory = _ => Variable(DataVariable) ?? HostSettings.DefaultData,
    };

    /// <summary>The settings file; null for the one of the current folder.</summary>
    public static Option<string?> Config() => new("--config")
    {
        Description =
            $"A JSON file with the settings (default: {SettingsFile.DefaultName} here, if it exists). FopWatch__… in the environment takes precedence. "
            + $"In the environment: {ConfigVariable}.",
        DefaultValueFactory = _ => Variable(ConfigVariable),
    };

    /// <summary>The path that an option or argument names.</summary>
    /// <exception cref="UsageException">It cannot be one.</exception>
    public static string PathOf(string name, string? text) =>
        string.IsNullOrWhiteSpace(text) ? throw new UsageException($"{name} is empty.")
        : text.Contains('\0', StringComparison.Ordinal) ? throw new UsageException($"{name}: '{text}' is not the name of a file or folder.")
        : text;

    // Container platforms set variables to nothing rather than leave them out.
    private static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}

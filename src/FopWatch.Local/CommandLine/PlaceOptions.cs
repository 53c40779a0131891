using System.CommandLine;
using FopWatch.Local.Hosting;

namespace FopWatch.Local.CommandLine;

/// <summary>
/// The options for the addresses, data folder and settings file of the embedded host. An environment variable is the default of each, so
/// that all commands in a container or of a service find the same host.
/// </summary>
internal static class PlaceOptions
{
    public const string UrlsVariable = "FOPWATCH_URLS";
    public const string DataVariable = "FOPWATCH_DATA";
    public const string ConfigVariable = "FOPWATCH_CONFIG";

    public static Option<string> Urls() => new("--urls")
    {
        Description = $"The addresses to listen on, separated by ';'. A non-loopback address needs FopWatch:ApiKey. Environment variable: {UrlsVariable}.",
        HelpName = "URLS",
        DefaultValueFactory = _ => Variable(UrlsVariable) ?? HostSettings.DefaultUrls,
    };

    public static Option<string> Data() => new("--data")
    {
        Description = $"The folder that holds all state. Environment variable: {DataVariable}.",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => Variable(DataVariable) ?? HostSettings.DefaultData,
    };

    /// <summary>The settings file; null for the one in the current folder.</summary>
    public static Option<string?> Config() => new("--config")
    {
        Description =
            $"A JSON file with the settings (default: {SettingsFile.DefaultName} in the current folder, if it exists). FopWatch__… variables take precedence. "
            + $"Environment variable: {ConfigVariable}.",
        HelpName = "FILE",
        DefaultValueFactory = _ => Variable(ConfigVariable),
    };

    /// <summary>The path in an option or argument.</summary>
    /// <exception cref="UsageException">The text is not a path.</exception>
    public static string PathOf(string name, string? text) =>
        string.IsNullOrWhiteSpace(text) ? throw new UsageException($"{name} is empty.")
        : text.Contains('\0', StringComparison.Ordinal) ? throw new UsageException($"{name}: '{text}' is not a valid name of a file or folder.")
        : text;

    /// <summary>The value of an environment variable; null if it is empty, because container platforms set variables to an empty value instead of leaving them out.</summary>
    public static string? Variable(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? text : null;
}

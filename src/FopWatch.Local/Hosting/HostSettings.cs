using System.Globalization;
using System.Net;
using FopWatch.Settings;

namespace FopWatch.Local.Hosting;

/// <summary>What the embedded host is started with.</summary>
internal sealed record HostSettings
{
    public const string DefaultUrls = "http://127.0.0.1:7071";
    public const string DefaultData = "./fopwatch-data";
    public const int MinApiKeyLength = 16;

    private const string ApiKeyName = "ApiKey";
    private const string RetentionName = "Retention";

    /// <summary>What both hosts share.</summary>
    public required FopWatchSettings Shared { get; init; }

    /// <summary>Where to listen, separated by <c>;</c>.</summary>
    public string Urls { get; init; } = DefaultUrls;

    /// <summary>The folder that holds all state.</summary>
    public string Data { get; init; } = DefaultData;

    /// <summary>What every route but notify and health needs; null only if all addresses are loopback ones.</summary>
    public string? ApiKey { get; init; }

    /// <summary>How long settled jobs and published events are kept.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Reads the settings.</summary>
    /// <exception cref="SettingsException">Something is wrong; it names every problem.</exception>
    public static HostSettings Read(IConfiguration configuration, string urls, string data)
    {
        var section = configuration.GetSection(FopWatchSettings.Section);
        var problems = new List<string>();

        var apiKey = section[ApiKeyName];
        if (apiKey is { Length: < MinApiKeyLength })
            problems.Add($"FopWatch:{ApiKeyName} is shorter than {MinApiKeyLength} characters");
        if (string.IsNullOrEmpty(apiKey) && !AreLoopback(urls))
        {
            problems.Add(
                $"FopWatch:{ApiKeyName} is missing: an address that is not a loopback one ({urls}) needs a key of at least {MinApiKeyLength} characters");
        }

        var retention = TimeSpan.FromDays(30);
        if (section[RetentionName] is { } text
            && !(text.Contains(':', StringComparison.Ordinal)
                && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out retention)
                && retention >= TimeSpan.FromMinutes(1)))
        {
            problems.Add($"FopWatch:{RetentionName} is '{text}', not a time of at least one minute, such as 30.00:00:00");
        }

        FopWatchSettings? shared = null;
        try
        {
            shared = FopWatchSettings.Read(section.AsEnumerable(makePathsRelative: true), ApiKeyName, RetentionName);
        }
        catch (SettingsException e)
        {
            problems.InsertRange(0, e.Problems);
        }

        if (problems.Count > 0)
            throw new SettingsException(problems);
        return new() { Shared = shared!, Urls = urls, Data = data, ApiKey = string.IsNullOrEmpty(apiKey) ? null : apiKey, Retention = retention };
    }

    private static bool AreLoopback(string urls) => urls
        .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
        .All(url => Uri.TryCreate(url, UriKind.Absolute, out var parsed) && IsLoopback(parsed.Host));

    /// <summary>Whether a host name or address is the loopback's.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}

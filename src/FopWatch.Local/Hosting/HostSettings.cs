using System.Globalization;
using System.Net;
using FopWatch.Api;
using FopWatch.Settings;
using FopWatch.Webhooks;

namespace FopWatch.Local.Hosting;

/// <summary>The settings of the embedded host.</summary>
internal sealed record HostSettings
{
    public const string DefaultUrls = "http://127.0.0.1:7071";
    public const string DefaultData = "./fopwatch-data";
    public const int MinApiKeyLength = ApiKeys.MinKeyLength;
    public const string ApiKeyName = "ApiKey";

    /// <summary>The settings that both hosts share.</summary>
    public required FopWatchSettings Shared { get; init; }

    /// <summary>The addresses to listen on, separated by <c>;</c>.</summary>
    public string Urls { get; init; } = DefaultUrls;

    /// <summary>The first of <see cref="Urls"/>, with the unspecified address for any address; null if it is not a URL.</summary>
    public Uri? FirstUrl => Uri.TryCreate(Concrete(Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[0]), UriKind.Absolute, out var url) ? url : null;

    /// <summary>The folder that holds all state.</summary>
    public string Data { get; init; } = DefaultData;

    /// <summary>The key that has all rights; null for none.</summary>
    public string? ApiKey { get; init; }

    /// <summary>
    /// The API keys. Every route that is not open needs one. Empty only if all addresses are loopback addresses and no proxy leads to them.
    /// </summary>
    public ApiKeys Keys => ApiKey is { } key ? Shared.ApiKeys.Plus(key, new(null, KeyRights.Write, null)) : Shared.ApiKeys;

    /// <summary>Where events are posted to.</summary>
    public IReadOnlyList<Webhook> Webhooks { get; init; } = [];

    /// <summary>How long a status API may take to answer.</summary>
    public TimeSpan StatusTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The clock of waits for clients. Clients live in real time, even where the host's clock runs faster, as in the demo.
    /// </summary>
    public TimeProvider TransportTime { get; init; } = TimeProvider.System;

    /// <summary>Where the settings were read from, and are read again from while the host runs; null if code created them.</summary>
    public SettingsOrigin? ReadFrom { get; init; }

    /// <summary>OpenTelemetry's own settings, such as <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
    public IReadOnlyDictionary<string, string?> OpenTelemetry { get; init; } = new Dictionary<string, string?>();

    /// <summary>Reads the settings.</summary>
    /// <param name="configuration">The settings.</param>
    /// <param name="urls">The addresses to listen on.</param>
    /// <param name="data">The data folder.</param>
    /// <param name="lists">The lists in the settings file, below <see cref="FopWatchSettings.Section"/>.</param>
    /// <param name="serves">Whether a host starts with them. If not, nothing can be reached from outside, and no API key is needed.</param>
    /// <exception cref="SettingsException">Settings are invalid; it names every problem.</exception>
    public static HostSettings Read(
        IConfiguration configuration, string urls, string data, IReadOnlyCollection<string>? lists = null, bool serves = true)
    {
        return ConfiguredSettings.Read(configuration, ReadOwn, lists);

        HostSettings ReadOwn(SettingsReader reader, FopWatchSettings shared)
        {
            var addresses = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            if (addresses.Length == 0 || !addresses.All(IsAddress))
                reader.ProblemOutside($"--urls is '{urls}': it takes one or more of http://HOST:PORT, separated by ';' (for https, put a reverse proxy in front)");
            if (addresses.Any(url => IsAddress(url) && new Uri(Concrete(url)) is { Host: "localhost", Port: 0 }))
                reader.ProblemOutside($"--urls is '{urls}': localhost is two addresses, and port 0 (any free port) needs one; use http://127.0.0.1:0");
            if (string.IsNullOrWhiteSpace(data))
                reader.ProblemOutside($"--data is empty: it takes the folder that holds all state, such as {DefaultData}");

            var apiKey = ApiKeySettings.ReadKey(reader, ApiKeyName);
            if (shared.ApiKeys.Find(apiKey) is { } same)
                reader.Problem(ApiKeyName, $"is the same as {FopWatchSettings.Section}:ApiKeys:{same.Name}:Key");
            if (serves && apiKey is null && !reader.HasBelow("ApiKeys") && WhyKeyIsNeeded(addresses, shared) is { } why)
                reader.Problem(ApiKeyName, why);

            return new()
            {
                Shared = shared,
                Urls = urls,
                Data = data,
                ApiKey = apiKey,
                Webhooks = WebhookSettings.Read(reader, reader.IsMap("Sources") ? reader.Children("Sources") : []),
                OpenTelemetry = configuration.AsEnumerable()
                    .Where(setting => setting.Key.StartsWith(TelemetryExport.SettingsPrefix, StringComparison.OrdinalIgnoreCase))
                    .ToDictionary(StringComparer.OrdinalIgnoreCase),
            };
        }
    }

    /// <summary>Why a host that runs with these settings cannot do without an API key, also if it has one now; null if it can.</summary>
    public string? WhyKeyIsNeeded() => WhyKeyIsNeeded(Urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), Shared);

    private static string? WhyKeyIsNeeded(IReadOnlyList<string> addresses, FopWatchSettings shared) => Exposures(addresses, shared) is { Count: > 0 } exposures
        ? $"is missing, and other machines can reach the host: {string.Join("; ", exposures)}. "
            + $"Set a secret of at least {MinApiKeyLength} characters, for example the output of 'openssl rand -hex 16'"
        : null;

    /// <summary>The names of settings that other settings have other values of, and that a host goes by until its next start.</summary>
    public IReadOnlyList<string> ChangedForNextStart(HostSettings other)
    {
        List<string> names = [];
        AddIf(Shared.PublicUrl?.OriginalString != other.Shared.PublicUrl?.OriginalString, $"{FopWatchSettings.Section}:{nameof(Shared.PublicUrl)}");
        AddIf(Shared.MaxBodyBytes != other.Shared.MaxBodyBytes, $"{FopWatchSettings.Section}:{nameof(Shared.MaxBodyBytes)}");
        AddIf(Shared.Retention != other.Shared.Retention, $"{FopWatchSettings.Section}:{nameof(Shared.Retention)}");
        foreach (var name in OpenTelemetry.Keys.Union(other.OpenTelemetry.Keys, StringComparer.OrdinalIgnoreCase))
            AddIf(OpenTelemetry.GetValueOrDefault(name) != other.OpenTelemetry.GetValueOrDefault(name), name);
        return names;

        void AddIf(bool isChanged, string name)
        {
            if (isChanged)
                names.Add(name);
        }
    }

    /// <summary>Whether Kestrel can listen there. It accepts no path.</summary>
    private static bool IsAddress(string url) =>
        url.StartsWith("http://", StringComparison.OrdinalIgnoreCase)
        && Uri.IsWellFormedUriString(Concrete(url), UriKind.Absolute)
        && new Uri(Concrete(url)) is { PathAndQuery: "/", Fragment: "", UserInfo: "" };

    /// <summary>The reasons why other machines can reach the host, a clause each.</summary>
    private static List<string> Exposures(IReadOnlyList<string> addresses, FopWatchSettings shared)
    {
        List<string> exposures =
            [.. addresses.Where(url => IsAddress(url) && !BindsLoopback(url)).Select(url => $"--urls has {url}, which is not a loopback address")];
        if (shared is { IsPublic: true, PublicUrl: { } publicUrl })
            exposures.Add($"a proxy or tunnel at FopWatch:PublicUrl ({publicUrl.OriginalString}) leads to it");
        return exposures;
    }

    /// <summary>
    /// Whether Kestrel binds only loopback addresses, by its own parsing. It binds every address for a name that it does not know, such as
    /// <c>loopback</c>, which <see cref="Uri"/> would turn into <c>localhost</c>. <see cref="LoopbackListeners"/> enforces it.
    /// </summary>
    private static bool BindsLoopback(string url) =>
        BindingAddress.Parse(url).Host is var host && (IsLoopback(host) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase));

    /// <summary>To Kestrel, <c>*</c> and <c>+</c> mean any address.</summary>
    private static string Concrete(string url) =>
        url.Replace("//*", "//0.0.0.0", StringComparison.Ordinal).Replace("//+", "//0.0.0.0", StringComparison.Ordinal);

    /// <summary>Whether a host name or address is loopback.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}

/// <summary>Where settings were read from.</summary>
/// <param name="File">The full path of the settings file.</param>
/// <param name="Exists">Whether the file exists.</param>
/// <param name="Variables">How many environment variables hold settings.</param>
internal sealed record SettingsOrigin(string File, bool Exists, int Variables)
{
    /// <summary>What was read of the file, as <see cref="Look"/> gives it.</summary>
    public string Seen { get; init; } = "";

    /// <summary>Looks at the file as it is now: the same text for the same content, or for the same reason why there is none.</summary>
    public Func<string> Look { get; init; } = () => "";

    /// <summary>
    /// Reads the settings again. A file that was there has to be there. Throws a <see cref="SettingsException"/> where something is wrong. Null if they can be read
    /// only once, as from a pipe.
    /// </summary>
    public Func<HostSettings>? ReadAgain { get; init; }

    /// <summary>The origin in a sentence.</summary>
    public string ToWords() => (Exists, Variables) switch
    {
        (true, 0) => $"The settings were read from {File}.",
        (true, _) => $"The settings were read from {File} and {Environment}, which takes precedence.",
        (false, 0) => $"There is no settings file {File}, and the environment has no FopWatch__… variables.",
        (false, _) => $"The settings were read from {Environment}. There is no settings file {File}.",
    };

    private string Environment => string.Create(CultureInfo.InvariantCulture, $"the environment ({Variables} FopWatch__… variable(s))");
}

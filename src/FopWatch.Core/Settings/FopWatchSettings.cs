using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Settings;

/// <summary>The validated settings that both hosts share. docs/settings.md lists them.</summary>
public sealed record FopWatchSettings
{
    /// <summary>The configuration section of all settings: <c>FopWatch:…</c> in JSON, <c>FopWatch__…</c> in the environment.</summary>
    public const string Section = "FopWatch";

    /// <summary>The default of <see cref="MaxBodyBytes"/>, in bytes.</summary>
    public const int DefaultMaxBodyBytes = 4 * 1024 * 1024;

    /// <summary>
    /// The URL under which providers reach the notify routes; signatures cover it. Null to take it from each request, which works only if no
    /// proxy rewrites the <c>Host</c> header.
    /// </summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>
    /// The beginning of every notify URL: <see cref="PublicUrl"/> as it was written, without a trailing slash. It is not normalised, because
    /// providers may sign it as written. Null if <see cref="PublicUrl"/> is null.
    /// </summary>
    public string? PublicOrigin => PublicUrl is null ? null
        : (PublicUrl.OriginalString.StartsWith($"{PublicUrl.Scheme}://", StringComparison.OrdinalIgnoreCase) ? PublicUrl.OriginalString : PublicUrl.AbsoluteUri)
            .TrimEnd('/', '?', '#');

    /// <summary>Whether other machines can reach the host under <see cref="PublicUrl"/>, for example through a proxy or a tunnel.</summary>
    public bool IsPublic => PublicUrl is not null && !Reachability.IsThisMachine(PublicUrl);

    /// <summary>The largest accepted request body, in bytes: 64 KiB to 64 MiB.</summary>
    public int MaxBodyBytes { get; init; } = DefaultMaxBodyBytes;

    /// <summary>
    /// The longest status API answer that is read, in bytes: 8 MiB, or twice <see cref="MaxBodyBytes"/> if that is more. A poll answer describes
    /// the same job as a notification, at greater length. So a host that accepts large notifications must also read the answers of polls that replace them.
    /// </summary>
    public int MaxAnswerBytes => Math.Max(StatusClientOptions.DefaultMaxAnswerLength, 2 * MaxBodyBytes);

    /// <summary>How long a job is kept after it has settled: one minute to ten years. A host that stores published events keeps them as long.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The sources.</summary>
    public required Sources Sources { get; init; }

    /// <summary>The named API keys. The embedded host may have one more key, with all rights.</summary>
    public ApiKeys ApiKeys { get; init; } = ApiKeys.None;

    /// <summary>Valid settings that cannot work with a real account, one sentence each; empty if no source is configured.</summary>
    /// <param name="listening">The URL that the host listens on. Notify URLs begin with it if <see cref="PublicUrl"/> is null. Null if unknown.</param>
    public IReadOnlyList<string> Warnings(Uri? listening) => [.. DoubtfulSetting.Warnings(this, listening).Select(doubt => $"{doubt.What}. {doubt.Fix}")];

    /// <summary>Reads and validates the shared settings, for a host without settings of its own.</summary>
    /// <param name="settings">
    /// All settings below <see cref="Section"/>: path with <c>:</c> and without the section's name → value. Paths are case-insensitive, and the
    /// last of several values for one path wins. The same source name in two spellings is a problem.
    /// </param>
    /// <exception cref="SettingsException">A setting is wrong. The exception names every problem.</exception>
    public static FopWatchSettings Read(IEnumerable<KeyValuePair<string, string?>> settings) => Read(settings, (_, shared) => shared);

    /// <summary>Reads and validates the settings of a host: the shared ones and its own.</summary>
    /// <typeparam name="T">The settings of the host.</typeparam>
    /// <param name="settings">As above.</param>
    /// <param name="host">
    /// Reads the host's own settings. It is called even if shared settings are wrong, and gets the shared settings that are right.
    /// </param>
    /// <param name="lists">
    /// The paths, as in <paramref name="settings"/>, at which the settings file has a JSON array, if known. A list in place of a map is a problem.
    /// </param>
    /// <exception cref="SettingsException">A setting is wrong or unknown. The exception names every problem, including those of the host's own settings.</exception>
    public static T Read<T>(
        IEnumerable<KeyValuePair<string, string?>> settings,
        Func<SettingsReader, FopWatchSettings, T> host,
        IReadOnlyCollection<string>? lists = null)
    {
        ArgumentNullException.ThrowIfNull(host);
        var reader = new SettingsReader(Section, settings, lists ?? []);
        var read = host(reader, ReadShared(reader));
        reader.ThrowIfWrong();
        return read;
    }

    private static FopWatchSettings ReadShared(SettingsReader reader)
    {
        var publicUrl = reader.Url("PublicUrl", null, "https://hooks.example.com");
        var maxBodyBytes = (int)reader.Number("MaxBodyBytes", DefaultMaxBodyBytes, 64 * 1024, 64 * 1024 * 1024, whole: true);
        var retention = reader.Time("Retention", TimeSpan.FromDays(30), TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        var sources = new List<Source>();
        var names = reader.IsMap("Sources") ? reader.Children("Sources") : [];
        foreach (var name in names)
        {
            if (reader.Below($"Sources:{name}") is { } below && ReadSource(below, name) is { } source)
                sources.Add(source);
        }

        return new()
        {
            PublicUrl = publicUrl,
            MaxBodyBytes = maxBodyBytes,
            Retention = retention,
            Sources = new(sources),
            ApiKeys = ApiKeySettings.Read(reader, names),
        };
    }

    private static Source? ReadSource(SettingsReader reader, string name)
    {
        if (!Sources.IsName(name))
            reader.Problem("", "is not a valid name: a source's name is 1 to 64 of A-Z a-z 0-9 _ -");

        var kind = reader.Choice<ProviderKind>("Provider", null);
        var trust = reader.Choice<TrustRule>("Trust", TrustRule.Signature);
        const string NeedsTokens = "give a list of at least one token, 8 to 64 of A-Z a-z 0-9 _ - each";
        var tokens = reader.Texts("NotifyTokens", NeedsTokens);
        if (tokens.Count == 0 && !reader.HasBelow("NotifyTokens"))
            reader.Problem("NotifyTokens", $"is missing: {NeedsTokens}");
        foreach (var (at, token) in tokens)
        {
            if (!IsName(token, 8, 64))
                reader.Problem(at, "is not 8 to 64 of A-Z a-z 0-9 _ -");
        }

        var keys = ReadKeys(reader);
        var domains = ReadDomains(reader);
        var buckets = ReadNames(reader, "Buckets", "the name of a bucket");
        var pipelines = ReadNames(reader, "Pipelines", "the name of a pipeline, such as 1381556928.video or video");
        var provider = kind is { } known ? ProviderKinds.For(known) : null;
        var endpoint = reader.Url("StatusEndpoint", provider?.DefaultStatusEndpoint, "https://mgr.example.com");
        if (endpoint is null && provider is not null && !reader.Has("StatusEndpoint"))
            reader.Problem("StatusEndpoint", $"is missing: {kind} needs the MgrDomain of the account, for example https://mgr.example.com");

        var workflows = reader.Url("WorkflowEndpoint", endpoint is null ? null : provider?.Workflows?.DefaultEndpoint(endpoint), "https://dora.qiniuapi.com");
        if (provider is { Workflows: null } && reader.Has("WorkflowEndpoint"))
            reader.Problem("WorkflowEndpoint", $"applies to Qiniu only, but the provider is {kind}");

        if (kind is not (null or ProviderKind.Qiniu) && pipelines.Count > 0)
            reader.Problem("Pipelines", $"applies to Qiniu only, but the provider is {kind}");

        var uploadIdField = ReadUploadIdField(reader, kind, provider);
        var defaults = provider?.DefaultPoll ?? new() { First = TimeSpan.FromMinutes(2) };
        var poll = reader.Below("Poll") is { } below ? ReadPoll(below, defaults) : defaults;
        if (provider is null || endpoint is null || tokens.Count == 0 || trust is null)
            return null;

        return new()
        {
            Name = name,
            Provider = provider,
            StatusEndpoint = endpoint,
            WorkflowEndpoint = workflows,
            Tokens = new(tokens.Select(token => token.Text)),
            Keys = keys,
            Domains = domains,
            Scope = new(buckets, pipelines),
            Trust = trust.Value,
            UploadIdField = uploadIdField,
            Poll = poll,
        };
    }

    private static string ReadUploadIdField(SettingsReader reader, ProviderKind? kind, IProvider? provider)
    {
        if (provider is { UploadCallbacks: null } && (reader.HasBelow("UploadCallback") || reader.Has("UploadCallback")))
            reader.Problem("UploadCallback", $"applies to Qiniu only, but the provider is {kind}");
        if (reader.Below("UploadCallback")?.Text("IdField") is not { } field)
            return Source.DefaultUploadIdField;
        if (field.Length > 64 || !field.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':'))
            reader.Problem("UploadCallback:IdField", "is not the name of a field: 1 to 64 of A-Z a-z 0-9 . : _ -");
        return field;
    }

    private static IReadOnlyList<string> ReadNames(SettingsReader reader, string setting, string what)
    {
        var names = reader.Texts(setting, "give a list of at least one name, or leave the setting out for any");
        foreach (var (at, name) in names)
        {
            if (name.Length > 255 || name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c is ':' or '/' or ',' or ';' or '*'))
                reader.Problem(at, $"is not {what}");
        }

        return [.. names.Select(name => name.Text)];
    }

    private static KeyRing ReadKeys(SettingsReader reader)
    {
        var pairs = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, nameAt, accessKey, valueAt) in ReadPairs(reader, "Keys", "keys", "AccessKey", "SecretKey"))
        {
            var isPair = valueAt != path;
            var secretKey = reader.Secret(valueAt);
            if (string.IsNullOrWhiteSpace(accessKey))
                reader.Problem(nameAt, isPair ? "is missing" : "has an empty access key");
            else if (secretKey is null)
                reader.Problem(valueAt, isPair ? "is missing" : "has no secret key");
            else if (!pairs.TryAdd(accessKey, secretKey))
                reader.Problem(path, "names an access key that is already listed");
        }

        return new(pairs);
    }

    private static OutputDomains ReadDomains(SettingsReader reader)
    {
        const string Example = "https://cdn.example.com";
        var domains = new Dictionary<string, Uri>(StringComparer.Ordinal);
        foreach (var (path, nameAt, bucket, valueAt) in ReadPairs(reader, "Domains", "domains", "Bucket", "Url"))
        {
            var url = reader.Url(valueAt, null, Example);
            if (string.IsNullOrWhiteSpace(bucket))
                reader.Problem(nameAt, valueAt != path ? "is missing" : "has an empty bucket");
            else if (url is null && !reader.Has(valueAt))
                reader.Problem(valueAt, $"{(valueAt != path ? "is missing" : "is empty")}: give the URL that the bucket is served under, for example {Example}");
            else if (url is not null && !domains.TryAdd(bucket, url))
                reader.Problem(path, "names a bucket that already has a domain");
        }

        return new(domains);
    }

    // Both a map from names to values and a list of pairs are accepted: environment variables and Azure app settings cannot express every name.
    private static IEnumerable<(string At, string NameAt, string? Name, string ValueAt)> ReadPairs(
        SettingsReader reader, string setting, string what, string name, string value)
    {
        foreach (var child in reader.Children(setting))
        {
            var path = $"{setting}:{child}";
            if (reader.HasBelow(path))
            {
                reader.Below(path);
                yield return (path, $"{path}:{name}", reader.Secret($"{path}:{name}"), $"{path}:{value}");
            }
            else if (SettingsReader.IsIndex(child))
            {
                reader.Secret(path);
                reader.Problem(path, $"is a single value: an element of a list of {what} is {{ \"{name}\", \"{value}\" }}");
            }
            else
            {
                yield return (path, path, child, path);
            }
        }
    }

    private static PollSettings ReadPoll(SettingsReader reader, PollSettings defaults)
    {
        var first = reader.Time("First", defaults.First, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(30));
        var poll = new PollSettings
        {
            First = first,
            Factor = reader.Number("Factor", defaults.Factor, 1, 100),
            Max = reader.Time("Max", defaults.Max > first ? defaults.Max : first, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(30)),
            Deadline = reader.Time("Deadline", defaults.Deadline, TimeSpan.FromMilliseconds(1), TimeSpan.FromDays(365)),
            PerSecond = reader.Number("PerSecond", defaults.PerSecond, 0.01, 10_000),
            Plan = reader.Choice<PlanChoice>("Plan", defaults.Plan) ?? defaults.Plan,
            PerJob = reader.Number("PerJob", double.NaN, 0.1, 1000) is var perJob && double.IsNaN(perJob) ? defaults.PerJob : perJob,
        };
        if (poll.Max < poll.First)
            reader.Problem("Max", $"is less than First ({poll.First:c})");
        if (poll.Deadline < poll.First)
            reader.Problem("Deadline", $"is less than First ({poll.First:c})");
        return poll;
    }

    internal static bool IsName(string text, int shortest, int longest) =>
        text.Length >= shortest && text.Length <= longest && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-');
}

using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Settings;

/// <summary>The settings that both hosts share, read and validated. docs/settings.md has a table of them.</summary>
public sealed record FopWatchSettings
{
    /// <summary>The section that everything is in: <c>FopWatch:…</c> in JSON, <c>FopWatch__…</c> in the environment.</summary>
    public const string Section = "FopWatch";

    /// <summary>The size of a request body, in bytes, that is taken when nothing else is set.</summary>
    public const int DefaultMaxBodyBytes = 4 * 1024 * 1024;

    /// <summary>
    /// The URL under which providers reach the notify routes, as signatures cover it; null to take it from each request, which is
    /// right only where no proxy rewrites the <c>Host</c> header.
    /// </summary>
    public Uri? PublicUrl { get; init; }

    /// <summary>
    /// <see cref="PublicUrl"/> as it was written, without a slash at its end: what notify URLs begin with. Providers may sign it as written;
    /// a <see cref="Uri"/>'s other forms are normalised. Null if there is none.
    /// </summary>
    public string? PublicOrigin => PublicUrl is null ? null
        : (PublicUrl.OriginalString.StartsWith($"{PublicUrl.Scheme}://", StringComparison.OrdinalIgnoreCase) ? PublicUrl.OriginalString : PublicUrl.AbsoluteUri)
            .TrimEnd('/', '?', '#');

    /// <summary>Whether <see cref="PublicUrl"/> is a URL under which other machines reach the host, as through a proxy or a tunnel.</summary>
    public bool IsPublic => PublicUrl is not null && !Reachability.IsThisMachine(PublicUrl);

    /// <summary>The largest request body that is taken, in bytes: 64 KiB to 64 MiB.</summary>
    public int MaxBodyBytes { get; init; } = DefaultMaxBodyBytes;

    /// <summary>
    /// The longest answer of a status API that is read, in bytes: 8 MiB, or twice <see cref="MaxBodyBytes"/> if that is more. It tells of
    /// the same job as a notification and at greater length, so whoever takes large notifications has to read the polls that stand in for them.
    /// </summary>
    public int MaxAnswerBytes => Math.Max(StatusClientOptions.DefaultMaxAnswerLength, 2 * MaxBodyBytes);

    /// <summary>How long settled jobs are kept from their settlement, one minute to ten years, and published events where the host keeps them.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The sources.</summary>
    public required Sources Sources { get; init; }

    /// <summary>The API keys that have a name. The embedded host may have one more, with all rights.</summary>
    public ApiKeys ApiKeys { get; init; } = ApiKeys.None;

    /// <summary>What is valid and yet cannot work with a real account, a sentence each; empty if there is no source.</summary>
    /// <param name="listening">The URL that the host listens on, which notify URLs begin with if <see cref="PublicUrl"/> is null; null if it is not known.</param>
    public IReadOnlyList<string> Warnings(Uri? listening) => [.. DoubtfulSetting.Warnings(this, listening).Select(doubt => $"{doubt.What}. {doubt.Fix}")];

    /// <summary>Reads and validates settings of which the host has none of its own.</summary>
    /// <param name="settings">
    /// All settings below <see cref="Section"/>: path with <c>:</c> and without the section's name → value. Of several values for one path,
    /// whatever its case, the last is taken; but the name of a source that is there in two spellings is a problem.
    /// </param>
    /// <exception cref="SettingsException">Something is wrong; it names every problem, not just the first.</exception>
    public static FopWatchSettings Read(IEnumerable<KeyValuePair<string, string?>> settings) => Read(settings, (_, shared) => shared);

    /// <summary>Reads and validates the settings of a host: those that all hosts share, and its own.</summary>
    /// <typeparam name="T">The settings of the host.</typeparam>
    /// <param name="settings">As above.</param>
    /// <param name="host">
    /// Reads the host's own settings. It is called whatever is wrong with the shared ones, which it gets as far as they are right.
    /// </param>
    /// <param name="lists">
    /// The paths, as in <paramref name="settings"/>, at which the settings file has a JSON array, where that is known. A list where a map
    /// belongs is a problem.
    /// </param>
    /// <exception cref="SettingsException">Something is wrong; it names every problem, the host's and unknown names included.</exception>
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
        if (!IsName(name, 1, 64))
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
            reader.Problem("WorkflowEndpoint", $"is a setting of Qiniu's alone, and the provider is {kind}");

        if (kind is not (null or ProviderKind.Qiniu) && pipelines.Count > 0)
            reader.Problem("Pipelines", $"is a setting of Qiniu's alone, and the provider is {kind}");

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
            reader.Problem("UploadCallback", $"is a setting of Qiniu's alone, and the provider is {kind}");
        if (reader.Below("UploadCallback")?.Text("IdField") is not { } field)
            return Source.DefaultUploadIdField;
        if (field.Length > 64 || !field.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or ':'))
            reader.Problem("UploadCallback:IdField", "is not the name of a field: 1 to 64 of A-Z a-z 0-9 . : _ -");
        return field;
    }

    /// <summary>A list of names that a report is compared with.</summary>
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
                reader.Problem(path, "is there twice");
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
                reader.Problem(path, "names a bucket that has a domain already");
        }

        return new(domains);
    }

    /// <summary>
    /// A map from names to values, or a list of pairs: the names of environment variables and of Azure's app settings cannot hold every
    /// name.
    /// </summary>
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

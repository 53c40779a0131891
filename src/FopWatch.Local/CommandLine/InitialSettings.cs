using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary>The settings of a new installation with one source, and their file.</summary>
internal sealed record InitialSettings
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public ProviderKind Provider { get; init; } = ProviderKind.Qiniu;

    public string Source { get; init; } = "media";

    /// <summary>The URL at which the provider reaches the host; null if it is not known yet.</summary>
    public string? PublicUrl { get; init; }

    /// <summary>The base URL of the status API; null for the provider's default.</summary>
    public string? StatusEndpoint { get; init; }

    public IReadOnlyList<string> Buckets { get; init; } = [];

    public string Token { get; } = NewSecret();

    public string ApiKey { get; } = NewSecret();

    /// <summary>The notify URL for the provider; null if there is no public URL yet.</summary>
    public string? NotifyUrl => PublicUrl is null ? null : $"{PublicUrl.TrimEnd('/')}/api/notify/{Source}/{Token}";

    /// <summary>The problems that the host would report, a sentence each.</summary>
    public IReadOnlyList<string> Problems()
    {
        var source = $"Sources:{Source}";
        List<KeyValuePair<string, string?>> settings =
        [
            new($"{source}:Provider", Provider.ToString()),
            new($"{source}:NotifyTokens:0", Token),
            .. Buckets.Select((bucket, index) => new KeyValuePair<string, string?>($"{source}:Buckets:{index}", bucket)),
        ];
        if (PublicUrl is not null)
            settings.Add(new("PublicUrl", PublicUrl));
        if (StatusEndpoint is not null)
            settings.Add(new($"{source}:StatusEndpoint", StatusEndpoint));
        try
        {
            FopWatchSettings.Read(settings);
            return [];
        }
        catch (SettingsException e)
        {
            return e.Problems;
        }
    }

    /// <summary>The text of the file: JSON with comments, which <see cref="SettingsFile"/> reads.</summary>
    public string ToJson()
    {
        var isQiniu = Provider == ProviderKind.Qiniu;
        var text = new StringBuilder();
        Add($$"""
            // The settings of FopWatch. They hold secrets: keep the file's mode 0600, and keep it out of version control.
            // 'fopwatch config check' validates them. docs/settings.md lists all settings.
            {
              "FopWatch": {
                // The URL at which the provider reaches this host, usually that of a proxy with TLS. Signatures cover it.
            """);
        Add($"    {(PublicUrl is null ? "// " : "")}\"PublicUrl\": {Json(PublicUrl ?? "https://hooks.example.com")},");
        Add($$"""

                // The API key with all rights. Clients send it as X-Api-Key; commands read it from FOPWATCH_API_KEY. ApiKeys can list keys
                // with fewer rights.
                "ApiKey": {{Json(ApiKey)}},

                // An account at a provider. Its name is part of every URL.
                "Sources": {
                  {{Json(Source)}}: {
                    // Qiniu, WangsuFops (transcoding and other persistent processing) or WangsuFmgr (file management)
                    "Provider": {{Json(Provider.ToString())}},

                    // The base URL of the status API{{(isQiniu ? ", if it is not Qiniu's own" : ": the account's MgrDomain")}}.
            """);
        Add($"        {(StatusEndpoint is null ? "// " : "")}\"StatusEndpoint\": {Json(StatusEndpoint ?? "https://api.qiniu.com")},");
        Add("""

                    // The account's key pairs. Without them, no signature can be checked, and a notification only brings the next poll forward.
                    // "Keys": { "<access key>": "<secret key>" },

                    // The buckets whose files are processed. Jobs in other buckets are not recorded.
            """);
        Add($"        {(Buckets.Count == 0 ? "// " : "")}\"Buckets\": [{string.Join(", ", Buckets.Count == 0 ? ["\"<bucket>\""] : Buckets.Select(Json))}],");
        Add($$"""

                    // Secrets at the end of notify URLs. Each of them is valid. To rotate, add a new one, and remove the old one
                    // when no job that was submitted with it is open.
                    "NotifyTokens": [{{Json(Token)}}]
                  }
                }
              }
            }
            """);
        return text.ToString();

        void Add(string lines) => text.Append(lines.ReplaceLineEndings("\n")).Append('\n');
    }

    private static string Json(string text) => JsonSerializer.Serialize(text, Readable);

    private static string NewSecret() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
}

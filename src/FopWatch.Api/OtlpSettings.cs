using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace FopWatch.Api;

/// <summary>
/// OpenTelemetry's settings of the OTLP exporter, <c>OTEL_…</c>. The exporter throws for some invalid values, and silently ignores others.
/// </summary>
public static class OtlpSettings
{
    /// <summary>The endpoint of the export. Without it, nothing is exported by OTLP.</summary>
    public const string Endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private const string Prefix = "OTEL_EXPORTER_OTLP_";

    private static readonly string[] Signals = ["", "TRACES_", "METRICS_", "LOGS_"];

    private static readonly string[] Numbers =
    [
        "OTEL_METRIC_EXPORT_INTERVAL", "OTEL_METRIC_EXPORT_TIMEOUT",
        "OTEL_BSP_SCHEDULE_DELAY", "OTEL_BSP_EXPORT_TIMEOUT", "OTEL_BSP_MAX_QUEUE_SIZE", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE",
        "OTEL_BLRP_SCHEDULE_DELAY", "OTEL_BLRP_EXPORT_TIMEOUT", "OTEL_BLRP_MAX_QUEUE_SIZE", "OTEL_BLRP_MAX_EXPORT_BATCH_SIZE",
    ];

    /// <summary>The problems, each with the name of its variable. Values are not quoted, because headers and URLs contain credentials.</summary>
    /// <param name="setting">Gets the value of a setting; null or empty if it is not set.</param>
    public static IReadOnlyList<string> Problems(Func<string, string?> setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (string.IsNullOrEmpty(setting(Endpoint)))
            return [];

        var problems = new List<string>();
        foreach (var signal in Signals)
        {
            Check($"{signal}ENDPOINT", IsEndpoint, "is not an http or https URL without a user name, such as http://localhost:4317");
            Check($"{signal}PROTOCOL", text => text is "grpc" or "http/protobuf", "is neither grpc nor http/protobuf");
            Check($"{signal}HEADERS", AreHeaders, "is not a list of headers such as name=value,other=value");
            Check($"{signal}TIMEOUT", IsCount, "is not a whole number of milliseconds above 0");
            Check($"{signal}COMPRESSION", text => text is "gzip" or "none", "is neither gzip nor none");
        }

        Check("CERTIFICATE", IsCertificate, "is not a file with a certificate in PEM that this user may read");
        Check("CLIENT_CERTIFICATE", IsCertificate, "is not a file with a certificate in PEM that this user may read");
        Check("CLIENT_KEY", File.Exists, "is not a file that this user may read");
        problems.AddRange(Numbers
            .Where(name => setting(name) is { Length: > 0 } text && !IsCount(text))
            .Select(name => $"{name} is not a whole number above 0"));
        return problems;

        void Check(string name, Func<string, bool> isRight, string problem)
        {
            if (setting(Prefix + name) is { Length: > 0 } text && !isRight(text))
                problems.Add($"{Prefix}{name} {problem}");
        }
    }

    /// <summary>The endpoints of the export, as text for the log; null if there is no export.</summary>
    /// <param name="setting">Gets the value of a setting, of settings without <see cref="Problems"/>.</param>
    public static string? Describe(Func<string, string?> setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        if (setting(Endpoint) is not { Length: > 0 } endpoint || "true".Equals(setting("OTEL_SDK_DISABLED"), StringComparison.OrdinalIgnoreCase))
            return null;

        var others = Signals.Skip(1)
            .Where(signal => setting($"{Prefix}{signal}ENDPOINT") is { Length: > 0 })
            .Select(signal => $"{signal.TrimEnd('_').ToLowerInvariant()} to {Shown(setting($"{Prefix}{signal}ENDPOINT")!)}");
        return string.Join(", ", [Shown(endpoint), .. others]);
    }

    // A query may contain a credential.
    private static string Shown(string url) =>
        new Uri(url).GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);

    private static bool IsEndpoint(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url is { Scheme: "http" or "https", UserInfo: "" };

    private static bool IsCount(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;

    private static bool AreHeaders(string text)
    {
        using var request = new HttpRequestMessage();
        foreach (var header in Uri.UnescapeDataString(text).Split(','))
        {
            if (header.Split('=', 2) is not [var name, var value] || value.Any(c => c is < ' ' or > '~'))
                return false;
            try
            {
                request.Headers.Add(name.Trim(), value.Trim());
            }
            catch (Exception e) when (e is FormatException or InvalidOperationException or ArgumentException)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsCertificate(string file)
    {
        try
        {
            if (FileKind.OtherThanFile(file) is not null)
                return false;
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
            return true;
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return false;
        }
    }
}

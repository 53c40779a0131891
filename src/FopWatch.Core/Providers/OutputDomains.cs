namespace FopWatch.Providers;

/// <summary>The domains of a source's buckets. They turn the bucket and key of an output into a URL. Equal to others with the same domains.</summary>
public sealed class OutputDomains : IEquatable<OutputDomains>
{
    private readonly Dictionary<string, string> _prefixes;

    /// <param name="domains">Bucket → http or https URL, which may have a path but no query or fragment.</param>
    public OutputDomains(IEnumerable<KeyValuePair<string, Uri>> domains) =>
        _prefixes = domains.ToDictionary(domain => domain.Key, domain => PrefixOf(domain.Value), StringComparer.Ordinal);

    /// <summary>No domains.</summary>
    public static OutputDomains None { get; } = new([]);

    /// <summary>
    /// The URL of an output, percent-encoded segment by segment; null if its bucket has no domain, or if its key cannot be in a URL: clients resolve
    /// the segments <c>.</c> and <c>..</c>, encoded or not, to the URL of another key.
    /// </summary>
    public string? UrlOf(string? bucket, string? key)
    {
        if (bucket is null || string.IsNullOrEmpty(key) || !_prefixes.TryGetValue(bucket, out var prefix))
            return null;

        var segments = key.Split('/');
        return segments.Any(segment => segment is "." or "..") ? null : prefix + string.Join('/', segments.Select(Uri.EscapeDataString));
    }

    /// <inheritdoc/>
    public bool Equals(OutputDomains? other) =>
        other is not null && _prefixes.Count == other._prefixes.Count && _prefixes.All(pair => other._prefixes.GetValueOrDefault(pair.Key) == pair.Value);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as OutputDomains);

    /// <inheritdoc/>
    public override int GetHashCode() => _prefixes.Count;

    private static string PrefixOf(Uri domain)
    {
        var host = domain.HostNameType == UriHostNameType.Dns ? domain.IdnHost : domain.Host;
        var port = domain.IsDefaultPort ? "" : FormattableString.Invariant($":{domain.Port}");
        return $"{domain.Scheme}://{host}{port}{domain.AbsolutePath.TrimEnd('/')}/";
    }
}

using System.Collections.Frozen;
using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace FopWatch.Api;

/// <summary>A file of the dashboard, an embedded resource of this assembly.</summary>
internal sealed class DashboardFile
{
    private const string Prefix = "ui/";

    private static readonly FrozenDictionary<string, string> ContentTypes = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        [".html"] = "text/html; charset=utf-8",
        [".css"] = "text/css; charset=utf-8",
        [".js"] = "text/javascript; charset=utf-8",
        [".svg"] = "image/svg+xml",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<string, DashboardFile> Files = typeof(DashboardFile).Assembly.GetManifestResourceNames()
        .Where(name => name.StartsWith(Prefix, StringComparison.Ordinal))
        .ToFrozenDictionary(name => name[Prefix.Length..], name => new DashboardFile(name), StringComparer.Ordinal);

    private readonly Encoded _whole;
    private readonly Lazy<Encoded> _brotli;
    private readonly Lazy<Encoded> _gzip;

    private DashboardFile(string resource)
    {
        ContentType = ContentTypes.GetValueOrDefault(Path.GetExtension(resource))
            ?? throw new InvalidOperationException($"The content type of the dashboard's file {resource[Prefix.Length..]} is unknown.");
        using var stream = typeof(DashboardFile).Assembly.GetManifestResourceStream(resource)!;
        using var copy = new MemoryStream();
        stream.CopyTo(copy);
        var bytes = copy.ToArray();
        var hash = Convert.ToHexStringLower(SHA256.HashData(bytes))[..16];
        _whole = new(null, bytes, Tag(""));
        _brotli = new(() => Compressed("br", into => new BrotliStream(into, CompressionLevel.SmallestSize, leaveOpen: true)));
        _gzip = new(() => Compressed("gzip", into => new GZipStream(into, CompressionLevel.SmallestSize, leaveOpen: true)));

        EntityTagHeaderValue Tag(string suffix) => new($"\"{hash}{suffix}\"");

        Encoded Compressed(string coding, Func<Stream, Stream> compressor)
        {
            using var compressed = new MemoryStream();
            using (var writer = compressor(compressed))
                writer.Write(bytes);
            return compressed.Length < bytes.Length ? new(coding, compressed.ToArray(), Tag($"-{coding}")) : _whole;
        }
    }

    /// <summary>The paths of all files, relative to the dashboard's.</summary>
    public static IEnumerable<string> Paths => Files.Keys;

    public string ContentType { get; }

    /// <summary>The file at a path relative to the dashboard's; null if there is none.</summary>
    public static DashboardFile? Find(string path) => Files.GetValueOrDefault(path);

    /// <summary>The shortest encoding that the client accepts. Each is computed once, at the first request.</summary>
    /// <param name="acceptEncoding">The values of <c>Accept-Encoding</c>.</param>
    public Encoded For(StringValues acceptEncoding)
    {
        var accepted = StringWithQualityHeaderValue.TryParseList(acceptEncoding, out var list) ? list : [];
        return Accepts("br") ? _brotli.Value : Accepts("gzip") ? _gzip.Value : _whole;

        bool Accepts(string coding) => accepted.FirstOrDefault(one => one.Value.Equals(coding, StringComparison.OrdinalIgnoreCase)) is { } named && named.Quality is not 0;
    }

    /// <summary>An encoding of a file.</summary>
    /// <param name="Coding">The content coding; null for none.</param>
    /// <param name="Bytes">The bytes.</param>
    /// <param name="Tag">Its entity tag.</param>
    internal sealed record Encoded(string? Coding, byte[] Bytes, EntityTagHeaderValue Tag);
}

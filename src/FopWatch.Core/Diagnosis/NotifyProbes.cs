using System.Buffers;
using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Diagnosis;

/// <summary>
/// Creates and recognises probes: notifications that the doctor sends to its own host. A probe leaves no trace. It has a special token in place of the notify
/// token, so no notification of a provider can be mistaken for a probe.
/// </summary>
/// <remarks>
/// A token consists of a time, random bytes, and an HMAC over both and the source's name. The HMAC key is derived from the reference key in the store, so
/// every instance of an app recognises the token, and no other installation does. A token is valid for <see cref="Lifetime"/>, once per process. Anyone who
/// intercepts a token learns only the result of that one request. Thread-safe.
/// </remarks>
/// <param name="references">Provides the installation's key.</param>
/// <param name="time">The clock.</param>
public sealed class NotifyProbes(JobReferences references, TimeProvider time)
{
    /// <summary>How long a token is valid.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private const int RandomLength = 20;
    private const int HashLength = 24;
    private const int SignedLength = sizeof(uint) + RandomLength;

    // 48 bytes, a multiple of 3, so that the Base64 form is unique.
    private const int TokenLength = (SignedLength + HashLength) / 3 * 4;

    private readonly byte[] _key = references.KeyFor("notify probe");
    private readonly Lock _lock = new();
    private readonly Dictionary<string, DateTimeOffset> _used = new(StringComparer.Ordinal);

    // A running task, so that the body is harmless on any host.
    private static string BodyOf(string token) => $$"""{"id":"fopwatch.{{token[..16]}}","code":2,"desc":"A probe of the FopWatch doctor","items":[]}""";

    /// <summary>A notification as the provider of the source would send it, signed with the source's first key if there is one.</summary>
    /// <param name="source">The source.</param>
    /// <param name="origin">The beginning of the notify URLs.</param>
    /// <param name="token">The token of the probe.</param>
    internal static SignedRequest Make(Source source, string origin, string token)
    {
        var url = new Uri($"{origin}{NotifyUrl.Root}/{source.Name}/{token}");
        return source.Provider.Notification(url, BodyOf(token), KeyOf(source) is { } key ? (key, source.Keys.Secret(key)!) : null);
    }

    /// <summary>The access key that signs probes of a source; null if it has no keys.</summary>
    internal static string? KeyOf(Source source) => source.Keys.AccessKeys.Order(StringComparer.Ordinal).FirstOrDefault();

    internal string NewToken(string source)
    {
        Span<byte> token = stackalloc byte[SignedLength + HashLength];
        BinaryPrimitives.WriteUInt32BigEndian(token, (uint)(time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        RandomNumberGenerator.Fill(token[sizeof(uint)..SignedLength]);
        HashOf(source, token[..SignedLength], token[SignedLength..]);
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Whether a request is a probe of this installation, valid or expired.</summary>
    /// <param name="source">The name of the source in the path.</param>
    /// <param name="token">The token in the path.</param>
    public bool IsProbe(string? source, string? token)
    {
        if (source is null || token is not { Length: TokenLength })
            return false;
        Span<byte> bytes = stackalloc byte[SignedLength + HashLength];
        return TryRead(token, bytes) && IsGenuine(source, bytes);
    }

    /// <summary>Finds a probe in a path that a proxy may have changed; null if there is none.</summary>
    public (string Source, string Token)? Find(string? path)
    {
        var segments = path is { Length: > TokenLength } ? path.Split('/') : [];
        for (var i = 1; i < segments.Length; i++)
        {
            if (IsProbe(segments[i - 1], segments[i]))
                return (segments[i - 1], segments[i]);
        }

        return null;
    }

    /// <summary>The answer to a probe that has arrived.</summary>
    /// <param name="source">The source; null if this host has none of that name.</param>
    /// <param name="token">The token, for which <see cref="IsProbe"/> is true.</param>
    /// <param name="arrived">The request as it arrived.</param>
    /// <param name="hasOtherPath">Whether the path differs from that of a notify URL.</param>
    /// <returns>The answer; null if the token was used before or has expired, or if the source is unknown.</returns>
    public string? AnswerTo(Source? source, string token, SignedRequest arrived, bool hasOtherPath)
    {
        ArgumentNullException.ThrowIfNull(token);
        ArgumentNullException.ThrowIfNull(arrived);
        if (source is null || !TryUse(token))
            return null;

        // Every instance has the same keys, so the token determines what was sent.
        var sent = Make(source, "http://localhost", token);
        var trust = source.Provider.Verify(arrived, source.Keys);
        var changes = ProbeChanges.None;
        if (hasOtherPath)
            changes |= ProbeChanges.Path;
        if (!arrived.Body.Span.SequenceEqual(sent.Body.Span))
            changes |= ProbeChanges.Body;
        if (arrived.ContentType != sent.ContentType)
            changes |= ProbeChanges.ContentType;
        if (sent.Authorization is not null && string.IsNullOrEmpty(arrived.Authorization))
            changes |= ProbeChanges.NoAuthorization;
        return new ProbeAnswer(trust, changes).Write(token, _key);
    }

    /// <summary>Reads an answer; null if this installation did not give it for this token.</summary>
    internal ProbeAnswer? Read(string answer, string token) => ProbeAnswer.Read(answer, token, _key);

    private bool TryUse(string token)
    {
        Span<byte> bytes = stackalloc byte[SignedLength + HashLength];
        if (!TryRead(token, bytes))
            return false;
        var (now, until) = (time.GetUtcNow(), DateTimeOffset.FromUnixTimeSeconds(BinaryPrimitives.ReadUInt32BigEndian(bytes)));
        if (now > until || until > now + (2 * Lifetime))
            return false;
        lock (_lock)
        {
            foreach (var old in _used.Where(one => one.Value < now).Select(one => one.Key).ToList())
                _used.Remove(old);
            return _used.TryAdd(token, until);
        }
    }

    private static bool TryRead(string token, Span<byte> bytes) =>
        Base64Url.DecodeFromChars(token, bytes, out _, out var length) == OperationStatus.Done && length == SignedLength + HashLength;

    private bool IsGenuine(string source, ReadOnlySpan<byte> token)
    {
        Span<byte> expected = stackalloc byte[HashLength];
        HashOf(source, token[..SignedLength], expected);
        return CryptographicOperations.FixedTimeEquals(expected, token[SignedLength..]);
    }

    private void HashOf(string source, ReadOnlySpan<byte> signed, Span<byte> hash)
    {
        Span<byte> whole = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(_key, [.. Encoding.UTF8.GetBytes($"token\n{source}\n"), .. signed], whole);
        whole[..HashLength].CopyTo(hash);
    }
}

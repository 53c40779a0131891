using System.Security.Cryptography;

namespace FopWatch.Providers;

/// <summary>The access keys and secret keys that may sign a source's notifications; empty if signatures cannot be verified.</summary>
/// <remarks>
/// There may be several keys, because Wangsu signs with any valid pair of the customer, and keys overlap during rotation. Equal to another with the same pairs.
/// </remarks>
public sealed class KeyRing : IEquatable<KeyRing>
{
    private readonly Dictionary<string, byte[]> _secrets;

    /// <param name="pairs">Access key → secret key.</param>
    public KeyRing(IEnumerable<KeyValuePair<string, string>> pairs) =>
        _secrets = pairs.ToDictionary(pair => pair.Key, pair => System.Text.Encoding.UTF8.GetBytes(pair.Value), StringComparer.Ordinal);

    /// <summary>A ring without keys.</summary>
    public static KeyRing Empty { get; } = new([]);

    /// <summary>The access keys.</summary>
    public IReadOnlyCollection<string> AccessKeys => _secrets.Keys;

    /// <summary>Whether the ring has no key.</summary>
    public bool IsEmpty => _secrets.Count == 0;

    /// <summary>The secret key of an access key, as UTF-8 bytes; null if it is not in the ring.</summary>
    public byte[]? Secret(string accessKey) => _secrets.GetValueOrDefault(accessKey);

    /// <summary>All pairs, in no particular order.</summary>
    internal IEnumerable<KeyValuePair<string, byte[]>> Pairs => _secrets;

    /// <inheritdoc/>
    public bool Equals(KeyRing? other) =>
        other is not null
        && _secrets.Count == other._secrets.Count
        && _secrets.All(pair => other.Secret(pair.Key) is { } secret && CryptographicOperations.FixedTimeEquals(secret, pair.Value));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as KeyRing);

    /// <inheritdoc/>
    public override int GetHashCode() => _secrets.Count;

    /// <summary>The number of keys, and no key.</summary>
    public override string ToString() => $"{_secrets.Count} keys";
}

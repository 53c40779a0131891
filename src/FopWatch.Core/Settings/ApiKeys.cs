using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Settings;

/// <summary>What the holder of a key may do.</summary>
public enum KeyRights
{
    /// <summary>Read jobs, events and the quarantine.</summary>
    Read,

    /// <summary>Read, register jobs and act on them.</summary>
    Write,
}

/// <summary>What an API key allows. It does not hold the key.</summary>
/// <param name="Name">The name of the key in the settings; null for the key of <c>FopWatch:ApiKey</c>.</param>
/// <param name="Rights">What the holder may do.</param>
/// <param name="Sources">The names of the sources that the holder sees; null for all sources, including those that are no longer configured.</param>
public sealed record KeyGrant(string? Name, KeyRights Rights, IReadOnlyList<string>? Sources);

/// <summary>The API keys of a host. Only their hashes are in memory.</summary>
public sealed class ApiKeys
{
    /// <summary>The minimum length of a key, in characters.</summary>
    public const int MinKeyLength = 16;

    // No name has a colon.
    private const string NameOfUnnamed = "FopWatch:ApiKey";

    private readonly (byte[] Hash, KeyGrant Grant)[] _keys;

    /// <param name="keys">The keys and what each allows.</param>
    public ApiKeys(IEnumerable<(string Key, KeyGrant Grant)> keys) => _keys = [.. keys.Select(key => (Hash(key.Key), key.Grant))];

    private ApiKeys((byte[] Hash, KeyGrant Grant)[] keys) => _keys = keys;

    /// <summary>No keys.</summary>
    public static ApiKeys None { get; } = new(Array.Empty<(string Key, KeyGrant Grant)>());

    /// <summary>Whether no key is configured.</summary>
    public bool IsEmpty => _keys.Length == 0;

    /// <summary>These keys and one more.</summary>
    /// <param name="key">The key.</param>
    /// <param name="grant">What it allows.</param>
    public ApiKeys Plus(string key, KeyGrant grant) => new([.. _keys, (Hash(key), grant)]);

    /// <summary>
    /// What a key allows; null if the key is unknown. The comparison takes the same time for every key, so response times reveal nothing about the
    /// keys.
    /// </summary>
    /// <param name="key">The key that a caller sent; null if it sent none.</param>
    public KeyGrant? Find(string? key)
    {
        var hash = Hash(key ?? "");
        KeyGrant? found = null;
        foreach (var (known, grant) in _keys)
        {
            if (CryptographicOperations.FixedTimeEquals(hash, known))
                found = grant;
        }

        return key is null ? null : found;
    }

    /// <summary>What tells each key from another of its name, by the name. Nobody can use it, and yet it is for no log.</summary>
    public IReadOnlyDictionary<string, string> ByName => _keys.ToDictionary(
        one => one.Grant.Name ?? NameOfUnnamed,
        one => $"{Convert.ToHexString(one.Hash)} {one.Grant.Rights} {(one.Grant.Sources is { } of ? string.Join(' ', of.Order(StringComparer.Ordinal)) : "*")}",
        StringComparer.Ordinal);

    /// <summary>The number of keys, and no key.</summary>
    public override string ToString() => $"{_keys.Length} API keys";

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

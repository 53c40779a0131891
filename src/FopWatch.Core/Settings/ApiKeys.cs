using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Settings;

/// <summary>What the holder of a key may do.</summary>
public enum KeyRights
{
    /// <summary>See jobs, events and what is in quarantine.</summary>
    Read,

    /// <summary>See, register and act.</summary>
    Write,
}

/// <summary>What an API key allows. It does not hold the key.</summary>
/// <param name="Name">The name of the key, as the settings have it; null for the one of <c>FopWatch:ApiKey</c>.</param>
/// <param name="Rights">What its holder may do.</param>
/// <param name="Sources">The names of the sources that its holder sees; null for all, also of what came to a source that is not configured.</param>
public sealed record KeyGrant(string? Name, KeyRights Rights, IReadOnlyList<string>? Sources);

/// <summary>The API keys of a host. Only their hashes are kept.</summary>
public sealed class ApiKeys
{
    /// <summary>The fewest characters of a key.</summary>
    public const int MinKeyLength = 16;

    private readonly (byte[] Hash, KeyGrant Grant)[] _keys;

    /// <param name="keys">The keys and what each allows.</param>
    public ApiKeys(IEnumerable<(string Key, KeyGrant Grant)> keys) => _keys = [.. keys.Select(key => (Hash(key.Key), key.Grant))];

    private ApiKeys((byte[] Hash, KeyGrant Grant)[] keys) => _keys = keys;

    /// <summary>No keys.</summary>
    public static ApiKeys None { get; } = new(Array.Empty<(string Key, KeyGrant Grant)>());

    /// <summary>Whether there is no key.</summary>
    public bool IsEmpty => _keys.Length == 0;

    /// <summary>These keys and one more.</summary>
    /// <param name="key">The key.</param>
    /// <param name="grant">What it allows.</param>
    public ApiKeys Plus(string key, KeyGrant grant) => new([.. _keys, (Hash(key), grant)]);

    /// <summary>
    /// What a key allows; null if it is none of these. It is compared with every key in fixed time, so that the time of an answer says nothing about
    /// the keys.
    /// </summary>
    /// <param name="key">What a caller sent; null for nothing.</param>
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

    /// <summary>Names no key.</summary>
    public override string ToString() => $"{_keys.Length} API keys";

    private static byte[] Hash(string key) => SHA256.HashData(Encoding.UTF8.GetBytes(key));
}

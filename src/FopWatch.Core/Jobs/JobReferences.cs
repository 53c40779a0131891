using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Jobs;

/// <summary>
/// Loggable references of jobs. A <c>persistentId</c> is a bearer capability (providers.md, section 1). A reference is a keyed hash of source and id,
/// so it identifies a job only to those who have the store.
/// </summary>
public sealed class JobReferences
{
    /// <summary>The length of a key, in bytes.</summary>
    public const int KeyLength = 32;

    /// <summary>The length of a reference, in lower-case hexadecimal digits.</summary>
    public const int Length = 24;

    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789abcdef");

    // The hash of a thread and its key. To set up a keyed hash takes longer than to compute it.
    [ThreadStatic]
    private static IncrementalHash? _hashOfThread;
    [ThreadStatic]
    private static byte[]? _keyOfThread;

    private readonly byte[] _key;

    /// <param name="key">The installation's key: <see cref="KeyLength"/> random bytes from the store.</param>
    /// <exception cref="ArgumentException">The key has another length.</exception>
    public JobReferences(ReadOnlySpan<byte> key)
    {
        if (key.Length != KeyLength)
            throw new ArgumentException($"A reference key has {KeyLength} bytes, not {key.Length}.", nameof(key));
        _key = key.ToArray();
    }

    /// <summary>A new random key.</summary>
    public static byte[] NewKey() => RandomNumberGenerator.GetBytes(KeyLength);

    /// <summary>Whether a text has the form of a reference.</summary>
    public static bool IsValid(string? reference) => reference is { Length: Length } && !reference.AsSpan().ContainsAnyExcept(Digits);

    /// <summary>The reference of a job: the first 96 bits of an HMAC-SHA256 over source, line feed and id.</summary>
    public string Of(JobKey key)
    {
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        if (_keyOfThread != _key || _hashOfThread is not { } keyed)
        {
            _hashOfThread?.Dispose();
            (_hashOfThread, _keyOfThread) = (keyed = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key), _key);
        }

        keyed.AppendData(Encoding.UTF8.GetBytes($"{key.Source}\n{key.Id}"));
        keyed.GetHashAndReset(hash);
        return Convert.ToHexStringLower(hash[..(Length / 2)]);
    }

    /// <summary>Derives a key for another purpose, secret to those who have the store. It cannot collide with a reference, whose input has a line feed.</summary>
    /// <param name="purpose">The purpose, without a line feed.</param>
    internal byte[] KeyFor(string purpose) => HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(purpose));
}

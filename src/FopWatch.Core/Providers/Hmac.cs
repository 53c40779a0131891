using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Providers;

/// <summary>Computes and compares HMAC-SHA1 signatures, which both providers use.</summary>
internal static class Hmac
{
    // An unknown access key is verified with this secret, so that it takes as long as a wrong signature.
    private static readonly byte[] NobodysSecret = RandomNumberGenerator.GetBytes(40);

    /// <summary>The secret of an access key; a random one if the key is unknown.</summary>
    public static byte[] SecretOrNobodys(KeyRing keys, string accessKey, out bool known)
    {
        var secret = keys.Secret(accessKey);
        known = secret is not null;
        return secret ?? NobodysSecret;
    }

    /// <summary>The HMAC of a head and a body.</summary>
    [SuppressMessage("Security", "CA5350:Do Not Use Weak Cryptographic Algorithms", Justification = "The providers' choice.")]
    public static byte[] Sha1(byte[] secret, string head, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA1, secret);
        hmac.AppendData(Encoding.UTF8.GetBytes(head));
        hmac.AppendData(body);
        return hmac.GetHashAndReset();
    }

    /// <summary>
    /// Whether a signature is the URL-safe Base64 of these bytes, padded or not. The encoded forms are compared, because decoding would accept
    /// non-canonical encodings.
    /// </summary>
    public static bool Matches(ReadOnlySpan<byte> expected, string signature)
    {
        var given = signature.EndsWith('=') ? Unpadded(signature, expected.Length) : signature;
        return CryptographicOperations.FixedTimeEquals(Base64Url.EncodeToUtf8(expected), Encoding.UTF8.GetBytes(given));
    }

    private static string Unpadded(string signature, int bytes)
    {
        var padding = (3 - (bytes % 3)) % 3;
        return padding > 0 && signature.EndsWith(new string('=', padding), StringComparison.Ordinal) ? signature[..^padding] : signature;
    }
}

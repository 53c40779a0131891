using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Webhooks;

/// <summary>A symmetric secret of Standard Webhooks 1.0, which signs requests. <see cref="ToString"/> hides it.</summary>
public sealed class WebhookSecret : IEquatable<WebhookSecret>
{
    /// <summary>The prefix of a written secret.</summary>
    public const string Prefix = "whsec_";

    /// <summary>The minimum length of a secret, in bytes.</summary>
    public const int LeastBytes = 24;

    /// <summary>The maximum length of a secret, in bytes.</summary>
    public const int MostBytes = 64;

    private readonly byte[] _key;

    private WebhookSecret(byte[] key) => _key = key;

    /// <summary>Whether its bytes are as different as random ones: 24 of these are never fewer than 12 different ones.</summary>
    public bool LooksRandom => _key.Distinct().Count() >= LeastBytes / 2;

    /// <summary>Reads a written secret.</summary>
    /// <param name="text"><see cref="Prefix"/> and the Base64 of the bytes, with padding.</param>
    /// <returns>The secret; null if the text is not valid.</returns>
    public static WebhookSecret? TryParse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Any(char.IsWhiteSpace))
            return null;
        var encoded = text.AsSpan(Prefix.Length);
        var key = new byte[Base64.GetMaxDecodedFromUtf8Length(encoded.Length)];
        return Convert.TryFromBase64Chars(encoded, key, out var length) && length is >= LeastBytes and <= MostBytes ? new(key[..length]) : null;
    }

    /// <summary>Signs a request.</summary>
    /// <returns>One signature, in the format of the <c>webhook-signature</c> header.</returns>
    /// <param name="id">The <c>webhook-id</c>; it must not contain a full stop.</param>
    /// <param name="timestamp">The <c>webhook-timestamp</c>: seconds since 1970.</param>
    /// <param name="body">The body.</param>
    public string Sign(string id, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _key);
        hmac.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")));
        hmac.AppendData(body);
        return $"v1,{Convert.ToBase64String(hmac.GetHashAndReset())}";
    }

    /// <inheritdoc/>
    public bool Equals(WebhookSecret? other) => other is not null && CryptographicOperations.FixedTimeEquals(_key, other._key);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as WebhookSecret);

    /// <inheritdoc/>
    public override int GetHashCode() => BitConverter.ToInt32(SHA256.HashData(_key));

    /// <inheritdoc/>
    public override string ToString() => $"{Prefix}***";
}

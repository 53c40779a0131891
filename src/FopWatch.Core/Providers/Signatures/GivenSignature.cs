using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Providers.Signatures;

/// <summary>The form of a digest in a signature.</summary>
internal enum DigestForm
{
    /// <summary>The bytes.</summary>
    Bytes,

    /// <summary>The bytes in lower-case hexadecimal.</summary>
    LowerHex,

    /// <summary>The bytes in upper-case or mixed hexadecimal.</summary>
    OtherHex,
}

/// <summary>A received signature, decoded from any encoding of an HMAC-SHA1.</summary>
internal sealed record GivenSignature
{
    private GivenSignature(byte[] digest, DigestForm form, bool isBase64, bool isUrlSafe) =>
        (Digest, Form, IsBase64, IsUrlSafe) = (digest, form, isBase64, isUrlSafe);

    /// <summary>The 20 bytes.</summary>
    public byte[] Digest { get; }

    /// <summary>The form of the Base64 content, or of the text itself.</summary>
    public DigestForm Form { get; }

    /// <summary>False if the digest is plain hexadecimal.</summary>
    public bool IsBase64 { get; }

    /// <summary>Whether the Base64 has no characters that only the standard alphabet has.</summary>
    public bool IsUrlSafe { get; }

    /// <summary>Reads a signature.</summary>
    /// <returns>Null if it is not an HMAC-SHA1 in any encoding.</returns>
    public static GivenSignature? Read(string signature)
    {
        if (Hexadecimal(signature) is { } plain)
            return new(plain.Digest, plain.Form, isBase64: false, isUrlSafe: true);
        if (signature.Length > 64 || Base64Text.Decode(Encoding.UTF8.GetBytes(signature)) is not { } bytes)
            return null;

        var isUrlSafe = !signature.Contains('+', StringComparison.Ordinal) && !signature.Contains('/', StringComparison.Ordinal);
        if (bytes.Length == SHA1.HashSizeInBytes)
            return new(bytes, DigestForm.Bytes, isBase64: true, isUrlSafe);
        return Hexadecimal(Encoding.ASCII.GetString(bytes)) is { } hexadecimal
            ? new(hexadecimal.Digest, hexadecimal.Form, isBase64: true, isUrlSafe)
            : null;
    }

    /// <summary>Whether it is URL-safe Base64 of the digest in a form, as the providers write it.</summary>
    public bool IsAs(DigestForm form) => IsBase64 && IsUrlSafe && Form == form;

    /// <summary>Compares the digest in constant time.</summary>
    public bool Matches(ReadOnlySpan<byte> digest) => CryptographicOperations.FixedTimeEquals(Digest, digest);

    /// <summary>The name of the encoding.</summary>
    public string Describe() => (Form, IsBase64, IsUrlSafe) switch
    {
        (_, false, _) => "hexadecimal",
        (DigestForm.Bytes, _, true) => "Base64 of the digest's bytes",
        (DigestForm.Bytes, _, false) => "Base64 of the digest's bytes in the standard alphabet",
        (DigestForm.LowerHex, _, true) => "Base64 of the digest in lower-case hexadecimal",
        (DigestForm.LowerHex, _, false) => "Base64 of the digest in lower-case hexadecimal in the standard alphabet",
        _ => "Base64 of the digest in upper-case hexadecimal",
    };

    private static (byte[] Digest, DigestForm Form)? Hexadecimal(string text)
    {
        if (text.Length != 2 * SHA1.HashSizeInBytes || !text.All(char.IsAsciiHexDigit))
            return null;
        return (Convert.FromHexString(text), text.Any(char.IsAsciiLetterUpper) ? DigestForm.OtherHex : DigestForm.LowerHex);
    }
}

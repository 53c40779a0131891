using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Simulator;

/// <summary>An access key and its secret key.</summary>
/// <param name="AccessKey">The public half, which travels in the <c>Authorization</c> header.</param>
/// <param name="SecretKey">The secret half, used as UTF-8 bytes.</param>
public sealed record SigningKey(string AccessKey, string SecretKey)
{
    /// <summary>The access key, without the secret key.</summary>
    public override string ToString() => AccessKey;
}

/// <summary>Signs notifications as the providers do. It is written independently from providers.md, so that it tests a verifier.</summary>
public static class Signer
{
    /// <summary>
    /// The <c>Authorization</c> value of Qiniu's newer scheme, which covers the body unless the type is
    /// <c>application/octet-stream</c> (providers.md, section 1).
    /// </summary>
    /// <param name="accessKey">The access key.</param>
    /// <param name="secretKey">The secret key.</param>
    /// <param name="url">The absolute URL of the call. A port other than the scheme's default is part of the host.</param>
    /// <param name="contentType">The <c>Content-Type</c>, or null if the request has none.</param>
    /// <param name="body">The raw body.</param>
    /// <param name="headers">Further headers; those that start with <c>X-Qiniu-</c> are signed.</param>
    /// <param name="method">The HTTP method.</param>
    public static string Qiniu(
        string accessKey,
        string secretKey,
        Uri url,
        string? contentType,
        ReadOnlySpan<byte> body,
        IEnumerable<KeyValuePair<string, string>>? headers = null,
        string method = "POST") =>
        $"Qiniu {accessKey}:{QiniuSignature(secretKey, method, url.Authority, url.PathAndQuery, contentType, body, headers)}";

    /// <summary>The bare signature of <see cref="Qiniu"/>, from parts of a request that need not form a URL.</summary>
    /// <param name="secretKey">The secret key.</param>
    /// <param name="method">The HTTP method.</param>
    /// <param name="host">The value of the <c>Host</c> header.</param>
    /// <param name="pathAndQuery">The path as sent, with <c>?</c> and the query if there is one.</param>
    /// <param name="contentType">The <c>Content-Type</c>, or null.</param>
    /// <param name="body">The raw body.</param>
    /// <param name="headers">Further headers; those that start with <c>X-Qiniu-</c> are signed.</param>
    public static string QiniuSignature(
        string secretKey,
        string method,
        string host,
        string pathAndQuery,
        string? contentType,
        ReadOnlySpan<byte> body,
        IEnumerable<KeyValuePair<string, string>>? headers = null)
    {
        var text = new StringBuilder();
        text.Append(method).Append(' ').Append(pathAndQuery).Append('\n');
        text.Append("Host: ").Append(host).Append('\n');
        if (!string.IsNullOrEmpty(contentType))
            text.Append("Content-Type: ").Append(contentType).Append('\n');
        var signed = (headers ?? [])
            .Where(header => header.Key.StartsWith("X-Qiniu-", StringComparison.OrdinalIgnoreCase) && header.Key.Length > "X-Qiniu-".Length)
            .OrderBy(header => header.Key, StringComparer.Ordinal);
        foreach (var (name, value) in signed)
            text.Append(name).Append(": ").Append(value).Append('\n');
        text.Append('\n');

        var head = Encoding.UTF8.GetBytes(text.ToString());
        var covered = contentType == "application/octet-stream" ? [] : body;
        return HmacSha1Base64Url(secretKey, [.. head, .. covered]);
    }

    /// <summary>
    /// The <c>Authorization</c> value of Qiniu's older scheme. It covers the body only for forms, so a notification's JSON is unprotected
    /// (providers.md, section 1).
    /// </summary>
    /// <param name="accessKey">The access key.</param>
    /// <param name="secretKey">The secret key.</param>
    /// <param name="url">The absolute URL that is called.</param>
    /// <param name="contentType">The <c>Content-Type</c>, or null.</param>
    /// <param name="body">The raw body.</param>
    public static string QBox(string accessKey, string secretKey, Uri url, string? contentType, ReadOnlySpan<byte> body)
    {
        var head = Encoding.UTF8.GetBytes(url.PathAndQuery + "\n");
        var covered = contentType == "application/x-www-form-urlencoded" ? body : [];
        return $"QBox {accessKey}:{HmacSha1Base64Url(secretKey, [.. head, .. covered])}";
    }

    /// <summary>The <c>Authorization</c> value of Wangsu: no scheme word, and the Base64 is of the digest's hexadecimal form (providers.md, section 2).</summary>
    /// <param name="accessKey">The access key.</param>
    /// <param name="secretKey">The secret key.</param>
    /// <param name="url">The URL exactly as signed, with or without its query: Wangsu's documents disagree.</param>
    /// <param name="body">The raw body, which is Base64 text.</param>
    public static string Wangsu(string accessKey, string secretKey, string url, ReadOnlySpan<byte> body)
    {
        var digest = HmacSha1(secretKey, [.. Encoding.UTF8.GetBytes(url + "\n"), .. body]);
        return $"{accessKey}:{Base64UrlPadded(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(digest)))}";
    }

    /// <summary>Base64 with <c>-</c> and <c>_</c>, and with padding, as both providers write it.</summary>
    internal static string Base64UrlPadded(ReadOnlySpan<byte> bytes)
    {
        var text = Base64Url.EncodeToString(bytes);
        return text + new string('=', (4 - (text.Length % 4)) % 4);
    }

    private static string HmacSha1Base64Url(string secretKey, ReadOnlySpan<byte> text) => Base64UrlPadded(HmacSha1(secretKey, text));

#pragma warning disable CA5350 // Both providers sign with HMAC-SHA1.
    private static byte[] HmacSha1(string secretKey, ReadOnlySpan<byte> text) => HMACSHA1.HashData(Encoding.UTF8.GetBytes(secretKey), text);
#pragma warning restore CA5350
}

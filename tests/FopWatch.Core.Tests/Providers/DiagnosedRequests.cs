using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

/// <summary>A notification to a source with two keys, signatures of it that are valid for another request, and the explanation of each.</summary>
internal static class DiagnosedRequests
{
    public const string Json = "application/json";
    public const string Token = "token-one";
    public const string NotifyPath = $"/api/notify/media/{Token}";

    public static readonly SignedRequest Request = new()
    {
        Url = new("https://hooks.example.com" + NotifyPath),
        ContentType = Json,
        CallHeaders = [new("Host", "localhost:7071"), new("X-Forwarded-Host", "public.example.org"), new("X-Forwarded-Prefix", "/hooks")],
        Body = Utf8("""{"id":"z0.a","code":0,"items":[]}"""),
    };

    public static Source Source(IProvider provider) => new()
    {
        Name = "media",
        Provider = provider,
        StatusEndpoint = new("https://status.example.com"),
        Tokens = new([Token]),
        Keys = new([new("ak", "sk"), new("ak-2", "sk-2")]),
        Poll = provider.DefaultPoll,
    };

    public static SignatureDiagnosis Diagnose(IProvider provider, SignedRequest request, HashBudget? budget = null)
    {
        var source = Source(provider);
        Assert.Equal(Trust.Invalid, provider.Verify(request, source.Keys));
        var diagnosis = provider.Diagnose(request, source, budget ?? new())!;

        // A diagnosis names the valid variant without accepting it, and shows no secret.
        Assert.Equal(Trust.Invalid, provider.Verify(request, source.Keys));
        var shown = JsonSerializer.Serialize(diagnosis) + diagnosis.ToWords();
        Assert.DoesNotContain(Token, shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\"sk", shown, StringComparison.Ordinal);
        Assert.EndsWith(".", diagnosis.ToWords(), StringComparison.Ordinal);
        Assert.NotEmpty(diagnosis.Suggestion.ToString());
        return diagnosis;
    }

    public static string SignQiniu(string host, string target, string? type, string secret = "sk") => Url64(HmacSha1(
        secret,
        $"POST {target}\nHost: {host}\n{(type is null ? "" : $"Content-Type: {type}\n")}\n{Encoding.UTF8.GetString(Request.Body.Span)}"));

    public static string SignWangsu(string url, string secret = "sk") =>
        Url64(Utf8(Convert.ToHexStringLower(HmacSha1(secret, $"{url}\n{Encoding.UTF8.GetString(Request.Body.Span)}"))));

    public static string Url64(byte[] bytes) => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');

#pragma warning disable CA5350 // The providers' choice.
    public static byte[] HmacSha1(string secret, string text) => HMACSHA1.HashData(Utf8(secret), Utf8(text));
#pragma warning restore CA5350
}

using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Providers.Signatures;
using FopWatch.Simulator;

namespace FopWatch.PortContracts.Http;

/// <summary>How every host handles signatures, and the notifications that it quarantines for them.</summary>
public abstract class SignatureContract : HostContract
{
    [Fact]
    public async Task Only_a_strong_signature_settles_a_job_and_anything_weaker_makes_the_poll_due()
    {
        var key = ServedHost.Key;
        await using var host = await StartAsync();
        var url = new Uri(ServedHost.PublicUrl, $"/api/notify/signed/{ServedHost.Token}");
        var failed = Encoding.UTF8.GetBytes(Done.Replace("\"code\":0,\"key\"", "\"code\":3,\"error\":\"no\",\"key\"", StringComparison.Ordinal));

        // The status API tells the truth; the weak and the unsigned notification lie.
        host.StatusApi.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));
        await SendAsync(host, url, failed, Signer.QBox(key.AccessKey, key.SecretKey, url, "application/json", failed));
        Assert.Equal((JobState.Succeeded, SettledBy.Poll), Outcome(await host.JobAsync("signed", "z0.a", "?wait=20")));
        Assert.Contains("z0.a", host.StatusApi.AskedIds);

        var strong = Encoding.UTF8.GetBytes(Done.Replace("z0.a", "z0.b", StringComparison.Ordinal));
        await SendAsync(host, url, strong, Signer.Qiniu(key.AccessKey, key.SecretKey, url, "application/json", strong));
        Assert.Equal((JobState.Succeeded, SettledBy.Notification), Outcome(await host.JobAsync("signed", "z0.b")));
        Assert.DoesNotContain("z0.b", host.StatusApi.AskedIds);
    }

    [Fact]
    public async Task A_single_quarantined_notification_can_be_retried_or_deleted()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", "garbage");
        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);

        var retried = await host.PostAsync($"/api/quarantine/{kept.Key}/retry");
        var result = (await retried.Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotification, Cancelled))!;
        Assert.Equal((NotificationResult.Quarantined, kept.Reason), (result.Result, result.Reason));

        await host.Http.DeleteAsync($"/api/quarantine/{kept.Key}", Cancelled);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task A_forged_signature_is_quarantined_and_settles_nothing()
    {
        await using var host = await StartAsync();
        var url = new Uri(ServedHost.PublicUrl, $"/api/notify/signed/{ServedHost.Token}");
        var body = Encoding.UTF8.GetBytes(Done);

        await SendAsync(host, url, body, Signer.Qiniu(ServedHost.Key.AccessKey, "wrong", url, "application/json", body));

        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/signed/z0.a", Cancelled)).StatusCode);
        Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Empty(host.StatusApi.AskedIds);

        // Nothing has changed, so a retry changes nothing.
        Assert.Equal(1, (await host.Http.ConfirmedAsync("/api/quarantine/retry")).Failed);
        Assert.Single((await host.QuarantineAsync()).Notifications);
    }

    /// <summary>What is signed wrongly, how, and the quarantine's explanation.</summary>
    public static TheoryData<string, string, string, SignatureFinding[]> WrongSignatures => new()
    {
        { "Qiniu", "host", "Set FopWatch:PublicUrl to \"https://elsewhere.example.org\".", [SignatureFinding.Host] },
        { "Qiniu", "port", "Set FopWatch:PublicUrl to \"https://hooks.example.com:443\".", [SignatureFinding.Host] },
        { "Qiniu", "slash", "A proxy adds or removes the trailing slash of the path: configure it to pass the path unchanged.", [SignatureFinding.TrailingSlash] },
        { "Qiniu", "query", "Give the provider a notify URL without a query, and let no proxy add one.", [SignatureFinding.Query] },
        { "Qiniu", "type", "A proxy changed the content type to 'application/json': configure it to pass headers unchanged.", [SignatureFinding.ContentType] },
        { "Qiniu", "scheme", "FopWatch does not accept this form", [SignatureFinding.SignatureScheme] },
        { "Qiniu", "access key", "If the key belongs to the account, add it with its secret key to FopWatch:Sources:signed:Keys.", [SignatureFinding.UnknownAccessKey] },
        { "Qiniu", "secret key", "Check first that FopWatch:PublicUrl is the URL that the provider calls. If it is, check the secret key of 'ak-1' in FopWatch:Sources:signed:Keys.", [SignatureFinding.Unexplained] },
        { "QBox", "slash", "A proxy adds or removes the trailing slash of the path: configure it to pass the path unchanged.", [SignatureFinding.TrailingSlash] },
        { "QBox", "query", "Give the provider a notify URL without a query, and let no proxy add one.", [SignatureFinding.Query] },
        { "QBox", "type", "A proxy changed the content type to 'application/json': configure it to pass headers unchanged.", [SignatureFinding.ContentType] },
        { "QBox", "scheme", "FopWatch does not accept this form", [SignatureFinding.SignatureScheme] },
        { "QBox", "access key", "If the key belongs to the account, add it with its secret key to FopWatch:Sources:signed:Keys.", [SignatureFinding.UnknownAccessKey] },
        { "QBox", "secret key", "Check first that FopWatch:PublicUrl is the URL that the provider calls. If it is, check the secret key of 'ak-1' in FopWatch:Sources:signed:Keys.", [SignatureFinding.Unexplained] },
        { "Wangsu", "host", "Set FopWatch:PublicUrl to \"https://elsewhere.example.org\".", [SignatureFinding.Host] },
        { "Wangsu", "http", "Set FopWatch:PublicUrl to \"http://hooks.example.com\".", [SignatureFinding.UrlScheme] },
        { "Wangsu", "port", "Set FopWatch:PublicUrl to \"https://hooks.example.com:443\".", [SignatureFinding.Host] },
        { "Wangsu", "slash", "A proxy adds or removes the trailing slash of the path: configure it to pass the path unchanged.", [SignatureFinding.TrailingSlash] },
        { "Wangsu", "access key", "If the key belongs to the account, add it with its secret key to FopWatch:Sources:video:Keys.", [SignatureFinding.UnknownAccessKey] },
        { "Wangsu", "secret key", "Check first that FopWatch:PublicUrl is the URL that the provider calls. If it is, check the secret key of 'ak-1' in FopWatch:Sources:video:Keys.", [SignatureFinding.Unexplained] },
    };

    [Theory]
    [MemberData(nameof(WrongSignatures))]
    public async Task The_reason_of_a_wrong_signature_is_shown_to_operators_only(string scheme, string way, string suggestion, SignatureFinding[] findings)
    {
        await using var host = await StartAsync();
        var path = $"/api/notify/{(scheme == "Wangsu" ? "video" : "signed")}/{ServedHost.Token}";
        var body = Encoding.UTF8.GetBytes(Done);
        var key = ServedHost.Key with { SecretKey = way == "secret key" ? "wrong" : ServedHost.Key.SecretKey };
        var signedHost = way switch { "host" => "elsewhere.example.org", "port" => "hooks.example.com:443", _ => "hooks.example.com" };
        var signedPath = path + (way == "slash" ? "/" : "");
        var type = way == "type" ? "application/x-www-form-urlencoded" : "application/json";
        var qiniu = Signer.QiniuSignature(key.SecretKey, "POST", signedHost, signedPath, type, body);
        var old = Signer.QBox("", key.SecretKey, new(ServedHost.PublicUrl, signedPath), type, body).Split(':')[1];
        var wangsu = Signer.Wangsu("", key.SecretKey, $"{(way == "http" ? "http" : "https")}://{signedHost}{signedPath}", body)[1..];
        var accessKey = way == "access key" ? "nobody" : key.AccessKey;
        var authorization = scheme switch
        {
            "Wangsu" => $"{accessKey}:{wangsu}",
            _ => $"{scheme} {accessKey}:{((scheme == "Qiniu") == (way == "scheme") ? old : qiniu)}",
        };

        using var request = new HttpRequestMessage(HttpMethod.Post, path + (way == "query" ? "?added=1" : "")) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);

        // Not in X-Forwarded-Host or Forwarded, which the Functions host replaces.
        request.Headers.Host = "elsewhere.example.org";
        using var answer = await host.Http.SendAsync(request, Cancelled);

        Assert.Equal((HttpStatusCode.OK, "ok"), (answer.StatusCode, await answer.Content.ReadAsStringAsync(Cancelled)));
        var listed = Assert.Single((await host.QuarantineAsync()).Notifications);
        var text = await host.Http.GetStringAsync($"/api/quarantine/{listed.Key}", Cancelled);
        var entry = JsonSerializer.Deserialize(text, ApiJson.Default.QuarantineEntry)!;
        var retried = await (await host.PostAsync($"/api/quarantine/{listed.Key}/retry")).Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotification, Cancelled);

        Assert.Equal(NotificationResult.Quarantined, retried!.Result);
        foreach (var (reason, signature) in new[] { (listed.Reason, listed.Signature), (entry.Reason, entry.Signature), (retried.Reason, retried.Signature) })
        {
            Assert.Equal(findings, signature!.Findings);
            Assert.StartsWith(suggestion, signature.Suggestion, StringComparison.Ordinal);
            Assert.Equal(ServedHost.PublicUrl + path[1..].Replace(ServedHost.Token, "***", StringComparison.Ordinal) + (way == "query" ? "?added=***" : ""), signature.CheckedUrl);
            Assert.Equal(accessKey, signature.AccessKey);
            Assert.Equal(entry.Reason, reason);
        }

        Assert.DoesNotContain(ServedHost.Token, text, StringComparison.Ordinal);
        Assert.DoesNotContain(ServedHost.Key.SecretKey, text, StringComparison.Ordinal);
        Assert.Empty((await host.ListAsync()).Jobs);
    }

    private static async Task SendAsync(ServedHost host, Uri url, byte[] body, string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url.AbsolutePath) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, Cancelled)).StatusCode);
    }
}

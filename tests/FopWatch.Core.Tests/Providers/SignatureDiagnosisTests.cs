using System.Text;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using static FopWatch.Core.Tests.Providers.Bodies;
using static FopWatch.Core.Tests.Providers.DiagnosedRequests;
using Finding = FopWatch.Providers.Signatures.SignatureFinding;

namespace FopWatch.Core.Tests.Providers;

public class SignatureDiagnosisTests
{
    private const string Form = "application/x-www-form-urlencoded";
    private const string Unchanged = "A proxy changes the path: configure it to pass the path of the notify URL unchanged.";

    [Theory]
    [InlineData("localhost:7071", NotifyPath, Json, "Set FopWatch:PublicUrl to \"https://localhost:7071\".", Finding.Host)]
    [InlineData("localhost", NotifyPath, Json, "Set FopWatch:PublicUrl to \"https://localhost\".", Finding.Host)]
    [InlineData("127.0.0.1:7071", NotifyPath, Json, "Set FopWatch:PublicUrl to \"https://127.0.0.1:7071\".", Finding.Host)]
    [InlineData("public.example.org", NotifyPath, Json, "Set FopWatch:PublicUrl to \"https://public.example.org\".", Finding.Host)]
    [InlineData("hooks.example.com:443", NotifyPath, Json, "Set FopWatch:PublicUrl to \"https://hooks.example.com:443\".", Finding.Host)]
    [InlineData("hooks.example.com", "/hooks" + NotifyPath, Json, "Set FopWatch:PublicUrl to \"https://hooks.example.com/hooks\".", Finding.Path)]
    [InlineData("public.example.org", "/hooks" + NotifyPath, Json, "Set FopWatch:PublicUrl to \"https://public.example.org/hooks\".", Finding.Host, Finding.Path)]
    [InlineData("hooks.example.com", $"/notify/media/{Token}", Json, Unchanged, Finding.Path)]
    [InlineData("hooks.example.com", $"/media/{Token}", Json, Unchanged, Finding.Path)]
    [InlineData("hooks.example.com", NotifyPath + "/", Json, "A proxy adds or removes the trailing slash of the path: configure it to pass the path unchanged.", Finding.TrailingSlash)]
    [InlineData("hooks.example.com", NotifyPath, null, "A proxy changed the content type to 'application/json': configure it to pass headers unchanged.", Finding.ContentType)]
    [InlineData("hooks.example.com", NotifyPath, "application/json; charset=utf-8", "A proxy changed the content type to 'application/json': configure it to pass headers unchanged.", Finding.ContentType)]
    [InlineData("hooks.example.com", NotifyPath, Form, "A proxy changed the content type to 'application/json': configure it to pass headers unchanged.", Finding.ContentType)]
    [InlineData("localhost:7071", NotifyPath, null, "Set FopWatch:PublicUrl to \"https://localhost:7071\". A proxy changed the content type to 'application/json': configure it to pass headers unchanged.", Finding.Host, Finding.ContentType)]
    public void A_Qiniu_signature_that_is_valid_for_a_variant_of_the_request_is_explained(
        string host, string target, string? type, string suggestion, params Finding[] findings)
    {
        var diagnosis = Diagnose(Qiniu, Request with { Authorization = $"Qiniu ak:{SignQiniu(host, target, type)}" });

        Assert.Equal(findings, diagnosis.Findings);
        Assert.Equal(suggestion, diagnosis.Suggestion);
        Assert.Equal("https://hooks.example.com/api/notify/media/***", diagnosis.CheckedUrl);
        Assert.Equal(
            host == "hooks.example.com" && target == NotifyPath ? null : $"https://{host}{target.Replace(Token, "***", StringComparison.Ordinal)}",
            diagnosis.SignedUrl);
        Assert.Equal("ak", diagnosis.AccessKey);
    }

    [Fact]
    public void An_added_charset_and_an_added_query_are_explained()
    {
        var signature = $"Qiniu ak:{SignQiniu("hooks.example.com", NotifyPath, "text/xml")}";
        Assert.Equal([Finding.ContentType], Diagnose(Qiniu, Request with { ContentType = "text/xml; charset=utf-8", Authorization = signature }).Findings);

        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new($"https://hooks.example.com{NotifyPath}?secret=value&{Token}=1"),
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", NotifyPath, Json)}",
        });
        Assert.Equal([Finding.Query], diagnosis.Findings);
        Assert.Equal("https://hooks.example.com/api/notify/media/***?secret=***&***=***", diagnosis.CheckedUrl);
    }

    [Fact]
    public void A_public_URL_whose_path_differs_from_the_called_one_is_explained()
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new("https://hooks.example.com/base" + NotifyPath),
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", NotifyPath, Json)}",
        });

        Assert.Equal([Finding.Path], diagnosis.Findings);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://hooks.example.com\".", diagnosis.Suggestion);
    }

    [Fact]
    public void A_host_in_another_case_and_a_proxys_scheme_are_explained()
    {
        var request = Request with { Url = new("http://localhost:7071" + NotifyPath), CallHeaders = [new("Host", "Hooks.Example.com"), new("X-Forwarded-Proto", "https")] };
        var cased = Diagnose(Qiniu, request with { Authorization = $"Qiniu ak:{SignQiniu("Hooks.Example.com", NotifyPath, Json)}" });
        var lower = Diagnose(Qiniu, request with { Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", NotifyPath, Json)}" });

        Assert.Equal([Finding.Host], cased.Findings);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://Hooks.Example.com\".", cased.Suggestion);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://hooks.example.com\".", lower.Suggestion);
    }

    [Fact]
    public void The_notify_token_is_masked_in_headers_that_repeat_it()
    {
        var key = Diagnose(Qiniu, Request with { Authorization = $"Qiniu {Token}:AAAAAAAAAAAAAAAAAAAAAAAAAAA=" });
        var type = Diagnose(Qiniu, Request with
        {
            ContentType = $"text/{Token}",
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", NotifyPath, Json)}",
        });

        Assert.Equal("***", key.AccessKey);
        Assert.Equal([Finding.ContentType], type.Findings);
        Assert.Equal("A proxy changed the content type to 'text/***': configure it to pass headers unchanged.", type.Suggestion);
        foreach (var diagnosis in (SignatureDiagnosis[])[key, type])
            Assert.DoesNotContain(Token, diagnosis.ToString() + diagnosis.ToWords(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_missing_from_the_request_is_not_blamed_on_the_secret_key()
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            CallHeaders = [new("Host", "10.0.0.7:7071")],
            Authorization = $"Qiniu ak:{SignQiniu("other.example.net", NotifyPath, Json)}",
        });

        Assert.Equal([Finding.Unexplained], diagnosis.Findings);
        Assert.Contains("The tried hosts are hooks.example.com, 10.0.0.7, localhost, 127.0.0.1, [::1].", diagnosis.ToWords(), StringComparison.Ordinal);
        Assert.StartsWith("Check first that FopWatch:PublicUrl is the URL that the provider calls.", diagnosis.Suggestion, StringComparison.Ordinal);
        Assert.True(
            diagnosis.Suggestion.ToString().IndexOf("FopWatch:PublicUrl", StringComparison.Ordinal) < diagnosis.Suggestion.ToString().IndexOf("the secret key", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Forwarded", "for=192.0.2.7;host=other.example.net;proto=https, for=10.0.0.1;host=inner.example", "https://other.example.net")]
    [InlineData("Forwarded", "Host=\"other.example.net:8443\"; Proto=https", "https://other.example.net:8443")]
    [InlineData("X-Forwarded-Host", "other.example.net, inner.example", "http://other.example.net")]
    [InlineData("X-Original-Host", "other.example.net", "http://other.example.net")]
    public void The_host_and_the_scheme_named_by_a_proxy_are_tried(string header, string value, string url)
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new("http://10.0.0.7" + NotifyPath),
            CallHeaders = [new(header, value)],
            Authorization = $"Qiniu ak:{SignQiniu(new Uri(url).Authority, NotifyPath, Json)}",
        });

        Assert.Equal([Finding.Host], diagnosis.Findings);
        Assert.Equal($"Set FopWatch:PublicUrl to \"{url}\".", diagnosis.Suggestion);
    }

    [Theory]
    [InlineData("/other")]
    [InlineData("/other/")]
    public void A_forwarded_prefix_replaces_the_path_of_the_public_URL(string prefix)
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new("https://hooks.example.com/fop" + NotifyPath),
            CallHeaders = [new("X-Forwarded-Prefix", prefix)],
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", "/other" + NotifyPath, Json)}",
        });

        Assert.Equal([Finding.Path], diagnosis.Findings);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://hooks.example.com/other\".", diagnosis.Suggestion);
    }

    [Fact]
    public void Headers_that_the_provider_did_not_send_are_explained()
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            SignedHeaders = [new("X-Qiniu-Added", "1")],
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", NotifyPath, Json)}",
        });

        Assert.Equal([Finding.Headers], diagnosis.Findings);
    }

    [Fact]
    public void Qinius_other_signature_scheme_is_explained()
    {
        var old = Url64(HmacSha1("sk", $"{NotifyPath}\n"));
        Assert.Equal([Finding.SignatureScheme], Diagnose(Qiniu, Request with { Authorization = $"Qiniu ak:{old}" }).Findings);
        var added = Diagnose(Qiniu, Request with { Authorization = $"QBox ak:{SignQiniu("localhost:7071", NotifyPath, Json)}" });
        Assert.Equal([Finding.SignatureScheme, Finding.Host], added.Findings);
        Assert.Contains("the scheme Qiniu instead of QBox", added.ToWords(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?a=1", "", false, Json, Finding.Query)]
    [InlineData("", "/hooks", false, Json, Finding.Path)]
    [InlineData("", "", true, Json, Finding.ContentType)]
    [InlineData("", "", false, Form, Finding.ContentType)]
    [InlineData("", "/hooks", true, Json, Finding.Path, Finding.ContentType)]
    public void An_old_Qiniu_signature_that_is_valid_for_a_variant_of_the_request_is_explained(
        string query, string prefix, bool bodySigned, string type, params Finding[] findings)
    {
        var text = $"{prefix}{NotifyPath}\n" + (bodySigned ? Encoding.UTF8.GetString(Request.Body.Span) : "");
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new($"https://hooks.example.com{NotifyPath}{query}"),
            ContentType = type,
            Authorization = $"QBox ak:{Url64(HmacSha1("sk", text))}",
        });

        Assert.Equal(findings, diagnosis.Findings);
    }

    [Fact]
    public void Other_encodings_of_the_valid_digest_are_explained()
    {
        var digest = HmacSha1("sk", $"POST {NotifyPath}\nHost: hooks.example.com\nContent-Type: {Json}\n\n{Encoding.UTF8.GetString(Request.Body.Span)}");
        var hex = Convert.ToHexStringLower(digest);
        foreach (var signature in (string[])[hex, hex.ToUpperInvariant(), Url64(Utf8(hex)), Url64(digest) + "="])
            Assert.Equal([Finding.Encoding], Diagnose(Qiniu, Request with { Authorization = $"Qiniu ak:{signature}" }).Findings);

        var url = $"https://hooks.example.com{NotifyPath}\n" + Encoding.UTF8.GetString(Request.Body.Span);
        var wangsu = HmacSha1("sk", url);
        var wangsuHex = Convert.ToHexStringLower(wangsu);
        foreach (var signature in (string[])[wangsuHex, wangsuHex.ToUpperInvariant(), Url64(wangsu), Convert.ToBase64String(wangsu), Url64(Utf8(wangsuHex.ToUpperInvariant()))])
            Assert.Equal([Finding.Encoding], Diagnose(Fmgr, Request with { Authorization = $"ak:{signature}" }).Findings);

        // A digest that the two alphabets encode differently.
        for (var i = 0; ; i++)
        {
            var body = Utf8($$"""{"n":{{i}}}""");
            var standard = Convert.ToBase64String(HmacSha1("sk", $"POST {NotifyPath}\nHost: hooks.example.com\nContent-Type: {Json}\n\n{Encoding.UTF8.GetString(body)}"));
            if (!standard.Contains('+', StringComparison.Ordinal) && !standard.Contains('/', StringComparison.Ordinal))
                continue;

            var diagnosis = Diagnose(Qiniu, Request with { Body = body, Authorization = $"Qiniu ak:{standard}" });
            Assert.Equal([Finding.Encoding], diagnosis.Findings);
            Assert.Contains("standard alphabet", diagnosis.ToWords(), StringComparison.Ordinal);
            return;
        }
    }

    [Fact]
    public void Unknown_wrong_and_mixed_up_keys_are_explained()
    {
        foreach (var (provider, scheme, sign) in (IEnumerable<(IProvider, string, Func<string, string>)>)[
            (Qiniu, "Qiniu ", secret => SignQiniu("hooks.example.com", NotifyPath, Json, secret)),
            (Qiniu, "QBox ", secret => Url64(HmacSha1(secret, $"{NotifyPath}\n"))),
            (Fops, "", secret => SignWangsu($"https://hooks.example.com{NotifyPath}", secret))])
        {
            var unknown = Diagnose(provider, Request with { Authorization = $"{scheme}nobody:{sign("sk")}" });
            Assert.Equal([Finding.UnknownAccessKey], unknown.Findings);
            Assert.Equal("The access key 'nobody' is not among the keys of the source.", unknown.ToWords());
            Assert.Contains("FopWatch:Sources:media:Keys", unknown.Suggestion, StringComparison.Ordinal);

            var mixedUp = Diagnose(provider, Request with { Authorization = $"{scheme}ak:{sign("sk-2")}" });
            Assert.Equal([Finding.OtherSecretKey], mixedUp.Findings);
            Assert.Contains("'ak-2'", mixedUp.ToWords(), StringComparison.Ordinal);

            var wrong = Diagnose(provider, Request with { Authorization = $"{scheme}ak:{sign("wrong")}" });
            Assert.Equal([Finding.Unexplained], wrong.Findings);
            Assert.Null(wrong.SignedUrl);

            foreach (var broken in (string[])[$"{scheme}ak:", $"{scheme}:sig", $"{scheme}ak:sig", $"{scheme}ak:é"])
                Assert.Equal([Finding.Malformed], Diagnose(provider, Request with { Authorization = broken }).Findings);
        }
    }

    [Fact]
    public void A_strangers_access_key_is_shown_in_part() =>
        Assert.Equal(65, Diagnose(Qiniu, Request with { Authorization = $"Qiniu {new string('x', 5000)}:{SignQiniu("h", "/", Json)}" }).AccessKey!.Length);

    [Fact]
    public void A_notification_without_a_signature_has_no_diagnosis()
    {
        foreach (var authorization in (string?[])[null, "", "Bearer x"])
        {
            Assert.Null(Qiniu.Diagnose(Request with { Authorization = authorization }, Source(Qiniu), new()));
            Assert.Null(Fops.Diagnose(Request with { Authorization = authorization }, Source(Fops), new()));
        }

        Assert.Null(Qiniu.Diagnose(Request with { Authorization = "Qiniu ak:x" }, Source(Qiniu) with { Keys = KeyRing.Empty }, new()));
    }

    [Fact]
    public void The_search_ends_with_its_budget()
    {
        var request = Request with { Body = new byte[100_000], Authorization = $"Qiniu ak:{SignQiniu("localhost:7071", NotifyPath, Json, "wrong")}" };

        Assert.Equal([Finding.Inconclusive], Diagnose(Qiniu, request, new HashBudget(1_000_000)).Findings);
        Assert.Equal([Finding.Unexplained], Diagnose(Qiniu, request, new HashBudget()).Findings);

        // The first of them uses up the shared budget.
        var shared = new HashBudget();
        Assert.Contains(Enumerable.Range(0, 10), _ => Diagnose(Qiniu, request, shared).Findings.Single() == Finding.Inconclusive);
    }
}

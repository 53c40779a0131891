using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using FopWatch.Intake;
using FopWatch.Providers;
using FopWatch.Providers.Signatures;
using FopWatch.Settings;
using static FopWatch.Core.Tests.Providers.Bodies;
using Finding = FopWatch.Providers.Signatures.SignatureFinding;

namespace FopWatch.Core.Tests.Providers;

public class SignatureDiagnosisTests
{
    private const string Json = "application/json";
    private const string Form = "application/x-www-form-urlencoded";
    private const string Token = "token-one";
    private const string Path = $"/api/notify/media/{Token}";
    private const string Unchanged = "A proxy changes the path: make it pass the path of the notify URL unchanged.";

    private static readonly SignedRequest Request = new()
    {
        Url = new("https://hooks.example.com" + Path),
        ContentType = Json,
        CallHeaders = [new("Host", "localhost:7071"), new("X-Forwarded-Host", "public.example.org"), new("X-Forwarded-Prefix", "/hooks")],
        Body = Utf8("""{"id":"z0.a","code":0,"items":[]}"""),
    };

    [Theory]
    [InlineData("localhost:7071", Path, Json, "Set FopWatch:PublicUrl to \"https://localhost:7071\".", Finding.Host)]
    [InlineData("localhost", Path, Json, "Set FopWatch:PublicUrl to \"https://localhost\".", Finding.Host)]
    [InlineData("127.0.0.1:7071", Path, Json, "Set FopWatch:PublicUrl to \"https://127.0.0.1:7071\".", Finding.Host)]
    [InlineData("public.example.org", Path, Json, "Set FopWatch:PublicUrl to \"https://public.example.org\".", Finding.Host)]
    [InlineData("hooks.example.com:443", Path, Json, "Set FopWatch:PublicUrl to \"https://hooks.example.com:443\".", Finding.Host)]
    [InlineData("hooks.example.com", "/hooks" + Path, Json, "Set FopWatch:PublicUrl to \"https://hooks.example.com/hooks\".", Finding.Path)]
    [InlineData("public.example.org", "/hooks" + Path, Json, "Set FopWatch:PublicUrl to \"https://public.example.org/hooks\".", Finding.Host, Finding.Path)]
    [InlineData("hooks.example.com", $"/notify/media/{Token}", Json, Unchanged, Finding.Path)]
    [InlineData("hooks.example.com", $"/media/{Token}", Json, Unchanged, Finding.Path)]
    [InlineData("hooks.example.com", Path + "/", Json, "A proxy adds or removes the slash at the end of the path: make it pass the path unchanged.", Finding.TrailingSlash)]
    [InlineData("hooks.example.com", Path, null, "A proxy changed the content type to 'application/json': make it pass headers unchanged.", Finding.ContentType)]
    [InlineData("hooks.example.com", Path, "application/json; charset=utf-8", "A proxy changed the content type to 'application/json': make it pass headers unchanged.", Finding.ContentType)]
    [InlineData("hooks.example.com", Path, Form, "A proxy changed the content type to 'application/json': make it pass headers unchanged.", Finding.ContentType)]
    [InlineData("localhost:7071", Path, null, "Set FopWatch:PublicUrl to \"https://localhost:7071\". A proxy changed the content type to 'application/json': make it pass headers unchanged.", Finding.Host, Finding.ContentType)]
    public void A_signature_of_qinius_that_is_right_for_a_variant_of_the_request(
        string host, string target, string? type, string suggestion, params Finding[] findings)
    {
        var diagnosis = Diagnose(Qiniu, Request with { Authorization = $"Qiniu ak:{SignQiniu(host, target, type)}" });

        Assert.Equal(findings, diagnosis.Findings);
        Assert.Equal(suggestion, diagnosis.Suggestion);
        Assert.Equal("https://hooks.example.com/api/notify/media/***", diagnosis.CheckedUrl);
        Assert.Equal(
            host == "hooks.example.com" && target == Path ? null : $"https://{host}{target.Replace(Token, "***", StringComparison.Ordinal)}",
            diagnosis.SignedUrl);
        Assert.Equal("ak", diagnosis.AccessKey);
    }

    [Fact]
    public void A_charset_that_was_added_and_a_query_that_was_added()
    {
        var signature = $"Qiniu ak:{SignQiniu("hooks.example.com", Path, "text/xml")}";
        Assert.Equal([Finding.ContentType], Diagnose(Qiniu, Request with { ContentType = "text/xml; charset=utf-8", Authorization = signature }).Findings);

        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new($"https://hooks.example.com{Path}?secret=value&{Token}=1"),
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", Path, Json)}",
        });
        Assert.Equal([Finding.Query], diagnosis.Findings);
        Assert.Equal("https://hooks.example.com/api/notify/media/***?secret=***&***=***", diagnosis.CheckedUrl);
    }

    [Fact]
    public void The_path_of_a_public_url_that_is_not_called()
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new("https://hooks.example.com/base" + Path),
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", Path, Json)}",
        });

        Assert.Equal([Finding.Path], diagnosis.Findings);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://hooks.example.com\".", diagnosis.Suggestion);
    }

    [Fact]
    public void A_host_in_another_case_and_the_scheme_that_a_proxy_names()
    {
        var request = Request with { Url = new("http://localhost:7071" + Path), CallHeaders = [new("Host", "Hooks.Example.com"), new("X-Forwarded-Proto", "https")] };
        var cased = Diagnose(Qiniu, request with { Authorization = $"Qiniu ak:{SignQiniu("Hooks.Example.com", Path, Json)}" });
        var lower = Diagnose(Qiniu, request with { Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", Path, Json)}" });

        Assert.Equal([Finding.Host], cased.Findings);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://Hooks.Example.com\".", cased.Suggestion);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://hooks.example.com\".", lower.Suggestion);
    }

    [Fact]
    public void The_notify_token_is_masked_in_what_headers_repeat_of_it()
    {
        var key = Diagnose(Qiniu, Request with { Authorization = $"Qiniu {Token}:AAAAAAAAAAAAAAAAAAAAAAAAAAA=" });
        var type = Diagnose(Qiniu, Request with
        {
            ContentType = $"text/{Token}",
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", Path, Json)}",
        });

        Assert.Equal("***", key.AccessKey);
        Assert.Equal([Finding.ContentType], type.Findings);
        Assert.Equal("A proxy changed the content type to 'text/***': make it pass headers unchanged.", type.Suggestion);
        foreach (var diagnosis in (SignatureDiagnosis[])[key, type])
            Assert.DoesNotContain(Token, diagnosis.ToString() + diagnosis.ToWords(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_host_that_the_request_does_not_name_is_not_blamed_on_the_secret_key()
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            CallHeaders = [new("Host", "10.0.0.7:7071")],
            Authorization = $"Qiniu ak:{SignQiniu("other.example.net", Path, Json)}",
        });

        Assert.Equal([Finding.Unexplained], diagnosis.Findings);
        Assert.Contains("The hosts that were tried are hooks.example.com, 10.0.0.7, localhost, 127.0.0.1, [::1].", diagnosis.ToWords(), StringComparison.Ordinal);
        Assert.StartsWith("Check first that FopWatch:PublicUrl is the URL that the provider calls.", diagnosis.Suggestion, StringComparison.Ordinal);
        Assert.True(
            diagnosis.Suggestion.IndexOf("FopWatch:PublicUrl", StringComparison.Ordinal) < diagnosis.Suggestion.IndexOf("the secret key", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Forwarded", "for=192.0.2.7;host=other.example.net;proto=https, for=10.0.0.1;host=inner.example", "https://other.example.net")]
    [InlineData("Forwarded", "Host=\"other.example.net:8443\"; Proto=https", "https://other.example.net:8443")]
    [InlineData("X-Forwarded-Host", "other.example.net, inner.example", "http://other.example.net")]
    [InlineData("X-Original-Host", "other.example.net", "http://other.example.net")]
    public void The_host_and_the_scheme_that_a_proxy_names_are_tried(string header, string value, string url)
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new("http://10.0.0.7" + Path),
            CallHeaders = [new(header, value)],
            Authorization = $"Qiniu ak:{SignQiniu(new Uri(url).Authority, Path, Json)}",
        });

        Assert.Equal([Finding.Host], diagnosis.Findings);
        Assert.Equal($"Set FopWatch:PublicUrl to \"{url}\".", diagnosis.Suggestion);
    }

    [Theory]
    [InlineData("/other")]
    [InlineData("/other/")]
    public void A_forwarded_prefix_takes_the_place_of_the_path_of_the_public_url(string prefix)
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new("https://hooks.example.com/fop" + Path),
            CallHeaders = [new("X-Forwarded-Prefix", prefix)],
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", "/other" + Path, Json)}",
        });

        Assert.Equal([Finding.Path], diagnosis.Findings);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://hooks.example.com/other\".", diagnosis.Suggestion);
    }

    [Fact]
    public void Headers_that_the_provider_did_not_send()
    {
        var diagnosis = Diagnose(Qiniu, Request with
        {
            SignedHeaders = [new("X-Qiniu-Added", "1")],
            Authorization = $"Qiniu ak:{SignQiniu("hooks.example.com", Path, Json)}",
        });

        Assert.Equal([Finding.Headers], diagnosis.Findings);
    }

    [Fact]
    public void The_other_scheme_of_qinius()
    {
        var old = Url64(HmacSha1("sk", $"{Path}\n"));
        Assert.Equal([Finding.SignatureScheme], Diagnose(Qiniu, Request with { Authorization = $"Qiniu ak:{old}" }).Findings);
        var added = Diagnose(Qiniu, Request with { Authorization = $"QBox ak:{SignQiniu("localhost:7071", Path, Json)}" });
        Assert.Equal([Finding.SignatureScheme, Finding.Host], added.Findings);
        Assert.Contains("the scheme Qiniu instead of QBox", added.ToWords(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("?a=1", "", false, Json, Finding.Query)]
    [InlineData("", "/hooks", false, Json, Finding.Path)]
    [InlineData("", "", true, Json, Finding.ContentType)]
    [InlineData("", "", false, Form, Finding.ContentType)]
    [InlineData("", "/hooks", true, Json, Finding.Path, Finding.ContentType)]
    public void An_old_signature_of_qinius_that_is_right_for_a_variant_of_the_request(
        string query, string prefix, bool bodySigned, string type, params Finding[] findings)
    {
        var text = $"{prefix}{Path}\n" + (bodySigned ? Encoding.UTF8.GetString(Request.Body.Span) : "");
        var diagnosis = Diagnose(Qiniu, Request with
        {
            Url = new($"https://hooks.example.com{Path}{query}"),
            ContentType = type,
            Authorization = $"QBox ak:{Url64(HmacSha1("sk", text))}",
        });

        Assert.Equal(findings, diagnosis.Findings);
    }

    [Theory]
    [InlineData("http://hooks.example.com" + Path, "Set FopWatch:PublicUrl to \"http://hooks.example.com\".", Finding.UrlScheme)]
    [InlineData("https://public.example.org" + Path, "Set FopWatch:PublicUrl to \"https://public.example.org\".", Finding.Host)]
    [InlineData("http://localhost:7071" + Path, "Set FopWatch:PublicUrl to \"http://localhost:7071\".", Finding.UrlScheme, Finding.Host)]
    [InlineData("https://public.example.org/hooks" + Path, "Set FopWatch:PublicUrl to \"https://public.example.org/hooks\".", Finding.Host, Finding.Path)]
    [InlineData("https://hooks.example.com:443" + Path, "Set FopWatch:PublicUrl to \"https://hooks.example.com:443\".", Finding.Host)]
    [InlineData("https://hooks.example.com" + Path + "/", "A proxy adds or removes the slash at the end of the path: make it pass the path unchanged.", Finding.TrailingSlash)]
    public void A_signature_of_wangsus_that_is_right_for_a_variant_of_the_url(string signedUrl, string suggestion, params Finding[] findings)
    {
        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            var diagnosis = Diagnose(provider, Request with { Authorization = $"ak:{SignWangsu(signedUrl)}" });

            Assert.Equal(findings, diagnosis.Findings);
            Assert.Equal(suggestion, diagnosis.Suggestion);
            Assert.Equal(signedUrl.Replace(Token, "***", StringComparison.Ordinal), diagnosis.SignedUrl);
        }
    }

    [Theory]
    [InlineData("/a%2Db", "/a%2Db", Finding.Path)]
    [InlineData("/a%20b", "/a b", Finding.Path)]
    [InlineData("/a%2Fb?q=1", "/a/b", Finding.Path, Finding.Query)]
    public void A_path_that_wangsu_signed_as_it_was_written_or_decoded(string called, string signedPath, params Finding[] findings)
    {
        var request = Request with { Url = new($"https://hooks.example.com{Path}{called}"), Authorization = $"ak:{SignWangsu($"https://hooks.example.com{Path}{signedPath}")}" };

        Assert.Equal(findings, Diagnose(Fops, request).Findings);
    }

    [Fact]
    public void Other_encodings_of_the_right_digest()
    {
        var digest = HmacSha1("sk", $"POST {Path}\nHost: hooks.example.com\nContent-Type: {Json}\n\n{Encoding.UTF8.GetString(Request.Body.Span)}");
        var hex = Convert.ToHexStringLower(digest);
        foreach (var signature in (string[])[hex, hex.ToUpperInvariant(), Url64(Utf8(hex)), Url64(digest) + "="])
            Assert.Equal([Finding.Encoding], Diagnose(Qiniu, Request with { Authorization = $"Qiniu ak:{signature}" }).Findings);

        var url = $"https://hooks.example.com{Path}\n" + Encoding.UTF8.GetString(Request.Body.Span);
        var wangsu = HmacSha1("sk", url);
        var wangsuHex = Convert.ToHexStringLower(wangsu);
        foreach (var signature in (string[])[wangsuHex, wangsuHex.ToUpperInvariant(), Url64(wangsu), Convert.ToBase64String(wangsu), Url64(Utf8(wangsuHex.ToUpperInvariant()))])
            Assert.Equal([Finding.Encoding], Diagnose(Fmgr, Request with { Authorization = $"ak:{signature}" }).Findings);

        // A digest that the two alphabets write differently.
        for (var i = 0; ; i++)
        {
            var body = Utf8($$"""{"n":{{i}}}""");
            var standard = Convert.ToBase64String(HmacSha1("sk", $"POST {Path}\nHost: hooks.example.com\nContent-Type: {Json}\n\n{Encoding.UTF8.GetString(body)}"));
            if (!standard.Contains('+', StringComparison.Ordinal) && !standard.Contains('/', StringComparison.Ordinal))
                continue;

            var diagnosis = Diagnose(Qiniu, Request with { Body = body, Authorization = $"Qiniu ak:{standard}" });
            Assert.Equal([Finding.Encoding], diagnosis.Findings);
            Assert.Contains("standard alphabet", diagnosis.ToWords(), StringComparison.Ordinal);
            return;
        }
    }

    [Fact]
    public void Keys_that_are_unknown_wrong_or_mixed_up()
    {
        foreach (var (provider, scheme, sign) in (IEnumerable<(IProvider, string, Func<string, string>)>)[
            (Qiniu, "Qiniu ", secret => SignQiniu("hooks.example.com", Path, Json, secret)),
            (Qiniu, "QBox ", secret => Url64(HmacSha1(secret, $"{Path}\n"))),
            (Fops, "", secret => SignWangsu($"https://hooks.example.com{Path}", secret))])
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
    public void A_strangers_access_key_is_shown_in_short() =>
        Assert.Equal(65, Diagnose(Qiniu, Request with { Authorization = $"Qiniu {new string('x', 5000)}:{SignQiniu("h", "/", Json)}" }).AccessKey!.Length);

    [Fact]
    public void What_has_no_signature_has_no_diagnosis()
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
        var request = Request with { Body = new byte[100_000], Authorization = $"Qiniu ak:{SignQiniu("localhost:7071", Path, Json, "wrong")}" };

        Assert.Equal([Finding.Inconclusive], Diagnose(Qiniu, request, new HashBudget(1_000_000)).Findings);
        Assert.Equal([Finding.Unexplained], Diagnose(Qiniu, request, new HashBudget()).Findings);

        // What several share is used up by the first of them.
        var shared = new HashBudget();
        Assert.Contains(Enumerable.Range(0, 10), _ => Diagnose(Qiniu, request, shared).Findings.Single() == Finding.Inconclusive);
    }

    [Fact]
    public void A_quarantined_notification_is_explained_by_the_current_settings()
    {
        var kept = Kept($"Qiniu ak:{SignQiniu("public.example.org", Path, Json)}");

        Assert.Equal([Finding.Host], Explain(kept, "https://hooks.example.com").Signature!.Findings);
        Assert.Equal([Finding.Right], Explain(kept, "https://public.example.org").Signature!.Findings);
        Assert.Equal("The signature was wrong when the notification came, and is right with the current settings.", Explain(kept, "https://public.example.org").Words);

        // Without a public URL, the host that was called counts.
        Assert.Equal("https://localhost:7071/api/notify/media/***", Explain(kept, null).Signature!.CheckedUrl);

        // What is here for another reason keeps it; so does what an unknown source has.
        Assert.Equal(new("another reason", null), Explain(kept with { Reason = "another reason" }, "https://public.example.org"));
        Assert.Equal(new(kept.Reason, null), Explain(kept with { Source = "gone" }, "https://hooks.example.com"));
    }

    [Fact]
    public void What_an_earlier_version_kept_is_explained_too()
    {
        var kept = Kept($"Qiniu ak:{SignQiniu("hooks.example.com", Path + "/", Json)}");
        kept = kept with { Headers = [.. kept.Headers.Where(header => header.Key is "Authorization" or "Content-Type")] };

        Assert.Equal([Finding.TrailingSlash], Explain(kept, "https://hooks.example.com").Signature!.Findings);
        Assert.Equal([Finding.TrailingSlash], Explain(kept, null).Signature!.Findings);
    }

    [Fact]
    public void The_notify_token_is_not_in_the_headers_that_are_shown()
    {
        var kept = Kept("Qiniu ak:sig");
        var shown = (kept with { Headers = [new("X-Forwarded-Prefix", Path), new("x-qiniu-a", Token), new("X-Qiniu-A", "b")] }).ShownHeaders();

        Assert.Equal(("/api/notify/media/***", "***, b"), (shown["X-Forwarded-Prefix"], shown["x-qiniu-a"]));
    }

    private static QuarantinedNotification Kept(string authorization) => new()
    {
        Key = "k",
        Source = "media",
        Reason = "The signature is wrong, or its access key is not among the source's keys.",
        ReceivedAt = DateTimeOffset.UnixEpoch,
        Url = Request.Url,
        Headers = [.. Request.CallHeaders, new("Authorization", authorization), new("Content-Type", Json)],
        Body = Request.Body,
    };

    private static QuarantineReason Explain(QuarantinedNotification kept, string? publicUrl)
    {
        var sources = new Sources([Source(Qiniu)]);
        var settings = new FopWatchSettings { PublicUrl = publicUrl is null ? null : new(publicUrl), Sources = sources };
        return new NotificationIntake(sources, null!, null!, null!, settings, null!, null!, TimeProvider.System).Explain(kept, new());
    }

    private static Source Source(IProvider provider) => new()
    {
        Name = "media",
        Provider = provider,
        StatusEndpoint = new("https://status.example.com"),
        Tokens = new([Token]),
        Keys = new([new("ak", "sk"), new("ak-2", "sk-2")]),
        Poll = provider.DefaultPoll,
    };

    private static SignatureDiagnosis Diagnose(IProvider provider, SignedRequest request, HashBudget? budget = null)
    {
        var source = Source(provider);
        Assert.Equal(Trust.Invalid, provider.Verify(request, source.Keys));
        var diagnosis = provider.Diagnose(request, source, budget ?? new())!;

        // It says what is right, and makes nothing right; and it shows no secret.
        Assert.Equal(Trust.Invalid, provider.Verify(request, source.Keys));
        var shown = JsonSerializer.Serialize(diagnosis) + diagnosis.ToWords();
        Assert.DoesNotContain(Token, shown, StringComparison.Ordinal);
        Assert.DoesNotContain("\"sk", shown, StringComparison.Ordinal);
        Assert.EndsWith(".", diagnosis.ToWords(), StringComparison.Ordinal);
        Assert.NotEmpty(diagnosis.Suggestion);
        return diagnosis;
    }

    private static string SignQiniu(string host, string target, string? type, string secret = "sk") => Url64(HmacSha1(
        secret,
        $"POST {target}\nHost: {host}\n{(type is null ? "" : $"Content-Type: {type}\n")}\n{Encoding.UTF8.GetString(Request.Body.Span)}"));

    private static string SignWangsu(string url, string secret = "sk") =>
        Url64(Utf8(Convert.ToHexStringLower(HmacSha1(secret, $"{url}\n{Encoding.UTF8.GetString(Request.Body.Span)}"))));

    private static string Url64(byte[] bytes) => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');

#pragma warning disable CA5350 // The providers' choice.
    private static byte[] HmacSha1(string secret, string text) => HMACSHA1.HashData(Utf8(secret), Utf8(text));
#pragma warning restore CA5350
}

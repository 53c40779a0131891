using System.Security.Cryptography;
using System.Text;
using FopWatch.Providers;
using FopWatch.Providers.Qiniu;
using FopWatch.Providers.Signatures;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests.Providers;

public class SignatureTests
{
    private const string Json = "application/json";
    private const string Form = "application/x-www-form-urlencoded";

    private static readonly KeyRing Keys = new([new("ak", "sk"), new("ak-2", "sk-2")]);

    private static readonly SignedRequest Request = new()
    {
        Url = new("https://hooks.example.com/api/notify/media/token-1"),
        ContentType = Json,
        Body = Utf8("""{"id":"z0.a","code":0,"items":[]}"""),
    };

    // The published vectors of providers.md, section 1.
    [Fact]
    public void The_new_signature_matches_the_vendors_first_vector() =>
        Assert.Equal(
            "0ujEjW_vLRZxebsveBgqa3JyQ-w=",
            Url64(QiniuSignature.Sign(Utf8("sk"), "POST", "", "", Json, [], Utf8("""{"name": "test"}"""))));

    [Fact]
    public void Both_signatures_match_the_vendors_second_vector()
    {
        var body = Utf8("name=sunflower.jpg&hash=Fn6qeQi4VDLQ347NiRm-RlQx_4O2&location=Shanghai&price=1500.00&uid=123");
        Assert.Equal(
            "ZqS7EZuAKrhZaEIxqNGxDJi41IQ=",
            Url64(QiniuSignature.Sign(Utf8("1234567890"), "GET", "/callback", "test.qiniu.com", Form, [new("x-qiniu-bbb", "BBB"), new("X-Other", "y")], body)));
        Assert.Equal("T7F-SjxX7X2zI4Fc1vANiNt1AUE=", Url64(QiniuSignature.SignOld(Utf8("1234567890"), "/callback", Form, body)));

        var request = new SignedRequest
        {
            Url = new("https://test.qiniu.com/callback"),
            ContentType = Form,
            Body = body,
            Authorization = "QBox abcdefghklmnopq:T7F-SjxX7X2zI4Fc1vANiNt1AUE=",
        };
        Assert.Equal(Trust.Strong, Qiniu.Verify(request, new([new("abcdefghklmnopq", "1234567890")])));
    }

    [Fact]
    public void A_valid_new_signature_is_strong()
    {
        const string Text = "POST /api/notify/media/token-1?a=b\nHost: hooks.example.com\nContent-Type: application/json\nX-Qiniu-A: 1\nX-Qiniu-B-C: 2\n\n{}";
        var request = Request with
        {
            Url = new("https://hooks.example.com/api/notify/media/token-1?a=b"),
            Body = Utf8("{}"),
            SignedHeaders = [new("x-QINIU-b-c", "2"), new("X-Qiniu-A", "1")],
            Authorization = $"Qiniu ak-2:{Url64(HmacSha1("sk-2", Text))}",
        };

        Assert.Equal(Trust.Strong, Qiniu.Verify(request, Keys));
        Assert.Equal(Trust.Strong, Qiniu.Verify(request with { Authorization = request.Authorization!.TrimEnd('=') }, Keys));
        Assert.Equal(Trust.Strong, Qiniu.Verify(request with { Authorization = request.Authorization!.Replace("Qiniu ", " qiniu  ", StringComparison.Ordinal) }, Keys));

        Assert.Equal(Trust.Invalid, Qiniu.Verify(request with { Body = Utf8("{ }") }, Keys));
        Assert.Equal(Trust.Invalid, Qiniu.Verify(request with { Url = Request.Url }, Keys));
        Assert.Equal(Trust.Invalid, Qiniu.Verify(request with { ContentType = null }, Keys));
        Assert.Equal(Trust.Invalid, Qiniu.Verify(request with { SignedHeaders = [] }, Keys));
        Assert.Equal(Trust.Invalid, Qiniu.Verify(request with { Authorization = request.Authorization!.Replace("ak-2", "ak", StringComparison.Ordinal) }, Keys));
        Assert.Equal(Trust.Invalid, Qiniu.Verify(request with { Authorization = request.Authorization!.Replace("Qiniu", "QBox", StringComparison.Ordinal) }, Keys));
    }

    [Theory]
    [InlineData("hooks.example.com:8443")]
    [InlineData("hooks.example.com")]
    public void The_port_may_be_signed_or_not(string host)
    {
        var request = Request with
        {
            Url = new("https://hooks.example.com:8443/n"),
            ContentType = null,
            Body = Utf8("{}"),
            Authorization = $"Qiniu ak:{Url64(HmacSha1("sk", $"POST /n\nHost: {host}\n\n{{}}"))}",
        };
        Assert.Equal(Trust.Strong, Qiniu.Verify(request, Keys));
    }

    [Fact]
    public void A_new_signature_without_the_body_is_weak()
    {
        var request = Request with
        {
            ContentType = "application/octet-stream",
            Authorization = $"Qiniu ak:{Url64(HmacSha1("sk", "POST /api/notify/media/token-1\nHost: hooks.example.com\nContent-Type: application/octet-stream\n\n"))}",
        };
        Assert.Equal(Trust.Weak, Qiniu.Verify(request, Keys));
        Assert.Equal(Trust.Weak, Qiniu.Verify(request with { Body = Utf8("anything") }, Keys));
    }

    [Theory]
    [InlineData(Json, false, Trust.Weak)]
    [InlineData(null, false, Trust.Weak)]
    [InlineData(Form, true, Trust.Strong)]
    [InlineData("Application/X-WWW-Form-URLEncoded; charset=utf-8", true, Trust.Strong)]
    [InlineData(Json, true, Trust.Invalid)]
    [InlineData(Form, false, Trust.Invalid)]
    public void An_old_signature_covers_the_body_only_of_a_form(string? contentType, bool bodySigned, Trust trust)
    {
        var text = "/api/notify/media/token-1\n" + (bodySigned ? Encoding.UTF8.GetString(Request.Body.Span) : "");
        var request = Request with { ContentType = contentType, Authorization = $"QBox ak:{Url64(HmacSha1("sk", text))}" };
        Assert.Equal(trust, Qiniu.Verify(request, Keys));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  ")]
    [InlineData("Bearer ak:sig")]
    [InlineData("ak:sig")]
    [InlineData("QiniuX ak:sig")]
    public void A_header_without_a_Qiniu_signature_gives_no_trust(string? authorization) =>
        Assert.Equal(Trust.None, Qiniu.Verify(Request with { Authorization = authorization }, Keys));

    [Theory]
    [InlineData("Qiniu")]
    [InlineData("QBox ")]
    [InlineData("Qiniu ak")]
    [InlineData("Qiniu :sig")]
    [InlineData("Qiniu ak:")]
    [InlineData("Qiniu ak:sig")]
    [InlineData("Qiniu ak:=")]
    [InlineData("QBox ak:é")]
    [InlineData("Qiniu nobody:0ujEjW_vLRZxebsveBgqa3JyQ-w=")]
    public void A_broken_Qiniu_signature_is_invalid(string authorization)
    {
        Assert.Equal(Trust.Invalid, Qiniu.Verify(Request with { Authorization = authorization }, Keys));
        Assert.Equal(Trust.None, Qiniu.Verify(Request with { Authorization = authorization }, KeyRing.Empty));
    }

    [Fact]
    public void Only_one_spelling_of_a_signature_is_valid()
    {
        var right = Url64(HmacSha1("sk", "/api/notify/media/token-1\n"));
        Assert.Equal(Trust.Weak, Verify(right));

        // The last of 27 digits has two bits that decoding would ignore.
        const string Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var twin = right[..26] + Digits[Digits.IndexOf(right[26], StringComparison.Ordinal) ^ 1];
        Assert.Equal(Convert.FromBase64String(Plain(right)), Convert.FromBase64String(Plain(twin + "=")));
        Assert.Equal(Trust.Invalid, Verify(twin));
        Assert.Equal(Trust.Invalid, Verify(twin + "="));
        Assert.Equal(Trust.Invalid, Verify(right + "="));
        Assert.Equal(Trust.Invalid, Verify(right[..26]));

        static string Plain(string text) => text.Replace('-', '+').Replace('_', '/');
        static Trust Verify(string signature) => Qiniu.Verify(Request with { Authorization = $"QBox ak:{signature}" }, Keys);
    }

    /// <summary>A notify URL as written, and the forms that a client may have signed.</summary>
    public static TheoryData<string, string, bool> WrittenUrls => new()
    {
        { "https://b\u00fccher.example/n", "https://b\u00fccher.example/n", true },
        { "https://b\u00fccher.example/n", "https://xn--bcher-kva.example/n", true },
        { "https://B\u00dccher.example:443/n", "https://B\u00dccher.example:443/n", true },
        { "https://B\u00dccher.example:443/n", "https://xn--bcher-kva.example/n", true },
        { "https://xn--bcher-kva.example/n", "https://b\u00fccher.example/n", true },
        { "https://xn--bcher-kva.example/n", "https://xn--bcher-kva.example/n", true },
        { "https://Hooks.Example.com/n", "https://Hooks.Example.com/n", true },
        { "https://Hooks.Example.com/n", "https://hooks.example.com/n", true },
        { "https://Hooks.Example.com:443/n", "https://hooks.example.com/n", true },
        { "https://hooks.example.com:443/n", "https://hooks.example.com:443/n", true },
        { "https://hooks.example.com:443/n", "https://hooks.example.com/n", true },
        { "http://hooks.example.com:80/n", "http://hooks.example.com:80/n", true },
        { "http://hooks.example.com:80/n", "http://hooks.example.com/n", true },
        { "https://[2001:DB8::1]:443/n", "https://[2001:DB8::1]:443/n", true },
        { "https://192.0.2.1:443/n", "https://192.0.2.1/n", true },
        { "https://hooks.example.com/n", "https://other.example.com/n", false },
        { "https://hooks.example.com:443/n", "https://hooks.example.com:80/n", false },
        { "https://b\u00fccher.example/n", "https://bucher.example/n", false },
        { "https://Hooks.Example.com/n", "https://hooks.example.com/N", false },
    };

    [Theory]
    [MemberData(nameof(WrittenUrls))]
    public void A_URL_may_be_signed_as_written_or_as_normalised_by_clients(string url, string signedUrl, bool isRight)
    {
        var expected = isRight ? Trust.Strong : Trust.Invalid;
        var (host, path) = (signedUrl.Split('/')[2], "/" + signedUrl.Split('/', 4)[3]);
        var text = $"POST {path}\nHost: {host}\nContent-Type: application/json\n\n{{}}";
        var qiniu = Request with { Url = new(url), Body = Utf8("{}"), Authorization = $"Qiniu ak:{Url64(HmacSha1("sk", text))}" };
        var wangsu = Request with { Url = new(url), Body = Utf8("{}"), Authorization = $"ak:{Url64(Utf8(Convert.ToHexStringLower(HmacSha1("sk", signedUrl + "\n{}"))))}" };

        Assert.Equal(expected, Qiniu.Verify(qiniu, Keys));
        Assert.Equal(expected, Fops.Verify(wangsu, Keys));
        Assert.InRange(SignedForms.Origins(new(url)).Count, 1, 9);
        Assert.InRange(SignedForms.Hosts(new(url)).Count, 1, 8);
    }

    /// <summary>Without a public URL, the host comes from the sender.</summary>
    [Theory]
    [InlineData("xn--a")]
    [InlineData("xn--\u00fc.example")]
    [InlineData("-.-")]
    [InlineData("a..b")]
    [InlineData("\u00df\u200d.example")]
    [InlineData("\ud83d\ude00.example:443")]
    public void No_host_makes_a_check_throw(string host)
    {
        if (!Uri.TryCreate($"https://{host}/n", UriKind.Absolute, out var url))
            return;
        Assert.Equal(Trust.Invalid, Qiniu.Verify(Request with { Url = url, Authorization = "Qiniu ak:AAAAAAAAAAAAAAAAAAAAAAAAAAA=" }, Keys));
        Assert.Equal(Trust.Invalid, Fops.Verify(Request with { Url = url, Authorization = "ak:sig" }, Keys));
    }

    [Theory]
    [InlineData("https://hooks.example.com/n?a=1", "https://hooks.example.com/n?a=1", "ak", "sk", Trust.Strong)]
    [InlineData("https://hooks.example.com/n?a=1", "https://hooks.example.com/n", "ak-2", "sk-2", Trust.Strong)]
    [InlineData("https://hooks.example.com/n", "https://hooks.example.com/n", "ak", "sk", Trust.Strong)]
    [InlineData("https://hooks.example.com:8443/n", "https://hooks.example.com:8443/n", "ak", "sk", Trust.Strong)]
    [InlineData("https://hooks.example.com/n", "https://hooks.example.com/other", "ak", "sk", Trust.Invalid)]
    [InlineData("https://hooks.example.com/n", "https://hooks.example.com/n", "ak", "sk-2", Trust.Invalid)]
    [InlineData("https://hooks.example.com/n", "https://hooks.example.com/n", "nobody", "sk", Trust.Invalid)]
    public void Wangsus_signature_covers_URL_and_body(string url, string signedUrl, string accessKey, string secret, Trust trust)
    {
        const string Body = "eyJpZCI6ImEifQ==";
        var hex = string.Concat(HmacSha1(secret, signedUrl + "\n" + Body).Select(b => b.ToString("x2", System.Globalization.CultureInfo.InvariantCulture)));
        var signature = Url64(Utf8(hex));
        var request = new SignedRequest { Url = new(url), ContentType = "text/plain; charset=UTF-8", Body = Utf8(Body), Authorization = $"{accessKey}:{signature}" };

        foreach (var provider in (IProvider[])[Fmgr, Fops])
        {
            Assert.Equal(trust, provider.Verify(request, Keys));
            Assert.Equal(trust, provider.Verify(request with { Authorization = $" {accessKey}:{signature.TrimEnd('=')} " }, Keys));
            Assert.Equal(Trust.Invalid, provider.Verify(request with { Body = Utf8(Body + " ") }, Keys));
            Assert.Equal(Trust.None, provider.Verify(request, KeyRing.Empty));
        }
    }

    [Theory]
    [InlineData(null, Trust.None)]
    [InlineData("", Trust.None)]
    [InlineData("Qiniu ak:sig", Trust.None)]
    [InlineData("token", Trust.None)]
    [InlineData("ak:", Trust.Invalid)]
    [InlineData(":sig", Trust.Invalid)]
    [InlineData("ak:sig", Trust.Invalid)]
    [InlineData("ak:==", Trust.Invalid)]
    public void Every_other_header_is_not_a_Wangsu_signature(string? authorization, Trust trust) =>
        Assert.Equal(trust, Fops.Verify(Request with { Authorization = authorization }, Keys));

    private static string Url64(byte[] bytes) => Convert.ToBase64String(bytes).Replace('+', '-').Replace('/', '_');

#pragma warning disable CA5350 // The providers' choice.
    private static byte[] HmacSha1(string secret, string text) => HMACSHA1.HashData(Utf8(secret), Utf8(text));
#pragma warning restore CA5350
}

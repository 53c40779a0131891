using System.Text;

namespace FopWatch.Simulator.Tests;

/// <summary>The vectors are those that Qiniu publishes with its SDKs (providers.md, section 1).</summary>
public class SignerTests
{
    private const string Form = "application/x-www-form-urlencoded";

    private static readonly Uri Callback = new("https://test.qiniu.com/callback");

    private static readonly byte[] Sunflower = Encoding.UTF8.GetBytes(
        "name=sunflower.jpg&hash=Fn6qeQi4VDLQ347NiRm-RlQx_4O2&location=Shanghai&price=1500.00&uid=123");

    [Fact]
    public void Qiniu_signs_a_bare_request_as_published() =>
        Assert.Equal(
            "0ujEjW_vLRZxebsveBgqa3JyQ-w=",
            Signer.QiniuSignature("sk", "POST", "", "", "application/json", """{"name": "test"}"""u8));

    [Fact]
    public void Qiniu_signs_a_form_with_its_own_header_as_published() =>
        Assert.Equal(
            "Qiniu abcdefghklmnopq:ZqS7EZuAKrhZaEIxqNGxDJi41IQ=",
            Signer.Qiniu("abcdefghklmnopq", "1234567890", Callback, Form, Sunflower, [new("X-Qiniu-Bbb", "BBB"), new("Accept", "*/*")], "GET"));

    [Fact]
    public void QBox_signs_a_form_as_published() =>
        Assert.Equal("QBox abcdefghklmnopq:T7F-SjxX7X2zI4Fc1vANiNt1AUE=", Signer.QBox("abcdefghklmnopq", "1234567890", Callback, Form, Sunflower));

    [Fact]
    public void Qiniu_covers_a_JSON_body_and_QBox_does_not()
    {
        static string Qiniu(string body) => Signer.Qiniu("ak", "sk", Callback, "application/json", Encoding.UTF8.GetBytes(body));
        static string QBox(string body) => Signer.QBox("ak", "sk", Callback, "application/json", Encoding.UTF8.GetBytes(body));

        Assert.NotEqual(Qiniu("{}"), Qiniu("[]"));
        Assert.Equal(QBox("{}"), QBox("[]"));
    }

    /// <summary>Expected value computed with Python's hmac, hashlib and base64.</summary>
    [Fact]
    public void Wangsu_signs_URL_and_body_and_encodes_the_digest_in_hexadecimal() =>
        Assert.Equal(
            "ak:ZTQwMzNhMTAzOTg4MDI0ZTM1OTE1MzM0ZGI5OGFjZDE4YWNmZTNkMQ==",
            Signer.Wangsu("ak", "sk", "http://hooks.example.com/notify/a", "eyJpZCI6IjIwMSJ9"u8));
}

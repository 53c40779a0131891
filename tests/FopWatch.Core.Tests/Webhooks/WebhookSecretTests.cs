using System.Text;
using FopWatch.Webhooks;

namespace FopWatch.Core.Tests.Webhooks;

/// <summary>Signatures of Standard Webhooks 1.0.</summary>
public sealed class WebhookSecretTests
{
    private const string Right = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    [Fact]
    public void A_request_is_signed_as_other_implementations_sign_it()
    {
        // The example shared by the implementations of the specification.
        var signature = WebhookSecret.TryParse(Right)!.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, Encoding.UTF8.GetBytes("""{"test": 2432232314}"""));

        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }

    [Theory]
    [InlineData(23, false)]
    [InlineData(24, true)]
    [InlineData(64, true)]
    [InlineData(65, false)]
    public void A_secret_has_24_to_64_bytes(int bytes, bool isRight) =>
        Assert.Equal(isRight, WebhookSecret.TryParse("whsec_" + Convert.ToBase64String(new byte[bytes])) is not null);

    [Theory]
    [InlineData("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("WHSEC_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whpk_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS_")]
    [InlineData("whsec_MfKQ9r8GKYqrTwjU PD8ILPZIo2LaLaSw")]
    [InlineData("whsec_")]
    [InlineData("")]
    public void Nothing_else_is_a_secret(string text) => Assert.Null(WebhookSecret.TryParse(text));

    [Fact]
    public void Secrets_are_equal_by_their_bytes_and_do_not_show_them()
    {
        var (one, same) = (WebhookSecret.TryParse(Right)!, WebhookSecret.TryParse(Right)!);

        Assert.Equal(one, same);
        Assert.Equal(one.GetHashCode(), same.GetHashCode());
        Assert.NotEqual(one, WebhookSecret.TryParse("whsec_" + Convert.ToBase64String(new byte[24])));
        Assert.DoesNotContain("MfKQ", one.ToString(), StringComparison.Ordinal);
    }
}

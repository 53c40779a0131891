using FopWatch.Webhooks;
using FopWatch.Wording;

namespace FopWatch.Core.Tests.Webhooks;

public sealed class WebhookAnswerTests
{
    [Theory]
    [InlineData(500, "answered 500", "应答 500")]
    [InlineData(301, "redirected (301) to https://b/hook, which is not followed: set Url to the final URL", "重定向（301）到 https://b/hook，不会跟随：请将 Url 设为最终的 URL")]
    [InlineData(null, "no answer within 15 s", "15 秒内没有应答")]
    [InlineData(null, "10.0.0.1 is not a public address, and AllowPrivate is not set", "10.0.0.1 不是公网地址，而未设置 AllowPrivate")]
    [InlineData(null, "its name cannot be resolved", "主机名无法解析")]
    [InlineData(null, "the request failed (IOException)", "请求失败（IOException）")]
    [InlineData(200, null, null)]
    public void A_failure_is_worded_in_both_languages(int? status, string? error, string? chinese)
    {
        var failure = new WebhookAnswer(status, error, null, TimeSpan.Zero).Failure;

        Assert.Equal((error, chinese), (failure?.ToString(), failure?.In(Language.Chinese)));
    }
}

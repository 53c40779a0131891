using System.Text;
using FopWatch.Providers;
using FopWatch.Publishing;

namespace FopWatch.Core.Tests;

public class EventRedactionTests
{
    [Theory]
    [InlineData("""{"id":"a","data":{"items":[{"command":"hlsKey/c2VjcmV0"}]}}""", """{"id":"a","data":{"items":[{"command":"hlsKey/***"}]}}""")]
    [InlineData("""{"data":{"items":[{"error":"hlsKey/c2VjcmV0","result":"hlsKey/c2VjcmV0"},null,7]}}""", """{"data":{"items":[{"error":"hlsKey/***","result":"hlsKey/***"},null,7]}}""")]
    [InlineData("""{"data":{"items":[{"result":{"hlsKey":"c2VjcmV0","a":[1.50]}}]}}""", """{"data":{"items":[{"result":{"hlsKey":"***","a":[1.50]}}]}}""")]
    [InlineData("""{"data":{"key":"https://x.example/?token=abc","items":[{"input":{"key":"https://x.example/?token=abc"}}]}}""", """{"data":{"key":"https://x.example/?token=***","items":[{"input":{"key":"https://x.example/?token=***"}}]}}""")]
    [InlineData("""{"data":{"key":"a?token=b","metadata":{"hlsKey":"mine"},"items":7,"new":"é"}}""", """{"data":{"key":"a?token=b","metadata":{"hlsKey":"mine"},"items":7,"new":"é"}}""")]
    [InlineData("""{"data":{"items":[{"input":{"key":"token=b.mp4"},"result":{"secretKey":"s","key":"k"}}]}}""", """{"data":{"items":[{"input":{"key":"token=b.mp4"},"result":{"secretKey":"***","key":"k"}}]}}""")]
    [InlineData("""{"data":{"items":[{"outputs":[{"bucket":"https","key":"//me:b@x.example/?token=abc"},{"bucket":"b","key":"token=c"}]}]}}""", """{"data":{"items":[{"outputs":[{"bucket":"https","key":"//***@x.example/?token=***"},{"bucket":"b","key":"token=c"}]}]}}""")]
    [InlineData("""{"data":"hlsKey/c2VjcmV0"}""", """{"data":"hlsKey/***"}""")]
    [InlineData("hlsKey/c2VjcmV0", "hlsKey/***")]
    [InlineData("", "")]
    public void An_event_of_an_earlier_version_is_redacted(string stored, string redacted)
    {
        foreach (var version in (long[])[0, 1, CommandRedaction.Version - 1])
            Assert.Equal(redacted, Encoding.UTF8.GetString(EventRedaction.Redacted(Encoding.UTF8.GetBytes(stored), version).Span));
    }

    [Fact]
    public void An_event_of_this_version_is_not_changed()
    {
        ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes("""{"data":{"items":[{"command":"hlsKey/c2VjcmV0"}]}}""");

        Assert.Equal(body, EventRedaction.Redacted(body, CommandRedaction.Version));
    }
}

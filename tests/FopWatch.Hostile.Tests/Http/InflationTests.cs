using System.IO.Compression;
using System.Net;
using FopWatch.Hostile.Tests.Overload;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>Compressed bodies. Memory is measured for the whole process, so nothing may run at the same time.</summary>
[Collection(nameof(OverloadTests))]
public class InflationTests
{
    private const string Notify = $"/api/notify/media/{AttackedHost.Token}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("gzip, gzip")]
    public async Task A_body_that_would_inflate_is_never_inflated(string encoding)
    {
        await using var host = await AttackedHost.StartAsync();
        byte[] bomb;
        using (var packed = new MemoryStream())
        {
            await using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            {
                var zeros = new byte[1024 * 1024];
                for (var i = 0; i < 256; i++)
                    await gzip.WriteAsync(zeros, Cancelled);
            }

            bomb = packed.ToArray();
        }

        var before = GC.GetTotalAllocatedBytes();
        using var request = new HttpRequestMessage(HttpMethod.Post, Notify) { Content = new ByteArrayContent(bomb) };
        request.Content.Headers.TryAddWithoutValidation("Content-Encoding", encoding);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, Cancelled)).StatusCode);
        Assert.True(GC.GetTotalAllocatedBytes() - before < 64 * 1024 * 1024);

        // It stays a compressed body, which no decoder can read.
        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Equal(bomb.Length, kept.Size);
    }
}

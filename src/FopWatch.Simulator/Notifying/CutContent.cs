using System.Net;

namespace FopWatch.Simulator;

/// <summary>A body of which only the first half is sent before the connection is closed.</summary>
internal sealed class CutContent(byte[] body) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(body.AsMemory(0, body.Length / 2));
        await stream.FlushAsync();
        // The client has no other way to be told that a body ends too early.
        throw new HttpRequestException("Cut as planned.");
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}

using System.Net;

namespace FopWatch.Simulator;

/// <summary>A body whose connection is closed after the first half.</summary>
internal sealed class CutContent(byte[] body) : HttpContent
{
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(body.AsMemory(0, body.Length / 2));
        await stream.FlushAsync();
        // An exception is the only way to make the client end a body early.
        throw new HttpRequestException("Cut as planned.");
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return true;
    }
}

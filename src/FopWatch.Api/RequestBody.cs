using System.Buffers;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Reads request bodies up to a limit.</summary>
internal static class RequestBody
{
    /// <summary>Reads the whole body; null if it is larger than the limit, of which no more is read than is needed to tell.</summary>
    /// <exception cref="IOException">The client broke off: what came is not the body.</exception>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
            return null;

        // What a client announces is not what it gets: memory grows with what it sends.
        var body = new ArrayBufferWriter<byte>((int)Math.Min(request.ContentLength ?? 4096, 64 * 1024) + 1);
        while (true)
        {
            var read = await request.Body.ReadAsync(body.GetMemory(4096), cancellationToken);
            if (read == 0)
                return body.WrittenMemory;
            body.Advance(read);
            if (body.WrittenCount > limit)
                return null;
        }
    }
}

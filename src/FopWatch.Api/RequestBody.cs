using FopWatch.Intake;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Reads request bodies up to a limit.</summary>
internal static class RequestBody
{
    /// <summary>
    /// How long a body may take to arrive. A provider waits no longer than a minute for the answer (providers.md, section 2), and
    /// one that dribbles must not hold its room for ever.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int AtOnce = 4096;

    /// <summary>Waits until a body that was read may be decoded.</summary>
    /// <returns>To be disposed of when it is decoded; null if it need not be.</returns>
    public static ValueTask<IDisposable?> DecodeTurnAsync(HttpRequest request, int length, CancellationToken cancellationToken) =>
        request.HttpContext.Features.Get<RequestLimits.BodyRoom>()?.TurnAsync(length, cancellationToken) ?? new((IDisposable?)null);

    /// <summary>Reads the whole body; null if it is larger than the limit, of which no more is read than is needed to tell.</summary>
    /// <exception cref="BadHttpRequestException">The client broke off, or wrote what cannot be read: what came is not the body.</exception>
    /// <exception cref="IntakeFullException">There is no room for it now, or it took too long.</exception>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        if (request.ContentLength > limit)
            return null;

        var room = request.HttpContext.Features.Get<RequestLimits.BodyRoom>();
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);

        // What a client announces is not what it gets: memory grows with what it sends, and never beyond what it announced.
        var most = (int)(request.ContentLength ?? limit) + 1;
        var body = Array.Empty<byte>();
        var length = 0;
        try
        {
            while (true)
            {
                if (length == body.Length)
                {
                    var larger = Math.Min(Math.Max(2 * length, AtOnce), most);
                    room?.Take(larger - length);
                    Array.Resize(ref body, larger);
                }

                var read = await request.Body.ReadAsync(body.AsMemory(length), patience.Token);
                if (read == 0)
                    return body.AsMemory(0, length);
                length += read;
                if (length > limit)
                    return null;
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IntakeFullException("A request was turned away: its body took too long to arrive.");
        }
        catch (IOException unreadable) when (unreadable is not BadHttpRequestException)
        {
            // Kestrel says so of a chunk whose size overflows, and of a client that broke off: no fault of ours.
            throw new BadHttpRequestException("The body cannot be read to its end.", unreadable);
        }
    }
}

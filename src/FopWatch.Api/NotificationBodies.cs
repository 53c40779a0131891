using FopWatch.Intake;
using FopWatch.Providers;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>Receives the bodies of notifications, each with the memory, the turn and the place that it takes.</summary>
/// <param name="memory">Reads them.</param>
/// <param name="turns">Lets large ones be decoded in turn.</param>
/// <param name="admission">Has the places for notifications.</param>
public sealed class NotificationBodies(BodyMemory memory, DecodeTurns turns, Admission admission)
{
    /// <summary>Reads a body, and waits until it may be decoded.</summary>
    /// <param name="request">The request.</param>
    /// <param name="source">The name of the source whose notify URL it came to.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The body, to be disposed of when the request has been answered; null if it is larger than may be.</returns>
    /// <exception cref="BadHttpRequestException">The client broke off.</exception>
    /// <exception cref="IntakeFullException">There is no room for it now, or it took too long.</exception>
    internal async Task<NotificationBody?> ReceiveAsync(HttpRequest request, string source, CancellationToken cancellationToken)
    {
        if (await memory.ReadAsync(request, source, cancellationToken) is not { } body)
            return null;
        IDecodeTurn? turn = null;
        try
        {
            // What waits to be decoded takes no place, so it keeps out nothing that could be taken in meanwhile.
            turn = await turns.EnterAsync(source, body.Length, cancellationToken);
            return new(body, turn, admission.EnterNotification(source));
        }
        catch
        {
            turn?.Dispose();
            body.Dispose();
            throw;
        }
    }
}

/// <summary>The body of a notification, with what it takes until the notification is answered.</summary>
internal sealed class NotificationBody(ReceivedBody body, IDecodeTurn? turn, IDisposable place) : IDisposable
{
    public ReadOnlyMemory<byte> Bytes => body.Bytes;

    /// <summary>The body is decoded: the next large one may be.</summary>
    public void Decoded() => turn?.Decoded();

    public void Dispose()
    {
        place.Dispose();
        turn?.Dispose();
        body.Dispose();
    }
}

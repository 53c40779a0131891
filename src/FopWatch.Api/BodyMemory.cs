using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using FopWatch.Intake;
using FopWatch.Settings;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api;

/// <summary>
/// Reads request bodies, and bounds the memory that they take. The first 64 KiB of each come from a reserve, so that large bodies keep no body of
/// ordinary size out. The rest is shared between sources and between addresses. A body that stalls is cut off, the sooner the more it holds.
/// </summary>
public sealed class BodyMemory
{
    /// <summary>What each body gets from the reserve, in bytes. Bodies of ordinary size are no larger.</summary>
    public const int OrdinaryBody = 64 * 1024;

    /// <summary>The reserve for bodies of ordinary size, in bytes: enough for every connection of the embedded host.</summary>
    public const int OrdinaryBytes = 128 * 1024 * 1024;

    /// <summary>
    /// The most bytes of larger bodies at once, of which one source gets at most half and one address three quarters; eight times
    /// <see cref="FopWatchSettings.MaxBodyBytes"/> if that is more.
    /// </summary>
    public const int LargeBytes = 64 * 1024 * 1024;

    /// <summary>
    /// How long a body may take to arrive. A provider waits no longer than a minute for the answer (providers.md, section 2), and
    /// one that dribbles must not hold its memory for ever.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>How long a body that is larger than <see cref="OrdinaryBody"/> may take to grow by a sixth, a thirtieth of its length a second.</summary>
    public static readonly TimeSpan LargePatience = TimeSpan.FromSeconds(5);

    /// <summary>The owner of bodies that come to no source's notify URL.</summary>
    internal const string Callers = "";

    private readonly SharedBytes _ordinary;
    private readonly SharedBytes _large;
    private readonly TimeProvider _time;
    private readonly int _limit;

    /// <param name="settings">The settings.</param>
    public BodyMemory(FopWatchSettings settings)
        : this(settings, TimeProvider.System)
    {
    }

    /// <param name="settings">The settings.</param>
    /// <param name="time">The clock of the senders.</param>
    internal BodyMemory(FopWatchSettings settings, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _limit = settings.MaxBodyBytes;
        _time = time;
        _ordinary = new(OrdinaryBytes, time);
        _large = new(Math.Max(LargeBytes, 8L * _limit), time);
    }

    /// <summary>Reads the whole body.</summary>
    /// <param name="request">The request.</param>
    /// <param name="owner">The source whose notify URL it came to, or <see cref="Callers"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The body, to be disposed of when the request has been answered; null if it is larger than may be, of which no more is read than is needed to tell.</returns>
    /// <exception cref="BadHttpRequestException">The client broke off, or wrote what cannot be read: what came is not the body.</exception>
    /// <exception cref="IntakeFullException">There is no room for it now, or it took too long.</exception>
    internal async Task<ReceivedBody?> ReadAsync(HttpRequest request, string owner, CancellationToken cancellationToken)
    {
        if (request.ContentLength > _limit)
            return null;
        var address = NetworkOf(request.HttpContext.Connection.RemoteIpAddress);
        var body = new ReceivedBody(_ordinary.Open(owner, address), _large.Open(owner, address));
        var isWhole = false;
        try
        {
            isWhole = TryFillAtOnce(body, request) || await FillAsync(body, request, cancellationToken);
        }
        catch (ConnectionAbortedException aborted)
        {
            throw new BadHttpRequestException("The connection was aborted.", aborted);
        }
        catch (ConnectionResetException reset)
        {
            // Nobody is there to be answered, and Kestrel would drain the body in vain, and log an error for each.
            request.HttpContext.Abort();
            throw new BadHttpRequestException("The client broke off.", reset);
        }
        catch (IOException unreadable) when (unreadable is not BadHttpRequestException)
        {
            // Kestrel says so of a chunk whose size overflows: no fault of ours.
            throw new BadHttpRequestException("The body cannot be read to its end.", unreadable);
        }
        finally
        {
            if (!isWhole)
                body.Dispose();
        }

        return isWhole ? body : null;
    }

    /// <summary>Takes a body that has arrived with the head of its request, as nearly all do: there is nothing to wait for.</summary>
    /// <returns>False if not all of it is there.</returns>
    /// <exception cref="IntakeFullException">There is no room.</exception>
    private static bool TryFillAtOnce(ReceivedBody body, HttpRequest request)
    {
        if (request.ContentLength is not (> 0 and <= OrdinaryBody) || !request.BodyReader.TryRead(out var read))
            return false;
        var isWhole = !read.IsCanceled && read.IsCompleted && read.Buffer.Length == request.ContentLength;
        try
        {
            if (isWhole)
                body.ReceivedWhole(read.Buffer);
        }
        finally
        {
            request.BodyReader.AdvanceTo(isWhole ? read.Buffer.End : read.Buffer.Start);
        }

        return isWhole;
    }

    /// <summary>Reads into a body until it is whole.</summary>
    /// <returns>False if it is larger than may be.</returns>
    private async Task<bool> FillAsync(ReceivedBody body, HttpRequest request, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource([cancellationToken, patience.Token, .. body.Lost]);

        // What a client announces is not what it gets: memory grows with what it sends, and never beyond what it announced.
        var expected = (int)(request.ContentLength ?? _limit);
        var began = _time.GetTimestamp();
        var (mark, markedAt) = (0, began);

        // After a read that a token has cancelled, Kestrel cannot drain the body, and logs an error for each.
        var reader = request.BodyReader;
        using var cutting = cut.Token.UnsafeRegister(static reader => CancelRead((PipeReader)reader!), reader);
        try
        {
            while (true)
            {
                var read = await reader.ReadAsync(CancellationToken.None);
                try
                {
                    if (read.IsCanceled)
                        throw new OperationCanceledException(cut.Token);
                    if (!Take(body, read.Buffer, expected))
                        return false;
                }
                finally
                {
                    reader.AdvanceTo(read.Buffer.End);
                }

                if (read.IsCompleted)
                {
                    body.Complete();
                    return true;
                }

                if (body.Length <= OrdinaryBody)
                    continue;

                if (body.Length - mark >= mark / 6)
                    (mark, markedAt) = (body.Length, _time.GetTimestamp());
                var (left, leftToGrow) = (Patience - _time.GetElapsedTime(began), LargePatience - _time.GetElapsedTime(markedAt));
                patience.CancelAfter(TimeSpan.FromTicks(Math.Max(0, Math.Min(left.Ticks, leftToGrow.Ticks))));
            }
        }
        catch (OperationCanceledException cancelled) when (cancelled is not ConnectionAbortedException && !cancellationToken.IsCancellationRequested)
        {
            throw new IntakeFullException(patience.IsCancellationRequested
                ? "A request was turned away: its body took too long to arrive."
                : "A request was turned away: its body stalled, and others needed its memory.");
        }
    }

    private static void CancelRead(PipeReader reader)
    {
        try
        {
            reader.CancelPendingRead();
        }
        catch (Exception gone) when (gone is OperationCanceledException or ObjectDisposedException)
        {
            // The connection was aborted, so the read ends anyway. Kestrel would log what a callback throws as an error of the application.
        }
    }

    /// <summary>Takes what has arrived.</summary>
    /// <returns>False if it is more than is expected.</returns>
    private static bool Take(ReceivedBody body, ReadOnlySequence<byte> arrived, int expected)
    {
        while (!arrived.IsEmpty)
        {
            var room = body.Next(expected);
            var next = arrived.Slice(0, Math.Min(room.Length, arrived.Length));
            next.CopyTo(room.Span);
            body.Received((int)next.Length);
            if (body.Length > expected)
                return false;
            arrived = arrived.Slice(next.Length);
        }

        return true;
    }

    /// <summary>The address, and of an IPv6 one the network: whoever has one address of a /64 has them all.</summary>
    private static IPAddress NetworkOf(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return address;
        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new(bytes);
    }
}

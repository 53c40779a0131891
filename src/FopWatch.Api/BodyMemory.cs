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
/// Reads request bodies within a limit of memory. The first 64 KiB of each body come from a reserve, so that large bodies do not block bodies of
/// ordinary size. Sources and addresses share the rest. A body that stalls is cut off, the sooner the more memory it holds.
/// </summary>
public sealed class BodyMemory
{
    /// <summary>The share of each body in the reserve, in bytes. Bodies of ordinary size are no larger.</summary>
    public const int OrdinaryBody = 64 * 1024;

    /// <summary>The reserve for bodies of ordinary size, in bytes: enough for every connection of the embedded host.</summary>
    public const int OrdinaryBytes = 128 * 1024 * 1024;

    /// <summary>
    /// The memory of larger bodies, in bytes; eight times <see cref="FopWatchSettings.MaxBodyBytes"/> if that is more. One source gets at most half,
    /// one address three quarters.
    /// </summary>
    public const int LargeBytes = 64 * 1024 * 1024;

    /// <summary>
    /// The time limit for a body to arrive. A provider waits at most a minute for the answer (providers.md, section 2), and a slow body must not
    /// hold its memory for ever.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>The time in which a body larger than <see cref="OrdinaryBody"/> must grow by a sixth: a thirtieth of its length per second.</summary>
    public static readonly TimeSpan LargePatience = TimeSpan.FromSeconds(5);

    /// <summary>The owner of bodies that do not belong to a source's notify URL.</summary>
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
    /// <param name="owner">The source of its notify URL, or <see cref="Callers"/>.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The body, to dispose of after the answer; null if it exceeds the limit. Then the rest is not read.</returns>
    /// <exception cref="BadHttpRequestException">The client disconnected, or the body is malformed.</exception>
    /// <exception cref="IntakeFullException">There is no memory for it now, or it took too long.</exception>
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
            // Without this, Kestrel would try to drain the body of a lost connection, and log an error.
            request.HttpContext.Abort();
            throw new BadHttpRequestException("The client disconnected.", reset);
        }
        catch (IOException unreadable) when (unreadable is not BadHttpRequestException)
        {
            // Kestrel throws this for a chunk whose size overflows: the client's fault.
            throw new BadHttpRequestException("The body cannot be read to its end.", unreadable);
        }
        finally
        {
            if (!isWhole)
                body.Dispose();
        }

        return isWhole ? body : null;
    }

    /// <summary>Takes a body that arrived together with the request's header, as nearly all do.</summary>
    /// <returns>False if it is incomplete.</returns>
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
    /// <returns>False if it exceeds the limit.</returns>
    private async Task<bool> FillAsync(ReceivedBody body, HttpRequest request, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(Patience, _time);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource([cancellationToken, patience.Token, .. body.Lost]);

        // Memory grows with the bytes received, up to Content-Length; the header alone reserves nothing.
        var expected = (int)(request.ContentLength ?? _limit);
        var began = _time.GetTimestamp();
        var (mark, markedAt) = (0, began);

        // After a cancelled read, Kestrel cannot drain the body, and logs an error.
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
            // The connection was aborted, so the read ends anyway. Kestrel would log an exception of the callback as an application error.
        }
    }

    /// <summary>Takes the bytes that have arrived.</summary>
    /// <returns>False if there are more than expected.</returns>
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

    /// <summary>The address; for IPv6 its /64 network, because a holder of one address of a /64 has them all.</summary>
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

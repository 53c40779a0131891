using System.ComponentModel;
using System.Globalization;
using System.Text;
using FopWatch.Api;
using FopWatch.Providers;
using FopWatch.Settings;
using FopWatch.Sqlite;
using Microsoft.AspNetCore.Mvc;

namespace FopWatch.Local.Hosting;

/// <summary>
/// <c>GET /events</c>: the CloudEvents as server-sent events, in the order of the event log. The SSE id is the position in the log: a
/// client that reconnects with <c>Last-Event-ID</c> misses nothing, even across a restart of the host.
/// </summary>
internal static class EventStream
{
    public const string Path = "/events";

    /// <summary>
    /// How long a client may take to receive <see cref="EventTail.BatchBytes"/>. A slower one is disconnected, and reconnects with its
    /// position.
    /// </summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(15);

    public static void MapEvents(this IEndpointRouteBuilder routes) => routes.MapGetAndHead(Path, GetAsync)
        .WithTags("events")
        .Describe(
            "streamEvents",
            "Follow the events (embedded host)",
            """Server-sent events in the order of the event log. Each has an `id`, an `event` and a `data` line. The `id` is its position in the log: a number and, after a hyphen, the epoch of the log, such as `17-9f3a2c1e`. The `event` is the CloudEvent's type. The `data` is a `JobEvent` as JSON. At the start, and after every 15 s without an event, the host sends a comment (`:`) or an `id` without data. Neither is an event. If events after the given position were deleted, the first event is `fopwatch.events.purged` with the data `{"before": <number of the oldest event left>, "resume": <position from which to receive it and all later events>}`, and with that position as its `id`. Read the list of jobs to catch up. A slow client receives it in mid-stream when a purge overtakes it. A client that takes nothing for two minutes is disconnected; while clients that are behind have used up the memory reserved for them, five seconds suffice. It reconnects with its last id. If the given position belongs to another log, for example because the data folder was replaced or restored from a backup, the first event is `fopwatch.events.restarted` with the data `{"after": <number of the given position>, "last": <number of the last event of this log>, "resume": <the position up to which both logs are known to be the same; 0 if there is none>}`. All events after `resume` follow. A position without an epoch, as earlier versions sent, is accepted if the log has reached its number. The cloud host publishes to a Service Bus topic instead.""");

    /// <summary>
    /// Streams the events after <c>Last-Event-ID</c> (a header, or <c>lastEventId</c> in the query). 0 is the beginning; without a
    /// position, the stream starts now. If the position belongs to another log, <c>fopwatch.events.restarted</c> comes first, and the
    /// stream starts where the two logs differ. <c>source</c> in the query limits the stream to one source; without it, the stream has
    /// every source that the caller may see.
    /// </summary>
    [AdmittedAs(RequestKind.Waiting)]
    [Needs(KeyRights.Read)]
    public static async Task<IResult> GetAsync(
        HttpContext context,
        [FromHeader(Name = "Last-Event-ID"), Description("Start after this position. 0 is the beginning of the log. Without it, the stream starts now.")] string? lastEvent,
        [Description("The same, for clients that cannot send the header. The header takes precedence.")] string? lastEventId,
        [Description("Only the events of this source. An unknown name is answered 400.")] string? source,
        Caller caller,
        Sources sources,
        EventLog log,
        EventTail tail,
        IHostApplicationLifetime lifetime,
        HostSettings settings,
        CancellationToken cancellationToken)
    {
        var visible = caller.Visible(sources);
        if (!string.IsNullOrEmpty(source) && visible.Find(source) is null)
            return Problem.Invalid($"A parameter is invalid.", [UnknownSource.Parameter(source, visible)]);

        var last = await log.LastSeqAsync(cancellationToken);
        var position = log.Epochs.PositionOf(last);
        var given = lastEvent is { Length: > 0 } ? lastEvent : lastEventId ?? "";
        if (given.Length > 0 && !EventPosition.TryParse(given, out position))
            return Problem.Invalid($"'Last-Event-ID' is not the id of an event of this stream.");

        // The data folder was replaced, or restored from a backup: what follows is new to the client.
        var after = log.Epochs.KnownUpTo(position, last);
        var unreached = after == position.Seq ? (long?)null : position.Seq;

        context.Response.ContentType = "text/event-stream";
        if (HttpMethods.IsHead(context.Request.Method))
            return Results.Empty;

        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        try
        {
            await StreamAsync(
                context.Response,
                log,
                tail,
                string.IsNullOrEmpty(source) ? (caller.SeesEverything ? null : caller.Sees) : name => name == source,
                (after, unreached, last),
                settings.TransportTime,
                stopping.Token);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The client left, or the host stops. The client reconnects with its position.
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            context.Abort();
        }

        return Results.Empty;
    }

    private static async Task StreamAsync(
        HttpResponse response,
        EventLog log,
        EventTail tail,
        Predicate<string>? wants,
        (long After, long? Unreached, long Last) start,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var after = start.After;
        response.Headers["X-Accel-Buffering"] = "no";
        var first = await log.FirstSeqAsync(cancellationToken);
        if (start.Unreached is { } unreached)
        {
            var restarted = string.Create(
                CultureInfo.InvariantCulture,
                $"event: fopwatch.events.restarted\ndata: {{\"after\":{unreached},\"last\":{start.Last},\"resume\":\"{log.Epochs.PositionOf(after)}\"}}\n\n");
            await response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(restarted), cancellationToken);
        }

        // A stream that starts now has missed nothing; one that starts at the beginning has missed the purged events.
        if (first > after + 1)
        {
            after = first - 1;
            await response.BodyWriter.WriteAsync(Purged(first, log.Epochs.PositionOf(after)), cancellationToken);
        }

        // An id without data is not an event. It gives the client its position, so that it can resume even if it disconnects before the first
        // event.
        var position = string.Create(CultureInfo.InvariantCulture, $"id: {log.Epochs.PositionOf(after)}\n\n");
        await response.BodyWriter.WriteAsync(Encoding.UTF8.GetBytes(position), cancellationToken);
        var (sent, seen) = (after, after);
        while (true)
        {
            var next = tail.NextAsync(seen, cancellationToken);
            try
            {
                if (await IdleUntilAsync(next, response, seen > sent ? log.Epochs.PositionOf(seen) : null, time, cancellationToken))
                    sent = seen;
            }
            catch
            {
                _ = ReleaseAsync(next);
                throw;
            }

            if (await next is not { } batch)
                return;
            using var hold = batch.Hold;
            using var cut = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, hold?.Revoked ?? CancellationToken.None);

            // A purge may overtake a slow client. It is told once: the next events may be purged too, but are still in memory.
            var following = batch.Positions.FirstOrDefault(one => one > seen);
            if (following != seen + 1 && await log.FirstSeqAsync(cancellationToken) is var oldest && oldest > seen + 1)
            {
                var left = following > 0 ? following : oldest;
                await SendAsync(response, Purged(left, log.Epochs.PositionOf(left - 1)), time, cut.Token);
                (sent, seen) = (left - 1, left - 1);
            }

            foreach (var (bytes, last) in batch.Pieces(seen, wants))
            {
                await SendAsync(response, bytes, time, cut.Token);
                sent = last;
            }

            seen = Math.Max(seen, batch.Last);
        }
    }

    /// <summary>Names the oldest event left, and the position from which a client receives it and all later events.</summary>
    private static byte[] Purged(long oldest, EventPosition resume) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture,
        $"id: {resume}\nevent: fopwatch.events.purged\ndata: {{\"before\":{oldest},\"resume\":\"{resume}\"}}\n\n"));

    /// <summary>Sends heartbeats until there are more events.</summary>
    /// <param name="next">Completes when there are more events.</param>
    /// <param name="response">The response.</param>
    /// <param name="position">The client's position, if it has advanced past events that are not sent to this client.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Whether the position was sent.</returns>
    private static async Task<bool> IdleUntilAsync(
        Task next, HttpResponse response, EventPosition? position, TimeProvider time, CancellationToken cancellationToken)
    {
        var told = false;
        while (!next.IsCompleted)
        {
            try
            {
                await next.WaitAsync(Heartbeat, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                var sign = position is null || told ? ":\n\n" : string.Create(CultureInfo.InvariantCulture, $"id: {position}\n\n");
                told = position is not null;
                await SendAsync(response, Encoding.UTF8.GetBytes(sign), time, cancellationToken);
            }
        }

        return told;
    }

    /// <summary>Releases the memory of an abandoned batch once it has been read.</summary>
    private static async Task ReleaseAsync(Task<EventBatch?> next)
    {
        await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (next.IsCompletedSuccessfully)
            (await next)?.Hold?.Dispose();
    }

    /// <summary>Sends bytes piece by piece, each once the connection has room for it.</summary>
    /// <exception cref="TimeoutException">The client has taken nothing for too long.</exception>
    private static async ValueTask SendAsync(HttpResponse response, ReadOnlyMemory<byte> bytes, TimeProvider time, CancellationToken cancellationToken)
    {
        while (!bytes.IsEmpty)
        {
            var piece = bytes[..Math.Min(bytes.Length, EventTail.BatchBytes)];
            var sent = response.BodyWriter.WriteAsync(piece, cancellationToken);
            if (!sent.IsCompletedSuccessfully)
                await sent.AsTask().WaitAsync(Patience, time, cancellationToken);
            bytes = bytes[piece.Length..];
        }
    }
}

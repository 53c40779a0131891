using System.Runtime.CompilerServices;
using FopWatch.Client.Http;
using FopWatch.Contracts;

namespace FopWatch.Client.Events;

/// <summary>Follows the events of a host without end. After a break, it reopens the stream where it broke off.</summary>
/// <param name="host">The host.</param>
internal sealed class EventFollower(HostConnection host)
{
    private const string MediaType = "text/event-stream";
    private const string PurgedType = "fopwatch.events.purged";
    private const string RestartedType = "fopwatch.events.restarted";

    /// <summary>A connection that lasted this long resets the backoff.</summary>
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(10);

    public async IAsyncEnumerable<EventStreamItem> FollowAsync(string? after, string? source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var failures = 0;
        while (true)
        {
            var opened = host.Time.GetTimestamp();
            var seen = false;
            var (reader, failure) = await TryAsync(() => OpenAsync(after, source, cancellationToken)).ConfigureAwait(false);
            if (reader is not null)
            {
                using (reader)
                {
                    yield return new EventStreamOpened { Cursor = after };
                    while (failure is null)
                    {
                        (var next, failure) = await TryAsync(() => reader.ReadAsync(cancellationToken)).ConfigureAwait(false);
                        after = reader.LastId ?? after;
                        if (next is null)
                        {
                            failure ??= new("The host closed the stream.") { IsTransient = true };
                            break;
                        }

                        seen |= next.Data is not null;
                        yield return ItemOf(next, after);
                    }
                }
            }

            if (seen || (reader is not null && host.Time.GetElapsedTime(opened) > Held))
                failures = 0;
            var pause = Backoff.After(failures++, failure!.RetryAfter);
            yield return new EventStreamLost { Failure = failure, RetryIn = pause, Cursor = after };
            await Task.Delay(pause, host.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private static EventStreamItem ItemOf(ServerEvent received, string? cursor)
    {
        if (received.Data is not { } data)
            return new EventCursorMoved { Cursor = cursor };

        var json = data.ReplaceLineEndings(" ");
        return received.Type switch
        {
            PurgedType => new EventsPurged { Json = json, Cursor = cursor },
            RestartedType => new EventsRestarted { Json = json, Cursor = cursor },
            _ => JobEvent.TryParse(data, out var read, out var reason)
                ? new EventReceived { Event = read, Json = json, Cursor = cursor }
                : new EventUnreadable { Type = received.Type, Json = json, Reason = reason, Cursor = cursor },
        };
    }

    private static async Task<(T? Answer, FopWatchUnreachableException? Failure)> TryAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return (await act().ConfigureAwait(false), null);
        }
        catch (FopWatchUnreachableException e)
        {
            return (default, e);
        }
    }

    private async Task<ServerEventReader> OpenAsync(string? after, string? source, CancellationToken cancellationToken)
    {
        var call = Call.Of(HttpMethod.Get, "events", source is null ? [] : [new("source", source)]) with { After = after };
        var response = await host.OpenAsync(call, MediaType, cancellationToken).ConfigureAwait(false);
        return new(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), response, host.Time, host.MaxAnswerBytes);
    }
}

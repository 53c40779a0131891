using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using FopWatch.Contracts;

namespace FopWatch.Subscriber;

/// <summary>The host refuses the stream; trying again would not help.</summary>
internal sealed class StreamRefusedException(string message) : Exception(message);

/// <summary>
/// Reads the event stream of an embedded host and hands each job's news to a handler: the newest version once, old ones not at all.
/// </summary>
/// <remarks>
/// <list type="bullet">
/// <item>The position is written after the event is handled. A crash in between repeats the event; none is missed.</item>
/// <item>Where the handler fails, the event is handled again after a pause. Later events wait.</item>
/// <item>What cannot be parsed, or has failed too often, is put aside in a file, as a broker would dead-letter it.</item>
/// <item>Where the stream ends, it is opened again after the last position, for as long as it takes.</item>
/// </list>
/// </remarks>
/// <param name="http">Sends; its default headers carry the API key.</param>
/// <param name="options">What to read.</param>
/// <param name="handle">What to do with an event. It may be called again with the same one.</param>
/// <param name="output">Where everything that happens is written, a line each.</param>
/// <param name="time">The clock of the pauses.</param>
internal sealed class StreamSubscriber(
    HttpClient http, StreamOptions options, Func<JobEvent, CancellationToken, Task> handle, TextWriter output, TimeProvider time)
{
    private const string PurgedType = "fopwatch.events.purged";
    private const string RestartedType = "fopwatch.events.restarted";

    // What was handled should not come again because the process was asked to stop.
    private static readonly CancellationToken Always = CancellationToken.None;

    private readonly KnownVersions _known = new();
    private readonly StreamPosition _position = new(options.PositionFile);

    /// <summary>Reads until it is cancelled; then finishes the event in hand and returns.</summary>
    /// <exception cref="StreamRefusedException">The host refuses the stream.</exception>
    /// <exception cref="FormatException">The position file holds something else.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                var opened = false;
                var reason = await TryFollowAsync(() => opened = true, stopping);
                failures = opened ? 0 : failures + 1;
                var pause = Pause(failures);
                output.WriteLine(string.Create(
                    CultureInfo.InvariantCulture, $"lost       {options.Host.Authority}: {reason}; trying again in {pause.TotalSeconds:0.#} s"));
                await Task.Delay(pause, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            output.WriteLine("stopping   after the event in hand");
        }
    }

    /// <summary>Follows the stream until it is lost.</summary>
    /// <returns>Why it was lost.</returns>
    private async Task<string> TryFollowAsync(Action opened, CancellationToken stopping)
    {
        try
        {
            await FollowAsync(opened, stopping);
            return "the host closed the stream";
        }
        catch (HttpRequestException e)
        {
            return e.HttpRequestError switch
            {
                _ when e.StatusCode is { } status => $"it answered {(int)status}",
                HttpRequestError.NameResolutionError => "its name is not known",
                HttpRequestError.ConnectionError => "nothing listens there",
                HttpRequestError.SecureConnectionError => "its TLS certificate is not trusted",
                _ => "the connection was cut",
            };
        }
        catch (TimeoutException)
        {
            return "it sent no sign of life";
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            return "the connection was cut";
        }
    }

    private async Task FollowAsync(Action opened, CancellationToken stopping)
    {
        var after = await _position.ReadAsync(stopping);
        var path = options.Source is null ? "events" : $"events?source={Uri.EscapeDataString(options.Source)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(options.Host, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Headers.TryAddWithoutValidation("Last-Event-ID", after);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stopping);
        Check(response);

        opened();
        output.WriteLine($"listening  {options.Host.Authority} after event {after}");
        await using var stream = await response.Content.ReadAsStreamAsync(stopping);
        await foreach (var next in StreamReading.ReadAsync(stream, options.Silence, time, stopping))
        {
            if (next.Data is { } data)
                await TakeAsync(next.Type, data, stopping);

            // A place without an event counts too: the events up to it are not this subscriber's.
            if (next.Id is { } id && id != after)
                await _position.WriteAsync(after = id, Always);
        }
    }

    private void Check(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        switch (response.StatusCode)
        {
            case HttpStatusCode.OK when response.Content.Headers.ContentType?.MediaType == "text/event-stream":
                return;
            case HttpStatusCode.Unauthorized:
                throw new StreamRefusedException("The host needs an API key: set FOPWATCH_API_KEY to it.");
            case HttpStatusCode.BadRequest when options.Source is not null:
                throw new StreamRefusedException($"The host has no source '{options.Source}'. Source names are case-sensitive.");
            case HttpStatusCode.MisdirectedRequest:
                throw new StreamRefusedException("A host without an API key streams only to its own machine. Use http://127.0.0.1, or set an API key there.");
            case var code when (int)code >= 500:
                throw new HttpRequestException(null, null, code);
            default:
                throw new StreamRefusedException($"{options.Host} answered {status}, not with an event stream. Give the URL of an embedded FopWatch host.");
        }
    }

    private async Task TakeAsync(string type, string data, CancellationToken stopping)
    {
        if (type == PurgedType)
        {
            output.WriteLine("gap        events after the position were deleted; read GET /api/jobs for what they said");
            return;
        }

        if (type == RestartedType)
        {
            output.WriteLine("restarted  the host has another event log than before, or one that was restored; it is read from where the two differ");
            return;
        }

        if (!JobEvent.TryParse(data, out var one, out var reason))
        {
            await _position.PutAsideAsync(data, Always);
            output.WriteLine($"unreadable put aside in {_position.DeadLetters}: {reason}");
            return;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                if (!await _known.HandleIfNewerAsync(one, handle, stopping))
                    output.WriteLine($"old        {one.Source} {one.Subject} version {one.Data.Version}");
                return;
            }
            catch (Exception e) when (!stopping.IsCancellationRequested)
            {
                output.WriteLine($"failed     {one.Source} {one.Subject} version {one.Data.Version}, attempt {attempt}: {OneLine.Of(e.Message)}");
                if (attempt == options.MaxAttempts)
                {
                    await _position.PutAsideAsync(data, Always);
                    output.WriteLine($"given up   {one.Source} {one.Subject} version {one.Data.Version}: put aside in {_position.DeadLetters}");
                    return;
                }

                await Task.Delay(Pause(attempt), time, stopping);
            }
        }
    }

    private TimeSpan Pause(int failures) => options.RetryPause * Math.Pow(2, Math.Clamp(failures - 1, 0, 5));
}

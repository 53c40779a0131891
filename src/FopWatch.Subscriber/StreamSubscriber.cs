using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using FopWatch.Contracts;

namespace FopWatch.Subscriber;

/// <summary>The host refuses the stream. A retry would not help.</summary>
internal sealed class StreamRefusedException(string message) : Exception(message);

/// <summary>Reads the event stream of an embedded host and passes new versions of jobs to a handler. Old versions are skipped.</summary>
/// <remarks>
/// <list type="bullet">
/// <item>The position is written after the event is handled. A crash in between repeats the event; none is missed.</item>
/// <item>If the handler fails, the event is retried after a pause. Later events wait.</item>
/// <item>An event that cannot be parsed, or has failed too often, is set aside in a file, as a broker would dead-letter it.</item>
/// <item>If the stream ends, it is reopened after the last position, without a limit of retries.</item>
/// </list>
/// </remarks>
/// <param name="http">The HTTP client, whose default headers carry the API key.</param>
/// <param name="options">What to read.</param>
/// <param name="handle">Handles an event. It can be called again with the same event.</param>
/// <param name="output">Receives one line for everything that happens.</param>
/// <param name="time">The clock of the pauses.</param>
internal sealed class StreamSubscriber(
    HttpClient http, StreamOptions options, Func<JobEvent, CancellationToken, Task> handle, TextWriter output, TimeProvider time)
{
    private const string PurgedType = "fopwatch.events.purged";
    private const string RestartedType = "fopwatch.events.restarted";

    // A stop must not cause a handled event to be delivered again.
    private static readonly CancellationToken Always = CancellationToken.None;

    private readonly KnownVersions _known = new();
    private readonly StreamPosition _position = new(options.PositionFile);

    /// <summary>Reads until cancelled. Then it finishes the event in progress and returns.</summary>
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
                    CultureInfo.InvariantCulture, $"lost       {options.Host.Authority}: {reason}; retrying in {pause.TotalSeconds:0.#} s"));
                await Task.Delay(pause, time, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            output.WriteLine("stopping   after the event in progress");
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
                HttpRequestError.NameResolutionError => "its name cannot be resolved",
                HttpRequestError.ConnectionError => "nothing listens there",
                HttpRequestError.SecureConnectionError => "its TLS certificate is not trusted",
                _ => "the connection was cut",
            };
        }
        catch (TimeoutException)
        {
            return "it stopped sending";
        }
        catch (Exception e) when (e is IOException or SocketException || (e is OperationCanceledException && !stopping.IsCancellationRequested))
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

            // A position without an event counts too: the events up to it are not for this subscriber.
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
                throw new StreamRefusedException("The host requires an API key. Set FOPWATCH_API_KEY to it.");
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
            output.WriteLine("gap        events after the position were deleted; read GET /api/jobs to catch up");
            return;
        }

        if (type == RestartedType)
        {
            output.WriteLine("restarted  the host's event log was replaced or restored; it is read from where the two logs differ");
            return;
        }

        if (!JobEvent.TryParse(data, out var one, out var reason))
        {
            await _position.PutAsideAsync(data, Always);
            output.WriteLine($"unreadable set aside in {_position.DeadLetters}: {reason}");
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
                    output.WriteLine($"given up   {one.Source} {one.Subject} version {one.Data.Version}: set aside in {_position.DeadLetters}");
                    return;
                }

                await Task.Delay(Pause(attempt), time, stopping);
            }
        }
    }

    private TimeSpan Pause(int failures) => options.RetryPause * Math.Pow(2, Math.Clamp(failures - 1, 0, 5));
}

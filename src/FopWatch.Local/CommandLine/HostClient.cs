using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Local.Hosting;
using FopWatch.Overviews;

namespace FopWatch.Local.CommandLine;

/// <summary>The host cannot be reached, does not answer in time, is out of order, or is not FopWatch.</summary>
internal sealed class HostUnreachableException(string message, Exception? innerException = null) : Exception(message, innerException);

/// <summary>The host refused a request, and said why.</summary>
internal sealed class HostRefusedException(Problem problem) : Exception(
    problem.Status == StatusCodes.Status401Unauthorized ? $"{problem.Title} Set {HostOptions.ApiKeyVariable} to it in the environment."
    : problem.Detail is null ? problem.Title
    : $"{problem.Title} {problem.Detail}")
{
    /// <summary>Why.</summary>
    public Problem Problem { get; } = problem;
}

/// <summary>What one who follows the events learns.</summary>
internal abstract record Followed
{
    /// <summary>The stream is open; what happens from here on will be seen.</summary>
    /// <param name="After">The place that it goes on from; null if it begins now, and what happened before is not in it.</param>
    public sealed record Connected(string? After) : Followed;

    /// <summary>An event came.</summary>
    /// <param name="Event">The event.</param>
    /// <param name="Id">Its place in the stream.</param>
    public sealed record Happened(ServerEvent Event, string? Id) : Followed;

    /// <summary>The stream broke off or could not be opened.</summary>
    /// <param name="Why">Why.</param>
    /// <param name="RetryIn">When it is opened again.</param>
    public sealed record Lost(string Why, TimeSpan RetryIn) : Followed;
}

/// <summary>Speaks to a running host over its HTTP API.</summary>
internal sealed class HostClient : IDisposable
{
    /// <summary>The most jobs that are registered with one request.</summary>
    public const int MaxAtOnce = 1000;

    /// <summary>The type of what the host sends where events that a follower has not seen are deleted.</summary>
    public const string PurgedType = "fopwatch.events.purged";

    /// <summary>The type of what the host sends where its event log has never reached the place that a follower asked for.</summary>
    public const string RestartedType = "fopwatch.events.restarted";

    // The other side may not be FopWatch: a null or nothing where there has to be something is as wrong as broken JSON.
    private static readonly ApiJson Strict = new(new(ApiJson.Default.Options)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    });

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>A connection that held so long was a good one.</summary>
    private static readonly TimeSpan Held = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly Uri _base;

    /// <param name="url">The host's URL.</param>
    /// <param name="apiKey">Its API key, if it has one.</param>
    /// <param name="time">The clock.</param>
    /// <param name="handler">What sends; null for the network.</param>
    public HostClient(Uri url, string? apiKey, TimeProvider time, HttpMessageHandler? handler = null)
    {
        _time = time;
        _base = new(url.AbsoluteUri.TrimEnd('/') + "/");
        _http = new(handler ?? new SocketsHttpHandler
        {
            // The key is for this host and no other.
            AllowAutoRedirect = false,
            UseProxy = !HostSettings.IsLoopback(url.Host),
            ConnectTimeout = TimeSpan.FromSeconds(10),
            AutomaticDecompression = DecompressionMethods.All,
        })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (!string.IsNullOrEmpty(apiKey))
            _http.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
    }

    /// <summary>The whole URL of a path that the host answered.</summary>
    public string UrlOf(string href) => _base.AbsoluteUri.TrimEnd('/') + href;

    /// <summary>Registers jobs, up to <see cref="MaxAtOnce"/>: all or none. Doing so again is safe.</summary>
    /// <returns>Where they are, in the order of the ids.</returns>
    /// <exception cref="HostRefusedException">None was registered.</exception>
    /// <exception cref="HostUnreachableException">Whether they were registered is not known.</exception>
    public async Task<IReadOnlyList<JobLink>> RegisterAsync(
        string source,
        IReadOnlyList<string> ids,
        IReadOnlyDictionary<string, string> metadata,
        CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_base, "api/jobs")) { Content = Registrations(source, ids, metadata) };
        var links = await AnswerAsync(request, Strict.JobLinks, cancellationToken);
        return links.Jobs.Count == ids.Count && !links.Jobs.Contains(null!) ? links.Jobs : throw Strange();
    }

    /// <summary>Reads a job; null if the host knows none of that source and id.</summary>
    /// <exception cref="HostRefusedException">The host refused to tell.</exception>
    /// <exception cref="HostUnreachableException">The host cannot tell.</exception>
    public async Task<JobRecord?> FindAsync(string source, string id, CancellationToken cancellationToken)
    {
        var path = $"api/jobs/{Uri.EscapeDataString(source)}/{Uri.EscapeDataString(id)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, path));
        try
        {
            var job = await AnswerAsync(request, Strict.WatchedJob, cancellationToken);
            return job.Items.Contains(null!) ? throw Strange() : job;
        }
        catch (HostRefusedException e) when (e.Problem.Status == (int)HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Reads by which plans the host polls.</summary>
    /// <param name="source">Only those of this source; null for all.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="HostRefusedException">The host refused: it has no such source, or is of an earlier version.</exception>
    /// <exception cref="HostUnreachableException">The host cannot answer.</exception>
    public async Task<PlanReport> PlansAsync(string? source, CancellationToken cancellationToken)
    {
        var path = source is null ? "api/plan" : $"api/plan?source={Uri.EscapeDataString(source)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, path));
        var report = await AnswerAsync(request, Strict.PlanReport, cancellationToken);
        return report.Sources.All(one => one?.Classes.Contains(null!) == false) ? report : throw Strange();
    }

    /// <summary>
    /// Follows the events without end, opening the stream again where it broke off, so that none is missed. What it opens first it
    /// opens before it returns <see cref="Followed.Connected"/>.
    /// </summary>
    /// <param name="after">The place after which to begin: <c>0</c> for the beginning; null for now.</param>
    /// <param name="source">Only the events of this source; null for all.</param>
    /// <param name="cancellationToken">Ends it with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="HostRefusedException">The host refused; trying again would not help.</exception>
    public async IAsyncEnumerable<Followed> FollowAsync(string? after, string? source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var failures = 0;
        while (true)
        {
            var opened = _time.GetTimestamp();
            var seen = false;
            var (reader, lost) = await TryAsync(() => OpenAsync(after, source, cancellationToken));
            if (reader is not null)
            {
                using (reader)
                {
                    yield return new Followed.Connected(after);
                    while (lost is null)
                    {
                        (var next, lost) = await TryAsync(() => reader.ReadAsync(cancellationToken));
                        after = reader.LastId ?? after;
                        if (next is not null)
                        {
                            seen = true;
                            yield return new Followed.Happened(next, after);
                        }
                        else
                        {
                            lost ??= "the host closed the stream";
                        }
                    }
                }
            }

            if (seen || (reader is not null && _time.GetElapsedTime(opened) > Held))
                failures = 0;
            var pause = PauseAfter(failures++);
            yield return new Followed.Lost(lost!, pause);
            await Task.Delay(pause, _time, cancellationToken);
        }
    }

    public void Dispose() => _http.Dispose();

    private static async Task<(T? Answer, string? Lost)> TryAsync<T>(Func<Task<T>> act)
    {
        try
        {
            return (await act(), null);
        }
        catch (HostUnreachableException e)
        {
            return (default, e.Message);
        }
    }

    /// <summary>Twice as long each time, and never twice the same: those whom one restart cut off must not come back together.</summary>
    private static TimeSpan PauseAfter(int failures)
    {
        var pause = FirstPause * Math.Pow(2, Math.Min(failures, 10));
        return (pause < LongestPause ? pause : LongestPause) * (0.8 + (0.2 * Random.Shared.NextDouble()));
    }

    private static ByteArrayContent Registrations(string source, IReadOnlyList<string> ids, IReadOnlyDictionary<string, string> metadata)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartArray();
            foreach (var id in ids)
            {
                json.WriteStartObject();
                json.WriteString("source", source);
                json.WriteString("id", id);
                if (metadata.Count > 0)
                {
                    json.WriteStartObject("metadata");
                    foreach (var (name, value) in metadata)
                        json.WriteString(name, value);
                    json.WriteEndObject();
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        var content = new ByteArrayContent(body.ToArray());
        content.Headers.ContentType = new("application/json");
        return content;
    }

    private async Task<ServerEventReader> OpenAsync(string? after, string? source, CancellationToken cancellationToken)
    {
        var path = source is null ? "events" : $"events?source={Uri.EscapeDataString(source)}";
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(_base, path));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (after is not null)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", after);

        return await SendAsync(
            request,
            async (response, cancelled) =>
            {
                if (response.Content.Headers.ContentType?.MediaType != "text/event-stream")
                    throw Strange();
                return new ServerEventReader(await response.Content.ReadAsStreamAsync(cancelled), response, _time);
            },
            cancellationToken);
    }

    private Task<T> AnswerAsync<T>(HttpRequestMessage request, JsonTypeInfo<T> type, CancellationToken cancellationToken) => SendAsync(
        request,
        async (response, cancelled) =>
        {
            using (response)
            {
                await using var body = await response.Content.ReadAsStreamAsync(cancelled);
                return await JsonSerializer.DeserializeAsync(body, type, cancelled) ?? throw Strange();
            }
        },
        cancellationToken);

    /// <summary>Sends, and reads an answer that says that all went well; reading owns the response then.</summary>
    private async Task<T> SendAsync<T>(
        HttpRequestMessage request,
        Func<HttpResponseMessage, CancellationToken, Task<T>> read,
        CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
                throw await RefusalAsync(response, either.Token);

            var answer = await read(response, either.Token);
            response = null;
            return answer;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HostUnreachableException($"{_base} does not answer");
        }
        catch (JsonException e)
        {
            throw Strange(e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new HostUnreachableException($"{_base} cannot be reached: {Reason(e)}", e);
        }
        finally
        {
            response?.Dispose();
        }
    }

    private async Task<Exception> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentType?.MediaType != Problem.ContentType)
            return new HostUnreachableException($"{_base} answered {status}, and not as FopWatch does");

        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var problem = await JsonSerializer.DeserializeAsync(body, Strict.Problem, cancellationToken);
        if (problem is null || problem.Errors?.Contains(null!) == true)
            return Strange();
        return status >= 500 ? new HostUnreachableException($"{problem.Title} {problem.Detail}") : new HostRefusedException(problem);
    }

    private static string Reason(Exception failure) => failure is not HttpRequestException request
        ? "the connection was cut"
        : request.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => "its name is not known",
            HttpRequestError.ConnectionError => "nothing listens there, or the network does not lead there",
            HttpRequestError.SecureConnectionError => "its TLS certificate is not trusted, or it does not speak TLS",
            HttpRequestError.ProxyTunnelError => "the proxy refuses",
            _ => "it does not speak HTTP, or cut the connection",
        };

    private HostUnreachableException Strange(Exception? why = null) => new($"{_base} does not answer as FopWatch does", why);
}

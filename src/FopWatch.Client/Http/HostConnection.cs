using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace FopWatch.Client.Http;

/// <summary>Calls one host, retries where that may help, and reads the answers.</summary>
internal sealed class HostConnection
{
    private readonly HttpClient _http;
    private readonly FopWatchClientOptions _options;
    private readonly Uri _base;

    public HostConnection(HttpClient http, FopWatchClientOptions options, TimeProvider time)
    {
        if (string.Join(' ', options.Problems()) is { Length: > 0 } problems)
            throw new ArgumentException(problems, nameof(options));
        (_http, _options, Time) = (http, options, time);
        _base = new(options.Url!.AbsoluteUri.TrimEnd('/') + "/");
    }

    public TimeProvider Time { get; }

    public long MaxAnswerBytes => _options.MaxAnswerBytes;

    /// <summary>The absolute URL of a path relative to the URL of the host.</summary>
    public Uri UrlOf(string path) => new(_base, path);

    /// <summary>Makes a call and reads the answer.</summary>
    /// <exception cref="FopWatchRefusedException">The host refused.</exception>
    /// <exception cref="FopWatchUnreachableException">The host did not answer, or its answer is not from FopWatch.</exception>
    public Task<T> AnswerAsync<T>(Call call, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        RepeatAsync(call, (response, cancelled) => ReadAsync(response, type, cancelled), cancellationToken);

    /// <summary>Makes a call whose answer has no body.</summary>
    /// <exception cref="FopWatchRefusedException">The host refused.</exception>
    /// <exception cref="FopWatchUnreachableException">The host did not answer, or its answer is not from FopWatch.</exception>
    public Task DoAsync(Call call, CancellationToken cancellationToken) => RepeatAsync(
        call,
        (response, _) => response.StatusCode == System.Net.HttpStatusCode.NoContent ? Task.FromResult(true) : throw NotFopWatch(),
        cancellationToken);

    /// <summary>Opens a stream without retries. The caller owns the response.</summary>
    /// <exception cref="FopWatchRefusedException">The host refused.</exception>
    /// <exception cref="FopWatchUnreachableException">The host did not answer, or its answer is not from FopWatch.</exception>
    public async Task<HttpResponseMessage> OpenAsync(Call call, string mediaType, CancellationToken cancellationToken)
    {
        HttpResponseMessage? opened = null;
        await OnceAsync(
            call,
            mediaType,
            (response, _) =>
            {
                if (response.Content.Headers.ContentType?.MediaType != mediaType)
                    throw NotFopWatch();
                opened = response;
                return Task.FromResult(true);
            },
            keeps: true,
            cancellationToken).ConfigureAwait(false);
        return opened!;
    }

    private async Task<T> RepeatAsync<T>(Call call, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        var began = Time.GetTimestamp();
        for (var failures = 0; ; failures++)
        {
            TimeSpan pause;
            try
            {
                return await OnceAsync(call, "application/json", read, keeps: false, cancellationToken).ConfigureAwait(false);
            }
            catch (FopWatchUnreachableException e) when (IsWorthRepeating(call, e))
            {
                pause = Backoff.After(failures, e.RetryAfter);
                if (Time.GetElapsedTime(began) + pause > _options.RetryFor)
                    throw;
            }

            await Task.Delay(pause, Time, cancellationToken).ConfigureAwait(false);
        }
    }

    private bool IsWorthRepeating(Call call, FopWatchUnreachableException failure) =>
        failure.IsTransient && (failure.MayHaveReached ? call.IsIdempotent || failure.IsNotNow : _options.RetryConnecting);

    private async Task<T> OnceAsync<T>(
        Call call, string accept, Func<HttpResponseMessage, CancellationToken, Task<T>> read, bool keeps, CancellationToken cancellationToken)
    {
        using var request = RequestOf(call, accept);
        using var timeout = new CancellationTokenSource(_options.AnswerTimeout + call.Longer, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        HttpResponseMessage? response = null;
        try
        {
            response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
                throw await FailureAsync(response, either.Token).ConfigureAwait(false);

            var answer = await read(response, either.Token).ConfigureAwait(false);
            if (keeps)
                response = null;
            return answer;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            // Either the call timed out, or the connection did: the handler has its own limit for that.
            throw new FopWatchUnreachableException($"{_base} does not answer.", null, e) { IsTransient = true, MayHaveReached = timeout.IsCancellationRequested };
        }
        catch (AnswerTooLongException e)
        {
            throw NotFopWatch($"its answer is longer than {_options.MaxAnswerBytes.ToString(CultureInfo.InvariantCulture)} bytes", e);
        }
        catch (JsonException e)
        {
            throw NotFopWatch(null, e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or SocketException)
        {
            // SocketsHttpHandler throws the exception of the socket if a new connection is reset at once.
            throw new FopWatchUnreachableException($"{_base} cannot be reached: {Reason(e)}.", null, e)
            {
                IsTransient = e is not HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError },
                MayHaveReached = e is not HttpRequestException
                {
                    HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.ProxyTunnelError,
                },
            };
        }
        finally
        {
            response?.Dispose();
        }
    }

    private HttpRequestMessage RequestOf(Call call, string accept)
    {
        var request = new HttpRequestMessage(call.Method, UrlOf(call.Path));
        request.Headers.Accept.Add(new(accept));
        if (_options.ApiKey is { } key)
            request.Headers.TryAddWithoutValidation("X-Api-Key", key);
        if (_options.FunctionKey is { } functionKey)
            request.Headers.TryAddWithoutValidation("x-functions-key", functionKey);
        if (call.After is { } after)
            request.Headers.TryAddWithoutValidation("Last-Event-ID", after);
        if (call.Body is { } body)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new("application/json");
        }

        return request;
    }

    private async Task<T> ReadAsync<T>(HttpResponseMessage response, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var body = new BoundedStream(await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false), _options.MaxAnswerBytes);
        await using (body.ConfigureAwait(false))
            return await JsonSerializer.DeserializeAsync(body, type, cancellationToken).ConfigureAwait(false) ?? throw NotFopWatch();
    }

    private async Task<FopWatchException> FailureAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (response.Content.Headers.ContentType?.MediaType != Problem.ContentType)
            return ForeignFailure(response);

        var problem = await ReadAsync(response, ClientJson.Default.Problem, cancellationToken).ConfigureAwait(false);
        return status is >= 500 or 429
            ? new FopWatchUnreachableException(problem.ToWords(), problem)
            {
                IsTransient = IsPassing(status),
                IsNotNow = status is 429 or 503,
                RetryAfter = RetryAfter(response.Headers),
            }
            : new FopWatchRefusedException(problem);
    }

    /// <summary>The exception for a failure without problem details: from a proxy, a Functions host or another program.</summary>
    private FopWatchException ForeignFailure(HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        switch (status)
        {
            case 401:
                return new FopWatchRefusedException(new() { Type = "about:blank", Title = "The API key is missing or wrong.", Status = status });
            case >= 300 and < 400:
                var to = response.Headers.Location is { } location ? $" to {new Uri(_base, location).GetLeftPart(UriPartial.Path)}" : "";
                return new FopWatchUnreachableException($"{_base} redirects{to}. The client does not follow redirects. Use the URL of the target.");
            default:
                return new FopWatchUnreachableException($"{_base} answered {status}. The answer is not from FopWatch.")
                {
                    IsTransient = IsPassing(status),
                    IsNotNow = status is 429 or 503,
                    RetryAfter = RetryAfter(response.Headers),
                };
        }
    }

    private static bool IsPassing(int status) => status is 429 or 502 or 503 or 504;

    private TimeSpan? RetryAfter(HttpResponseHeaders headers) => headers.RetryAfter switch
    {
        { Delta: { } delta } when delta >= TimeSpan.Zero => delta,
        { Date: { } date } when date > Time.GetUtcNow() => date - Time.GetUtcNow(),
        _ => null,
    };

    private static string Reason(Exception failure) => failure is not HttpRequestException request
        ? "the connection was cut"
        : request.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => "its name cannot be resolved",
            HttpRequestError.ConnectionError => "nothing listens there, or the network has no route to it",
            HttpRequestError.SecureConnectionError => "its TLS certificate is not trusted, or it does not use TLS",
            HttpRequestError.ProxyTunnelError => "the proxy refuses",
            _ => "it does not use HTTP, or cut the connection",
        };

    public FopWatchUnreachableException NotFopWatch(string? what = null, Exception? why = null) =>
        new($"{_base} does not answer as FopWatch does{(what is null ? "" : $": {what}")}.", null, why);
}

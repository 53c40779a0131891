using System.Globalization;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using FopWatch.Contracts;

namespace FopWatch.Webhooks;

/// <summary>
/// Posts events to the receiver of one webhook according to Standard Webhooks 1.0, one attempt per call. The body is the event in the structured mode of the
/// CloudEvents HTTP binding.
/// </summary>
public sealed class WebhookSender : IDisposable
{
    /// <summary>How long an attempt may take until the answer, including the connection.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long an attempt that is on its way is waited for when the host stops, or its event would be sent again after the start. It is less than a host
    /// has to stop.
    /// </summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(3);

    // Only the status of an answer matters. The body is read so that the connection can be reused.
    private const int ReadBytes = 16 * 1024;

    private static readonly TimeSpan ReadTimeout = TimeSpan.FromSeconds(2);

    private readonly Webhook _webhook;
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;
    private readonly TimeProvider _transportTime;

    /// <param name="webhook">The webhook.</param>
    /// <param name="time">The clock of signed timestamps.</param>
    /// <param name="transportTime">The clock of time limits: receivers run in real time, whatever clock the host uses.</param>
    /// <param name="handler">Sends requests; null for a handler that connects only to addresses that the webhook allows.</param>
    public WebhookSender(Webhook webhook, TimeProvider time, TimeProvider transportTime, HttpMessageHandler? handler = null)
    {
        ArgumentNullException.ThrowIfNull(webhook);
        (_webhook, _time, _transportTime) = (webhook, time, transportTime);
        _http = new(handler ?? WebhookTransport.CreateHandler(webhook.AllowPrivate), disposeHandler: true);
    }

    /// <summary>Posts an event.</summary>
    /// <param name="id">The id of the event.</param>
    /// <param name="body">The event in structured mode.</param>
    /// <param name="cancellationToken">Cancels. The receiver may or may not have the event then.</param>
    /// <exception cref="OperationCanceledException">The attempt was cancelled.</exception>
    public async Task<WebhookAnswer> SendAsync(string id, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        var began = _transportTime.GetTimestamp();
        using var late = new CancellationTokenSource(Timeout, _transportTime);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            using var request = Request(id, body);
            using var response = await _http.SendAsync(request, ended.Token);
            var elapsed = _transportTime.GetElapsedTime(began);
            await ReadAsync(response, ended.Token);
            return new((int)response.StatusCode, Problem(response), RetryAfter(response.Headers), elapsed);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            return new(null, late.IsCancellationRequested ? $"no answer within {Timeout.TotalSeconds} s" : InWords(e), null, _transportTime.GetElapsedTime(began));
        }
    }

    /// <summary>Posts an event, and gives an attempt that has begun <see cref="Grace"/> to be answered.</summary>
    /// <param name="id">The id of the event.</param>
    /// <param name="body">The event in structured mode.</param>
    /// <param name="stopping">The host stops.</param>
    /// <exception cref="OperationCanceledException">The host stops, and there was no answer in that time. Whether the receiver has the event is unknown.</exception>
    public async Task<WebhookAnswer> SendUnlessStoppingAsync(string id, ReadOnlyMemory<byte> body, CancellationToken stopping)
    {
        stopping.ThrowIfCancellationRequested();
        using var given = new CancellationTokenSource();
        await using var grace = _transportTime.CreateTimer(_ => given.Cancel(), null, System.Threading.Timeout.InfiniteTimeSpan, System.Threading.Timeout.InfiniteTimeSpan);
        await using var stop = stopping.Register(() => grace.Change(Grace, System.Threading.Timeout.InfiniteTimeSpan));
        return await SendAsync(id, body, given.Token);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(string id, ReadOnlyMemory<byte> body)
    {
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, _webhook.Url) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = new(JobEvent.ContentType) { CharSet = "utf-8" };
        request.Headers.TryAddWithoutValidation("User-Agent", $"FopWatch/{ProgramVersion.Text}");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", string.Join(' ', _webhook.Secrets.Select(secret => secret.Sign(id, timestamp, body.Span))));
        return request;
    }

    /// <summary>Reads the body, up to a size and time limit.</summary>
    private async Task ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(ReadTimeout, _transportTime);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, late.Token);
        try
        {
            await using var content = await response.Content.ReadAsStreamAsync(ended.Token);
            var (buffer, left) = (new byte[4096], ReadBytes);
            for (int read; left > 0 && (read = await content.ReadAsync(buffer, ended.Token)) > 0;)
                left -= read;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            // The status has arrived already.
        }
    }

    private string? Problem(HttpResponseMessage response) => (int)response.StatusCode switch
    {
        >= 200 and < 300 => null,
        >= 300 and < 400 and not 304 and var status =>
            $"redirected ({status}) to {ShownUrls.OfRedirect(_webhook.Url, response.Headers.Location)}, which is not followed: set Url to the final URL",
        var status => $"answered {status}",
    };

    private TimeSpan? RetryAfter(HttpResponseHeaders headers)
    {
        // .NET ignores a header whose seconds exceed an int.
        if (headers.NonValidated.TryGetValues("Retry-After", out var raw) && raw.ToString() is { Length: > 9 } digits && digits.All(char.IsAsciiDigit))
            return TimeSpan.FromDays(365);
        return headers.RetryAfter?.Delta ?? (headers.RetryAfter?.Date is { } date && date - _time.GetUtcNow() is var wait && wait > TimeSpan.Zero ? wait : null);
    }

    private static string InWords(Exception failure)
    {
        for (var inner = failure; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case PrivateAddressException or AuthenticationException:
                    return inner is PrivateAddressException ? inner.Message : "the TLS handshake failed: the certificate is not valid for the name, or there is no common protocol";
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain }:
                    return "its name cannot be resolved";
                case SocketException socket:
                    return $"it refused or closed the connection, or is unreachable ({socket.SocketErrorCode})";
            }
        }

        return failure switch
        {
            OperationCanceledException => "the connection timed out",
            HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => "the connection ended before an answer",
            HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } => "the answer is not HTTP",
            HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => "the head of the answer is too long",
            HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var error } => $"the request failed ({error})",
            _ => $"the request failed ({failure.GetType().Name})",
        };
    }
}

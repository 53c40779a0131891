using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using FopWatch.PollLimits;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>The options of <see cref="StatusClient"/>.</summary>
public sealed record StatusClientOptions
{
    /// <summary>The default of <see cref="MaxAnswerLength"/>.</summary>
    public const int DefaultMaxAnswerLength = 8 * 1024 * 1024;

    /// <summary>How long an answer may take, including redirects and body; more than 0.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The longest answer that is read, in bytes.</summary>
    public int MaxAnswerLength { get; init; } = DefaultMaxAnswerLength;

    /// <summary>How many redirects are followed. Only redirects to the same scheme, host and port are followed.</summary>
    public int MaxRedirects { get; init; } = 3;

    /// <summary>
    /// The longest pause of a throttled source that a poll waits for. During a longer pause the answer is <see cref="PollAnswer.Throttled"/> at once,
    /// without a request.
    /// </summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Called once per source with a V3 workflow whose status needs a valid key.</summary>
    public Action<Source>? KeysNeeded { get; init; }
}

/// <summary>
/// Polls status APIs over HTTP, within each source's rate. Only the workflow API needs credentials (providers.md, sections 1 and 2), so none are sent to
/// other APIs. The id in a request is itself a secret, so it is sent only to the configured hosts.
/// </summary>
/// <remarks>
/// If a source has a workflow API and a key, a job that was named as a workflow is first queried there, and so is any job that the other API does not
/// know. The answer is <see cref="PollAnswer.NotFound"/> only if both APIs do not know the id.
/// </remarks>
public sealed class StatusClient : IStatusApi
{
    /// <summary>The longest <see cref="StatusAnswer.RetryAfter"/>.</summary>
    public static readonly TimeSpan LongestRetryAfter = TimeSpan.FromHours(1);

    /// <summary>How long the workflow API is not asked after it refused every key of a source.</summary>
    public static readonly TimeSpan RefusedKeysPause = TimeSpan.FromMinutes(10);

    /// <summary>How long an examination waits for the source's rate. It is short, because a caller waits.</summary>
    public static readonly TimeSpan LongestExaminationPause = TimeSpan.FromSeconds(8);

    /// <summary>
    /// The most connections to one host. A further request waits for a connection within its timeout. The cloud host has fewer concurrent polls, so this
    /// limits only the embedded host while a status API hangs.
    /// </summary>
    public const int MostConnections = 256;

    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly StatusClientOptions _options;
    private readonly PollPacer _pacer;
    private readonly IDecodeTurns? _turns;
    private readonly StatusBody _bodies;
    private readonly ConcurrentDictionary<string, KeyUse> _keyUses = new(StringComparer.Ordinal);

    /// <param name="http">Sends the requests; created by <see cref="CreateHttp"/> or over <see cref="CreateHandler"/>.</param>
    /// <param name="time">The clock.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <param name="shares">The share of this process in each source's rate; null for all of it.</param>
    /// <param name="turns">Bounds the memory of decoded answers; null for no bound.</param>
    /// <param name="sources">The sources, if their settings can change; null if they cannot.</param>
    public StatusClient(
        HttpClient http, TimeProvider time, StatusClientOptions? options = null, IPollShares? shares = null, IDecodeTurns? turns = null, Sources? sources = null)
    {
        _http = http;
        _time = time;
        _options = options ?? new();
        _pacer = new(time, shares, sources);
        _turns = turns;
        _bodies = new(new(), _options.MaxAnswerLength);
    }

    /// <summary>Creates a handler for requests: without automatic redirects, cookies, credentials and decompression, and with connections that follow DNS changes.</summary>
    /// <param name="connections">The most connections to one host.</param>
    public static SocketsHttpHandler CreateHandler(int connections = MostConnections) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        UseCookies = false,
        Credentials = null,
        DefaultProxyCredentials = null,
        PreAuthenticate = false,

        // Requests have spans, but no header that tells the provider about them.
        ActivityHeadersPropagator = DistributedContextPropagator.CreateNoOutputPropagator(),
        MaxConnectionsPerServer = connections,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        MaxResponseHeadersLength = 16,
        SslOptions = { RemoteCertificateValidationCallback = UntrustedCertificateException.Accept },
    };

    /// <summary>Creates a client over such a handler. <see cref="StatusClientOptions.Timeout"/> limits the time.</summary>
    /// <param name="connections">The most connections to one host.</param>
    public static HttpClient CreateHttp(int connections = MostConnections) => new(CreateHandler(connections)) { Timeout = System.Threading.Timeout.InfiniteTimeSpan };

    /// <inheritdoc/>
    public async Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        var answer = source.CanAskForWorkflows
            ? await AskBothAsync(source, id, isWorkflow, cancellationToken)
            : await AskTasksOnlyAsync(source, id, isWorkflow, cancellationToken);
        if (answer.NeedsKeys && UseOf(source).IsFirstNeed())
            _options.KeysNeeded?.Invoke(source);
        return answer;
    }

    /// <summary>Asks one API once, within the source's rate, and returns the details. It influences later polls only through the rate.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The id.</param>
    /// <param name="workflowKey">The access key with which to ask the workflow API; null to ask the status API.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="ArgumentException">The source has no such API or key.</exception>
    /// <exception cref="SourceReplacedException">The settings of the source were replaced while the question waited for the source's rate.</exception>
    public async Task<StatusExamination> ExamineAsync(Source source, string id, string? workflowKey, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        StatusQuestion question;
        if (workflowKey is null)
            question = TaskQuestion(source, id);
        else if (source.CanAskForWorkflows && source.Keys.Secret(workflowKey) is { } secret)
            question = WorkflowQuestion(source, id) with { AccessKey = workflowKey, SecretKey = secret };
        else
            throw new ArgumentException("The source has no workflow API, or does not have this key.", nameof(workflowKey));
        var exchange = new StatusExchange();
        var answer = await AskPacedAsync(source, id, question, cancellationToken, exchange);
        answer.Turn?.Dispose();
        return new(answer with { Turn = null }, exchange);
    }

    private async Task<StatusAnswer> AskTasksOnlyAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        var answer = await AskTasksAsync(source, id, cancellationToken);
        return isWorkflow && answer.Answer == PollAnswer.NotFound
            ? answer with { Answer = PollAnswer.Refused, Detail = $"{answer.Detail}, and there is no key or endpoint to query workflows", NeedsKeys = true }
            : answer;
    }

    private async Task<StatusAnswer> AskBothAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken)
    {
        var first = isWorkflow ? await AskWorkflowsAsync(source, id, cancellationToken) : await AskTasksAsync(source, id, cancellationToken);
        if (first.Answer is PollAnswer.Report or PollAnswer.Throttled || (!isWorkflow && first.Answer != PollAnswer.NotFound))
            return first;

        var second = isWorkflow ? await AskTasksAsync(source, id, cancellationToken) : await AskWorkflowsAsync(source, id, cancellationToken);
        if (first.Answer != PollAnswer.NotFound)
        {
            // If one API fails, the id does not count as unknown, whatever the other API says.
            return second.Answer == PollAnswer.Report ? second : first;
        }

        return second.Answer == PollAnswer.NotFound ? second with { Detail = $"{first.Detail}, and {second.Detail} of the other API" } : second;
    }

    private Task<StatusAnswer> AskTasksAsync(Source source, string id, CancellationToken cancellationToken) =>
        AskPacedAsync(source, id, TaskQuestion(source, id), cancellationToken);

    private Task<StatusAnswer> AskWorkflowsAsync(Source source, string id, CancellationToken cancellationToken) =>
        AskWithKeysAsync(source, id, WorkflowQuestion(source, id), cancellationToken);

    private static StatusQuestion TaskQuestion(Source source, string id) => new(source.Provider, source.Provider.StatusUri(source.StatusEndpoint, id));

    private static StatusQuestion WorkflowQuestion(Source source, string id) =>
        new(source.Provider, source.Provider.Workflows!.StatusUri(source.WorkflowEndpoint!, id)) { Workflows = source.Provider.Workflows };

    /// <summary>Asks with the key that was last accepted. If it is refused, asks with the other keys, because it is unknown which are valid.</summary>
    private async Task<StatusAnswer> AskWithKeysAsync(Source source, string id, StatusQuestion question, CancellationToken cancellationToken)
    {
        var use = UseOf(source);
        var accepted = use.Accepted;

        // After a key was accepted, a refusal may concern the id, which anyone who has a notify URL can name.
        if (accepted is null && use.Refused is { } earlier && _time.GetElapsedTime(earlier.At) < RefusedKeysPause)
            return earlier.Answer;

        var refused = new StatusAnswer(PollAnswer.Refused, NeedsKeys: true);
        foreach (var accessKey in source.Keys.AccessKeys.OrderBy(key => key != accepted))
        {
            var answer = await AskPacedAsync(source, id, question with { AccessKey = accessKey, SecretKey = source.Keys.Secret(accessKey) }, cancellationToken);
            if (!answer.NeedsKeys)
            {
                if (answer.Answer is PollAnswer.Report or PollAnswer.NotFound)
                    use.Accepted = accessKey;
                return answer;
            }

            refused = answer with { Detail = $"{answer.Detail} with every key of the source" };
        }

        use.Refused = new(refused, _time.GetTimestamp());
        return refused;
    }

    private KeyUse UseOf(Source source) =>
        _keyUses.AddOrUpdate(source.Name, static (_, of) => new(of), static (_, known, of) => known.IsOf(of) ? known : new(of), source);

    private async Task<StatusAnswer> AskPacedAsync(
        Source source, string id, StatusQuestion question, CancellationToken cancellationToken, StatusExchange? exchange = null)
    {
        if (await _pacer.TryWaitAsync(source, exchange is null ? _options.LongestPause : LongestExaminationPause, cancellationToken) is { } pause)
            return new(PollAnswer.Throttled, RetryAfter: Capped(pause), Asked: false);

        var answer = await AskNowAsync(source, id, question, exchange, cancellationToken);
        if (answer.Answer == PollAnswer.Throttled)
            _pacer.Throttled(source, answer.RetryAfter);
        else if (answer.Answer != PollAnswer.Unavailable)
            _pacer.Answered(source);
        return answer;
    }

    private async Task<StatusAnswer> AskNowAsync(
        Source source, string id, StatusQuestion question, StatusExchange? exchange, CancellationToken cancellationToken)
    {
        using var deadline = new AnswerDeadline(_options.Timeout, _time, cancellationToken);
        var began = _time.GetTimestamp();
        ReceivedStatus received;
        try
        {
            received = await FollowAsync(source, question, deadline, exchange, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            exchange?.HasTimedOut = true;
            return new(PollAnswer.Unavailable, Detail: FailedRequest.TimedOut(_options.Timeout));
        }
        catch (HttpRequestException exception)
        {
            exchange?.Failure = exception;
            var answer = exception.HttpRequestError == HttpRequestError.ConfigurationLimitExceeded ? PollAnswer.Refused : PollAnswer.Unavailable;
            return new(answer, Detail: FailedRequest.InWords(exception));
        }
        catch (Exception exception) when (exception is IOException or SocketException)
        {
            // SocketsHttpHandler throws the exception of the socket if a new connection is reset at once.
            exchange?.Failure = exception;
            return new(PollAnswer.Unavailable, Detail: "the connection was cut");
        }
        catch (InvalidDataException exception)
        {
            // A handler that decompresses throws this.
            exchange?.Failure = exception;
            return new(PollAnswer.Refused, Detail: "the answer cannot be decompressed");
        }
        finally
        {
            exchange?.Took = _time.GetElapsedTime(began);
        }

        using var read = received.Read;
        return received.Answer ?? await DecodeAsync(source, id, question, received, cancellationToken);
    }

    private async Task<ReceivedStatus> FollowAsync(
        Source source, StatusQuestion question, AnswerDeadline deadline, StatusExchange? exchange, CancellationToken cancellationToken)
    {
        var uri = question.Uri;
        for (var redirects = 0; ; redirects++)
        {
            using var request = question.At(uri);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            exchange?.Received(response);

            var status = (int)response.StatusCode;
            if (status is not (301 or 302 or 303 or 307 or 308))
                return await ReadAsync(source, question, response, deadline, cancellationToken);
            if (redirects == _options.MaxRedirects)
                return new(PollAnswer.Refused, $"HTTP {status}: redirected more than {_options.MaxRedirects} times");
            if (response.Headers.Location is not { } location || !Uri.TryCreate(uri, location, out var target))
                return new(PollAnswer.Refused, $"HTTP {status} to nowhere");
            exchange?.RedirectedTo = target;
            if (!IsSameOrigin(uri, target))
                return new(PollAnswer.Refused, $"HTTP {status} to another host");
            uri = target;
        }
    }

    private async Task<ReceivedStatus> ReadAsync(
        Source source, StatusQuestion question, HttpResponseMessage response, AnswerDeadline deadline, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        var retryAfter = RetryAfter(response.Headers.RetryAfter);
        var answer = question.Classify(status);
        if (answer != PollAnswer.Report && !(answer == PollAnswer.NotFound && question.NotFoundIsToldByBody))
            return new(new StatusAnswer(answer, Detail: $"HTTP {status}", RetryAfter: retryAfter, NeedsKeys: question.RefusesKey(status)));

        var read = await _bodies.ReadAsync(source.Name, response.Content, deadline, cancellationToken);
        return read.Body is null
            ? new(PollAnswer.Refused, $"HTTP {status}: the answer is too large")
            : new(null) { Status = status, Read = read, RetryAfter = retryAfter, EndsWithConnection = ReceivedStatus.IsEndedByConnection(response) };
    }

    private async Task<StatusAnswer> DecodeAsync(
        Source source, string id, StatusQuestion question, ReceivedStatus received, CancellationToken cancellationToken)
    {
        var (status, retryAfter, body) = (received.Status, received.RetryAfter, received.Read.Body!.Value);
        if (question.Classify(status) == PollAnswer.NotFound)
        {
            if (question.IsUnknownId(status, body))
                return new(PollAnswer.NotFound, Detail: $"HTTP {status}", RetryAfter: retryAfter);
            return received.WasCut(body)
                ? new(PollAnswer.Unavailable, Detail: $"HTTP {status}, whose body was cut", RetryAfter: retryAfter)
                : new(PollAnswer.Refused, Detail: $"HTTP {status} that is not the API's: the status endpoint may be wrong", RetryAfter: retryAfter);
        }

        var turn = _turns is null ? null : await _turns.WaitAsync(source.Name, body.Length, cancellationToken);
        try
        {
            var decoded = question.Provider.Decode(Jobs.ReportChannel.Poll, body);
            if (decoded.Report is { } report)
            {
                if (report.Id is { } named && named != id)
                    return new(PollAnswer.Refused, Detail: $"HTTP {status}: the answer is about another id");

                turn?.Decoded();
                var answer = new StatusAnswer(PollAnswer.Report, report) { Turn = turn };
                turn = null;
                return answer;
            }

            if (question.Provider.ErrorStatus(body) is { } inner && question.Provider.Classify(inner) is var meant and not PollAnswer.Report)
                return new(meant, Detail: $"HTTP {status}, in whose body: {inner}", RetryAfter: retryAfter);

            return new(received.WasCut(body) ? PollAnswer.Unavailable : PollAnswer.Refused, Detail: $"HTTP {status}: {decoded.Problem}", RetryAfter: retryAfter);
        }
        finally
        {
            turn?.Dispose();
        }
    }

    private static bool IsSameOrigin(Uri from, Uri to) =>
        to.Scheme == from.Scheme && to.Host == from.Host && to.Port == from.Port && to.UserInfo == from.UserInfo;

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) =>
        (header?.Delta ?? header?.Date - _time.GetUtcNow()) is { } wait ? Capped(wait) : null;

    private static TimeSpan Capped(TimeSpan wait) =>
        wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestRetryAfter ? LongestRetryAfter : wait;
}

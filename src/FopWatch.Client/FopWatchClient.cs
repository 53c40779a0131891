using System.Globalization;
using System.Net;
using System.Runtime.CompilerServices;
using FopWatch.Client.Events;
using FopWatch.Client.Http;
using FopWatch.Client.Jobs;
using FopWatch.Contracts;

namespace FopWatch.Client;

/// <inheritdoc cref="IFopWatchClient"/>
public sealed class FopWatchClient : IFopWatchClient, IDisposable
{
    private const int PageSize = 100;

    /// <summary>Less than the minute after which proxies close an idle connection.</summary>
    private static readonly TimeSpan WaitFor = TimeSpan.FromSeconds(50);

    /// <summary>
    /// A bulk call counts its jobs, runs for 20 seconds and finishes its current step. A poll takes as long as the provider.
    /// </summary>
    private static readonly TimeSpan Longer = TimeSpan.FromSeconds(60);

    private readonly HttpClient _http;
    private readonly HostConnection _host;
    private readonly Registrations _registrations;

    /// <summary>A client for programs without dependency injection. With dependency injection, use <c>AddFopWatchClient</c>.</summary>
    /// <param name="options">The host, and how to reach it.</param>
    /// <param name="handler">Sends the requests; null for the network. It must not follow redirects, because the key would be sent to their targets.</param>
    /// <param name="time">The clock; null for the system's.</param>
    /// <exception cref="ArgumentException">The options are invalid.</exception>
    public FopWatchClient(FopWatchClientOptions options, HttpMessageHandler? handler = null, TimeProvider? time = null)
        : this(new HttpClient(handler ?? CreateHandler(options), disposeHandler: handler is null), options, time)
    {
    }

    internal FopWatchClient(HttpClient http, FopWatchClientOptions options, TimeProvider? time)
    {
        _http = http;
        _http.Timeout = Timeout.InfiniteTimeSpan;
        _host = new(http, options, time ?? TimeProvider.System);
        _registrations = new(_host);
    }

    /// <inheritdoc/>
    public Task<RegisteredJob> RegisterAsync(JobRegistration registration, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(registration);
        return _registrations.RegisterAsync(registration, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<RegistrationResult>> RegisterManyAsync(IReadOnlyList<JobRegistration> registrations, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(registrations);
        return _registrations.RegisterAsync(registrations, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<WatchedJob?> GetAsync(string source, string id, CancellationToken cancellationToken = default) =>
        OrNullAsync(async () => await ReadJobAsync(new(HttpMethod.Get, PathOf(source, id)), cancellationToken).ConfigureAwait(false));

    /// <inheritdoc/>
    public async Task<WatchedJob> WaitAsync(string source, string id, CancellationToken cancellationToken = default)
    {
        var seconds = WaitFor.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        var call = new Call(HttpMethod.Get, $"{PathOf(source, id)}?wait={seconds}") { Longer = WaitFor };
        for (var failures = 0; ; failures++)
        {
            var began = _host.Time.GetTimestamp();
            TimeSpan? asked = null;
            try
            {
                var job = await ReadJobAsync(call, cancellationToken).ConfigureAwait(false);
                if (job.Settled)
                    return job;

                // A host that is stopping answers early.
                if (_host.Time.GetElapsedTime(began) > WaitFor / 2)
                    failures = -1;
            }
            catch (FopWatchUnreachableException e) when (e.IsTransient)
            {
                asked = e.RetryAfter;
            }

            if (failures >= 0)
                await Task.Delay(Backoff.After(failures, asked), _host.Time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<WatchedJob> ListAsync(JobFilter? filter = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? continuation = null;
        do
        {
            var page = await ListPageAsync(filter, PageSize, continuation, cancellationToken).ConfigureAwait(false);
            foreach (var job in page.Jobs)
                yield return job;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    /// <inheritdoc/>
    public async Task<JobPage> ListPageAsync(JobFilter? filter = null, int top = 100, string? continuation = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(top, 1000);
        var call = Call.Of(HttpMethod.Get, "api/jobs", [.. filter?.ToParameters() ?? [], .. PageOf(top, continuation)]);
        var page = await _host.AnswerAsync(call, ClientJson.Default.JobPage, cancellationToken).ConfigureAwait(false);
        return page.Jobs.All(IsWhole) ? page : throw _host.NotFopWatch();
    }

    /// <inheritdoc/>
    public Task<JobCount> CountAsync(JobFilter? filter = null, CancellationToken cancellationToken = default) =>
        _host.AnswerAsync(Call.Of(HttpMethod.Get, "api/jobs/count", filter?.ToParameters() ?? []), ClientJson.Default.JobCount, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<EventStreamItem> EventsAsync(string? after = null, string? source = null, CancellationToken cancellationToken = default) =>
        new EventFollower(_host).FollowAsync(after, source, cancellationToken);

    /// <inheritdoc/>
    public Task<JobBody?> BodyAsync(string source, string id, CancellationToken cancellationToken = default) =>
        OrNullAsync(() => _host.AnswerAsync<JobBody>(new(HttpMethod.Get, $"{PathOf(source, id)}/body"), ClientJson.Default.JobBody, cancellationToken));

    /// <inheritdoc/>
    public async Task<PolledJob> PollAsync(string source, string id, CancellationToken cancellationToken = default)
    {
        var call = new Call(HttpMethod.Post, $"{PathOf(source, id)}/poll") { Longer = Longer };
        var job = await _host.AnswerAsync(call, ClientJson.Default.PolledJob, cancellationToken).ConfigureAwait(false);
        return IsWhole(job) ? job : throw _host.NotFopWatch();
    }

    /// <inheritdoc/>
    public Task<WatchedJob> RepublishAsync(string source, string id, CancellationToken cancellationToken = default) =>
        ReadJobAsync(new(HttpMethod.Post, $"{PathOf(source, id)}/republish") { IsIdempotent = false }, cancellationToken);

    /// <inheritdoc/>
    public Task<WatchedJob> StopAsync(string source, string id, CancellationToken cancellationToken = default) =>
        ReadJobAsync(new(HttpMethod.Delete, PathOf(source, id)), cancellationToken);

    /// <inheritdoc/>
    public Task<BulkAnswer> CountBulkAsync(BulkAction action, JobFilter filter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return CountAsync(HttpMethod.Post, PathOf(action), [.. filter.ToParameters()], cancellationToken);
    }

    /// <inheritdoc/>
    public Task<BulkAnswer> RunBulkAsync(
        BulkAction action, JobFilter filter, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(filter);
        return RunAsync(HttpMethod.Post, PathOf(action), [.. filter.ToParameters()], confirm, progress, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<Overview> OverviewAsync(string? source = null, int hours = 24, CancellationToken cancellationToken = default)
    {
        List<KeyValuePair<string, string>> parameters = [.. OfSource(source), new("hours", hours.ToString(CultureInfo.InvariantCulture))];
        return _host.AnswerAsync(Call.Of(HttpMethod.Get, "api/overview", parameters), ClientJson.Default.Overview, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<PlanReport> PlanAsync(string? source = null, CancellationToken cancellationToken = default) =>
        _host.AnswerAsync(Call.Of(HttpMethod.Get, "api/plan", OfSource(source)), ClientJson.Default.PlanReport, cancellationToken);

    /// <inheritdoc/>
    public async IAsyncEnumerable<QuarantinedNotification> ListQuarantineAsync(
        string? source = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        string? continuation = null;
        do
        {
            var page = await ListQuarantinePageAsync(source, 20, continuation, cancellationToken).ConfigureAwait(false);
            foreach (var notification in page.Notifications)
                yield return notification;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    /// <inheritdoc/>
    public Task<QuarantinePage> ListQuarantinePageAsync(
        string? source = null, int top = 20, string? continuation = null, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(top, PageSize);
        return _host.AnswerAsync(
            Call.Of(HttpMethod.Get, "api/quarantine", [.. OfSource(source), .. PageOf(top, continuation)]), ClientJson.Default.QuarantinePage, cancellationToken);
    }

    /// <inheritdoc/>
    public Task<QuarantinedNotification?> GetQuarantinedAsync(string key, CancellationToken cancellationToken = default) =>
        OrNullAsync(() => _host.AnswerAsync<QuarantinedNotification>(
            new(HttpMethod.Get, PathOf(key)), ClientJson.Default.QuarantinedNotification, cancellationToken));

    /// <inheritdoc/>
    public Task<RetriedNotification?> RetryQuarantinedAsync(string key, CancellationToken cancellationToken = default) =>
        OrNullAsync(() => _host.AnswerAsync<RetriedNotification>(
            new(HttpMethod.Post, $"{PathOf(key)}/retry") { IsIdempotent = false, Longer = Longer }, ClientJson.Default.RetriedNotification, cancellationToken));

    /// <inheritdoc/>
    public Task DeleteQuarantinedAsync(string key, CancellationToken cancellationToken = default) =>
        _host.DoAsync(new(HttpMethod.Delete, PathOf(key)), cancellationToken);

    /// <inheritdoc/>
    public Task<BulkAnswer> CountQuarantineRetryAsync(string? source = null, CancellationToken cancellationToken = default) =>
        CountAsync(HttpMethod.Post, "api/quarantine/retry", OfSource(source), cancellationToken);

    /// <inheritdoc/>
    public Task<BulkAnswer> RunQuarantineRetryAsync(
        string? source, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(HttpMethod.Post, "api/quarantine/retry", OfSource(source), confirm, progress, cancellationToken);

    /// <inheritdoc/>
    public Task<BulkAnswer> CountQuarantineDeleteAsync(string? source = null, CancellationToken cancellationToken = default) =>
        CountAsync(HttpMethod.Delete, "api/quarantine", OfSource(source), cancellationToken);

    /// <inheritdoc/>
    public Task<BulkAnswer> RunQuarantineDeleteAsync(
        string? source, string confirm, IProgress<BulkAnswer>? progress = null, CancellationToken cancellationToken = default) =>
        RunAsync(HttpMethod.Delete, "api/quarantine", OfSource(source), confirm, progress, cancellationToken);

    /// <inheritdoc/>
    public Task<DoctorReport> ExamineAsync(CancellationToken cancellationToken = default) =>
        _host.AnswerAsync<DoctorReport>(new(HttpMethod.Post, "api/doctor") { Longer = Longer }, ClientJson.Default.DoctorReport, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WebhookStatus>> ListWebhooksAsync(CancellationToken cancellationToken = default) =>
        (await _host.AnswerAsync<WebhookList>(new(HttpMethod.Get, "api/webhooks"), ClientJson.Default.WebhookList, cancellationToken).ConfigureAwait(false)).Webhooks;

    /// <inheritdoc/>
    public Task<WebhookStatus?> GetWebhookAsync(string name, CancellationToken cancellationToken = default) =>
        WebhookAsync(new(HttpMethod.Get, PathOfWebhook(name)), cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<WebhookDelivery>?> ListDeliveriesAsync(string name, int top = 50, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(top, 300);
        var call = Call.Of(HttpMethod.Get, $"{PathOfWebhook(name)}/deliveries", PageOf(top, null));
        return (await OrNullAsync(() => _host.AnswerAsync(call, ClientJson.Default.DeliveryList, cancellationToken)).ConfigureAwait(false))?.Deliveries;
    }

    /// <inheritdoc/>
    public Task<WebhookStatus?> PauseWebhookAsync(string name, CancellationToken cancellationToken = default) =>
        WebhookAsync(new(HttpMethod.Post, $"{PathOfWebhook(name)}/pause"), cancellationToken);

    /// <inheritdoc/>
    public Task<WebhookStatus?> ResumeWebhookAsync(string name, CancellationToken cancellationToken = default) =>
        WebhookAsync(new(HttpMethod.Post, $"{PathOfWebhook(name)}/resume"), cancellationToken);

    /// <inheritdoc/>
    public Task<WebhookStatus?> ReplayWebhookAsync(string name, string from, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        return ReplayAsync(HttpMethod.Post, name, new("from", from), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<WebhookStatus?> ReplayWebhookSinceAsync(string name, DateTimeOffset since, CancellationToken cancellationToken = default) =>
        ReplayAsync(HttpMethod.Post, name, Since(since), cancellationToken);

    /// <inheritdoc/>
    public Task<WebhookStatus?> PreviewReplayAsync(string name, string from, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(from);
        return ReplayAsync(HttpMethod.Get, name, new("from", from), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<WebhookStatus?> PreviewReplaySinceAsync(string name, DateTimeOffset since, CancellationToken cancellationToken = default) =>
        ReplayAsync(HttpMethod.Get, name, Since(since), cancellationToken);

    /// <inheritdoc/>
    public Task<WebhookTest?> TestWebhookAsync(string name, CancellationToken cancellationToken = default) => OrNullAsync(() => _host.AnswerAsync<WebhookTest>(
        new(HttpMethod.Post, $"{PathOfWebhook(name)}/test") { IsIdempotent = false, Longer = Longer }, ClientJson.Default.WebhookTest, cancellationToken));

    /// <inheritdoc/>
    public Task<CallerProfile> MeAsync(CancellationToken cancellationToken = default) =>
        _host.AnswerAsync(new(HttpMethod.Get, "api/me"), ClientJson.Default.CallerProfile, cancellationToken);

    /// <inheritdoc/>
    public Uri UrlOf(string source, string id) => _host.UrlOf(PathOf(source, id));

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _http.Dispose();

    internal static SocketsHttpHandler CreateHandler(FopWatchClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new()
        {
            // The key must not be sent to another host.
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = options.Url is not { IsAbsoluteUri: true, IsLoopback: true },
            ConnectTimeout = TimeSpan.FromSeconds(10),
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            AutomaticDecompression = DecompressionMethods.All,
        };
    }

    private static string PathOf(string source, string id) => $"api/jobs/{Call.Segment(source, nameof(source))}/{Call.Segment(id, nameof(id))}";

    private static string PathOf(string key) => $"api/quarantine/{Call.Segment(key, nameof(key))}";

    private static string PathOfWebhook(string name) => $"api/webhooks/{Call.Segment(name, nameof(name))}";

    private Task<WebhookStatus?> ReplayAsync(HttpMethod method, string name, KeyValuePair<string, string> start, CancellationToken cancellationToken) =>
        WebhookAsync(Call.Of(method, $"{PathOfWebhook(name)}/replay", [start]) with { IsIdempotent = method == HttpMethod.Get }, cancellationToken);

    private static KeyValuePair<string, string> Since(DateTimeOffset time) =>
        new("since", time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));

    private Task<WebhookStatus?> WebhookAsync(Call call, CancellationToken cancellationToken) =>
        OrNullAsync(() => _host.AnswerAsync<WebhookStatus>(call, ClientJson.Default.WebhookStatus, cancellationToken));

    private static string PathOf(BulkAction action) => $"api/jobs/{WireNames.Of(action)}";

    private static List<KeyValuePair<string, string>> OfSource(string? source) => source is null ? [] : [new("source", source)];

    private static IEnumerable<KeyValuePair<string, string>> PageOf(int top, string? continuation)
    {
        yield return new("top", top.ToString(CultureInfo.InvariantCulture));
        if (continuation is not null)
            yield return new("continuation", continuation);
    }

    private static async Task<T?> OrNullAsync<T>(Func<Task<T>> read)
        where T : class
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (FopWatchRefusedException e) when (e.Problem.Status == (int)HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    /// <summary>Checks what the contract records do not check themselves.</summary>
    private static bool IsWhole(JobRecord job) =>
        job.Source is not null && job.Id is not null && job.Counts is not null && job.Items.All(item => item?.Command is not null && !item.Outputs.Contains(null!));

    private async Task<WatchedJob> ReadJobAsync(Call call, CancellationToken cancellationToken)
    {
        var job = await _host.AnswerAsync(call, ClientJson.Default.WatchedJob, cancellationToken).ConfigureAwait(false);
        return IsWhole(job) ? job : throw _host.NotFopWatch();
    }

    private Task<BulkAnswer> CountAsync(HttpMethod method, string path, List<KeyValuePair<string, string>> filters, CancellationToken cancellationToken) =>
        _host.AnswerAsync(Call.Of(method, path, filters) with { Longer = Longer }, ClientJson.Default.BulkAnswer, cancellationToken);

    private async Task<BulkAnswer> RunAsync(
        HttpMethod method, string path, List<KeyValuePair<string, string>> filters, string confirm, IProgress<BulkAnswer>? progress, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(confirm);
        KeyValuePair<string, string> place = new("confirm", confirm);
        while (true)
        {
            var call = Call.Of(method, path, [.. filters, place]) with { IsIdempotent = false, Longer = Longer };
            var answer = await _host.AnswerAsync(call, ClientJson.Default.BulkAnswer, cancellationToken).ConfigureAwait(false);
            progress?.Report(answer);
            if (answer.Continuation is not { } continuation)
                return answer;
            place = new("continuation", continuation);
        }
    }
}

using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Local.Tests;

/// <summary>
/// Registrations and notifications of jobs at a host's source <c>media</c>, which has token trust; which of them were acknowledged, and
/// which were refused with a status that makes the sender retry. Any other answer is a fault of the host.
/// </summary>
internal sealed class Load(Uri url) : IDisposable
{
    public const string Token = "right-token";

    private readonly HttpClient _http = new() { BaseAddress = url, Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentDictionary<string, JobState> _acknowledged = new();
    private readonly ConcurrentDictionary<string, int> _outstanding = new();
    private int _last;
    private int _refusals;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Settings of the host below <c>FopWatch</c>.</summary>
    public static Dictionary<string, string?> Settings => new()
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:Trust"] = "Token",
        ["Sources:media:NotifyTokens:0"] = Token,

        // Nothing listens there, and no poll is due during a test.
        ["Sources:media:StatusEndpoint"] = "http://127.0.0.1:9",
        ["Sources:media:Poll:First"] = "01:00:00",
    };

    public HttpClient Http => _http;

    public int Acknowledged => _acknowledged.Count;

    /// <summary>The number of jobs refused and not yet acknowledged.</summary>
    public int Outstanding => _outstanding.Count;

    public int Refusals => Volatile.Read(ref _refusals);

    /// <summary>Sends several new jobs at a time until a condition holds.</summary>
    public Task SendUntilAsync(Func<bool> isEnough, int senders = 8) => Task.WhenAll(Enumerable.Range(0, senders).Select(async _ =>
    {
        while (!isEnough())
            await SendAsync(Interlocked.Increment(ref _last));
    }));

    /// <summary>Sends the refused ones again.</summary>
    public async Task SendRefusedAsync()
    {
        foreach (var number in _outstanding.Values)
            await SendAsync(number);
    }

    /// <summary>The number of acknowledged jobs that are missing, and of jobs that are wrong or exist although refused.</summary>
    public async Task<(int Lost, int Wrong)> CheckAsync()
    {
        var (lost, wrong) = (0, 0);
        foreach (var (id, state) in _acknowledged)
        {
            using var answer = await _http.GetAsync($"/api/jobs/media/{id}", Cancelled);
            if (answer.StatusCode == HttpStatusCode.NotFound)
                lost++;
            else if ((await answer.EnsureSuccessStatusCode().Content.ReadFromJsonAsync(ContractsJson.Default.JobRecord, Cancelled))!.State != state)
                wrong++;
        }

        foreach (var id in _outstanding.Keys)
        {
            using var answer = await _http.GetAsync($"/api/jobs/media/{id}", Cancelled);
            if (answer.StatusCode != HttpStatusCode.NotFound)
                wrong++;
        }

        return (lost, wrong);
    }

    /// <summary>
    /// Reads all events from the start until there is one for every settled job.
    /// </summary>
    /// <returns>The number of jobs with several settled events or a wrong one, and the number of repeated ids.</returns>
    public async Task<(int Wrong, int Repeated)> CheckEventsAsync()
    {
        var missing = _acknowledged.Where(job => job.Value is not JobState.Waiting).Select(job => job.Key).ToHashSet(StringComparer.Ordinal);
        var (ids, wrong, repeated) = (new HashSet<string>(StringComparer.Ordinal), 0, 0);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        request.Headers.Add("Last-Event-ID", "0");
        using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await using var stream = await response.Content.ReadAsStreamAsync(Cancelled);
        var events = SseParser.Create(stream, (_, data) => JsonSerializer.Deserialize(data, ContractsJson.Default.JobEvent)!).EnumerateAsync(Cancelled);
        await foreach (var item in events)
        {
            if (!ids.Add(item.Data.Id))
                repeated++;
            else if (item.Data.Type == JobEvent.SettledType
                && (!missing.Remove(item.Data.Subject) || item.Data.Data.State != _acknowledged[item.Data.Subject]))
                wrong++;
            if (missing.Count == 0)
                break;
        }

        return (wrong, repeated);
    }

    /// <summary>Asks for readiness until the host answers with a status.</summary>
    public async Task ReadinessAsync(HttpStatusCode status)
    {
        while (true)
        {
            try
            {
                using var answer = await _http.GetAsync("/health/ready", Cancelled);
                if (answer.StatusCode == status)
                    return;
                Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, answer.StatusCode.ToString());
            }
            catch (HttpRequestException)
            {
                // The host is starting.
            }

            await Task.Delay(20, Cancelled);
        }
    }

    public void Dispose() => _http.Dispose();

    private static string Body(string id, bool succeeded) => succeeded
        ? $$"""{"id":"{{id}}","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"desc":"ok","key":"{{id}}.mp4"}]}"""
        : $$"""{"id":"{{id}}","code":3,"desc":"failed","items":[{"cmd":"avthumb/mp4","code":3,"desc":"failed","error":"no such codec"}]}""";

    /// <summary>A job by its number: only registered, notified as succeeded, or notified as failed.</summary>
    private async Task SendAsync(int number)
    {
        var id = string.Create(CultureInfo.InvariantCulture, $"z0.load{number:000000}");
        var state = (number % 3) switch
        {
            0 => JobState.Waiting,
            1 => JobState.Succeeded,
            _ => JobState.Failed,
        };
        using var answer = state == JobState.Waiting
            ? await _http.PostAsJsonAsync("/api/jobs", new { source = "media", id }, Cancelled)
            : await _http.PostAsync(
                $"/api/notify/media/{Token}",
                new StringContent(Body(id, state == JobState.Succeeded), Encoding.UTF8, "application/json"),
                Cancelled);
        if (answer.StatusCode == HttpStatusCode.ServiceUnavailable)
        {
            Assert.NotNull(answer.Headers.RetryAfter);
            _outstanding[id] = number;
            Interlocked.Increment(ref _refusals);
            return;
        }

        Assert.Equal(state == JobState.Waiting ? HttpStatusCode.Accepted : HttpStatusCode.OK, answer.StatusCode);
        _acknowledged[id] = state;
        _outstanding.TryRemove(id, out _);
    }
}

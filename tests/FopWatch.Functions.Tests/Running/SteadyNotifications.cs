using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text;

namespace FopWatch.Functions.Tests.Running;

/// <summary>The result of one notification.</summary>
/// <param name="At">When it was sent.</param>
/// <param name="Until">When the answer or the failure came.</param>
/// <param name="Status">The status; null without an answer.</param>
/// <param name="RetryAfter">Whether the answer says when to retry.</param>
/// <param name="MediaType">The media type of the answer's body.</param>
/// <param name="Failure">The exception without an answer.</param>
internal sealed record Notified(TimeSpan At, TimeSpan Until, int? Status, bool RetryAfter, string? MediaType, string? Failure)
{
    /// <summary>Whether the app answered. The Functions host's own answers, before it has a worker, have no body.</summary>
    public bool IsOfApp => Status == 200 || MediaType == "application/problem+json";
}

/// <summary>
/// Sends ten notifications a second over connections that are never reused, like a provider; every tenth body has 3 MB, more than
/// connections buffer. Does not wait for answers.
/// </summary>
internal sealed class SteadyNotifications : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly CancellationTokenSource _ended = new();
    private readonly ConcurrentQueue<Notified> _results = new();
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly string _path;
    private readonly HttpClient _http;
    private readonly Task _notifying;

    public SteadyNotifications(Uri host, string path)
    {
        _path = path;
        _http = new(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero }) { BaseAddress = host, Timeout = TimeSpan.FromMinutes(2) };
        _notifying = NotifyAsync();
    }

    /// <summary>The results of those sent while the host listened, in the order in which they were sent.</summary>
    public IReadOnlyList<Notified> Answered
    {
        get
        {
            var results = _results.OrderBy(one => one.At).ToList();
            var first = results.FindIndex(one => one.Status is not null);
            return first < 0 ? [] : results[first..];
        }
    }

    /// <summary>The same in words, with only the differences from the previous one.</summary>
    public string Timeline
    {
        get
        {
            var lines = new List<string>();
            foreach (var group in Answered.Select(one => (one.At, What: $"{one.Status} {one.MediaType} {one.Failure}")))
            {
                if (lines.Count == 0 || !lines[^1].EndsWith(group.What, StringComparison.Ordinal))
                    lines.Add($"{group.At:c} {group.What}");
            }

            return string.Join('\n', lines);
        }
    }

    public static string IdOf(int number) => $"z0.{number}";

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _notifying;
        _http.Dispose();
        _ended.Dispose();
    }

    private async Task NotifyAsync()
    {
        var calls = new List<Task>();
        for (var i = 0; !_ended.IsCancellationRequested; i++)
        {
            calls.Add(NotifyAsync(i));
            await Task.Delay(Pause, CancellationToken.None);
        }

        await Task.WhenAll(calls);
    }

    private async Task NotifyAsync(int number)
    {
        var at = _clock.Elapsed;
        var padding = number % 10 == 0 ? new string('x', 3_000_000) : "";
        using var body = new StringContent(
            $$"""{"id":"{{IdOf(number)}}","code":0,"desc":"{{padding}}","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""",
            Encoding.UTF8,
            "application/json");
        try
        {
            using var answer = await _http.PostAsync(_path, body, _ended.Token);
            _results.Enqueue(new(at, _clock.Elapsed, (int)answer.StatusCode, answer.Headers.RetryAfter is not null, answer.Content.Headers.ContentType?.MediaType, null));
        }
        catch (OperationCanceledException) when (_ended.IsCancellationRequested)
        {
            // The test is over.
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            _results.Enqueue(new(at, _clock.Elapsed, null, false, null, $"{e.GetType().Name}: {e.Message} {e.InnerException?.Message}"));
        }
    }
}

using System.Diagnostics;

namespace FopWatch.Load.Generating;

internal sealed record LoadResult
{
    /// <summary>From the first request to the last answer.</summary>
    public required TimeSpan Took { get; init; }

    /// <summary>How many notifications, jobs or other units succeeded.</summary>
    public required long Done { get; init; }

    /// <summary>The number of failed requests by status, or by reason if there was no answer.</summary>
    public required IReadOnlyDictionary<string, long> Failed { get; init; }

    /// <summary>The latency of each successful request up to the end of its answer; at a fixed rate, counted from when it was due.</summary>
    public required Histogram Latency { get; init; }

    public double PerSecond => Done / Took.TotalSeconds;
}

/// <summary>Keeps a number of connections busy: each sends its next request when the last one is answered, or at a fixed rate.</summary>
internal static class RequestLoop
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromMilliseconds(20);

    /// <summary>Sends until the time is over or there are no more requests.</summary>
    /// <param name="url">The host.</param>
    /// <param name="connections">The number of connections.</param>
    /// <param name="requests">Creates the requests of a connection.</param>
    /// <param name="duration">How long to send.</param>
    /// <param name="perSecond">The rate over all connections, in requests per second; null for no limit.</param>
    public static async Task<LoadResult> RunAsync(
        Uri url, int connections, Func<HttpRequests> requests, TimeSpan duration, double? perSecond = null)
    {
        var began = Stopwatch.GetTimestamp();
        var pace = perSecond is { } rate ? TimeSpan.FromSeconds(connections / rate) : (TimeSpan?)null;
        var all = await Task.WhenAll(Enumerable.Range(0, connections).Select(i =>
            SendAsync(url, requests(), began, duration, pace, offset: pace is { } one ? one * i / connections : default)));
        var took = Stopwatch.GetElapsedTime(began);
        var latency = new Histogram();
        foreach (var part in all)
            latency.Add(part.Latency);
        return new()
        {
            Took = took,
            Done = all.Sum(part => part.Done),
            Failed = all.SelectMany(part => part.Failed).GroupBy(one => one.Key).ToDictionary(by => by.Key, by => by.Sum(one => one.Value)),
            Latency = latency,
        };
    }

    private static async Task<(long Done, Dictionary<string, long> Failed, Histogram Latency)> SendAsync(
        Uri url, HttpRequests requests, long began, TimeSpan duration, TimeSpan? pace, TimeSpan offset)
    {
        using var connection = new HttpConnection(url);
        var (done, failed, latency) = (0L, new Dictionary<string, long>(), new Histogram());
        for (var due = offset; due < duration && Stopwatch.GetElapsedTime(began) < duration; due += pace ?? default)
        {
            var sent = Stopwatch.GetTimestamp();
            if (pace is not null)
            {
                // A request that could not be sent in time waited too.
                sent = began + (long)(due.TotalSeconds * Stopwatch.Frequency);
                if (due - Stopwatch.GetElapsedTime(began) is { Ticks: > 0 } early)
                    await Task.Delay(early);
            }

            var request = requests.Next();
            if (request.IsEmpty)
                break;
            string? failure;
            try
            {
                var status = await connection.SendAsync(request);
                failure = status == requests.Done ? null : $"{status}";
            }
            catch (IOException e)
            {
                failure = e.Message;
            }

            if (failure is null)
            {
                done += requests.Each;
                latency.Add(sent);
                requests.Answered();
            }
            else
            {
                failed[failure] = failed.GetValueOrDefault(failure) + 1;
                await Task.Delay(PauseAfterFailure);
            }
        }

        return (done, failed, latency);
    }
}

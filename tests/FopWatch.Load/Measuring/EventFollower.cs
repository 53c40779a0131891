using System.Diagnostics;
using System.Text;
using FopWatch.Load.Generating;

namespace FopWatch.Load.Measuring;

/// <summary>A subscriber of the embedded host's event stream that measures the delay of each event of some jobs.</summary>
internal sealed class EventFollower : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _following;
    private SentJobs? _jobs;

    private EventFollower(HttpClient http, Stream events)
    {
        _http = http;
        _following = FollowAsync(events);
    }

    /// <summary>The delay since the event's own time, at which the change was decided before it was committed.</summary>
    public Histogram AfterDecision { get; private set; } = new();

    /// <summary>The delay since the notification was sent.</summary>
    public Histogram AfterSending { get; private set; } = new();

    public static async Task<EventFollower> StartAsync(Uri host)
    {
        var http = new HttpClient { BaseAddress = host, Timeout = Timeout.InfiniteTimeSpan };
        return new(http, await http.GetStreamAsync("/events"));
    }

    /// <summary>From now on, counts only the events of these jobs.</summary>
    public void Count(SentJobs jobs) => (AfterDecision, AfterSending, _jobs) = (new(), new(), jobs);

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _following.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _http.Dispose();
        _stopping.Dispose();
    }

    private async Task FollowAsync(Stream events)
    {
        var (buffer, filled) = (new byte[1024 * 1024], 0);
        int read;
        while ((read = await events.ReadAsync(buffer.AsMemory(filled), _stopping.Token)) > 0)
        {
            var (now, timestamp) = (DateTimeOffset.UtcNow, Stopwatch.GetTimestamp());
            filled += read;
            var whole = buffer.AsSpan(0, filled);
            for (int end; (end = whole.IndexOf((byte)'\n')) >= 0; whole = whole[(end + 1)..])
                Take(whole[..end], now, timestamp);
            whole.CopyTo(buffer);
            filled = whole.Length;
        }
    }

    private void Take(ReadOnlySpan<byte> line, DateTimeOffset now, long timestamp)
    {
        if (_jobs is not { } jobs || !line.StartsWith("data: "u8) || jobs.SentAt(Value(line, "\"subject\":\""u8)) is not { } sent)
            return;
        AfterSending.Add(Stopwatch.GetElapsedTime(sent, timestamp));
        jobs.Arrived(Value(line, "\"subject\":\""u8), timestamp);
        if (DateTimeOffset.TryParse(Encoding.UTF8.GetString(Value(line, "\"time\":\""u8)), out var decided))
            AfterDecision.Add(now - decided);
    }

    private static ReadOnlySpan<byte> Value(ReadOnlySpan<byte> json, ReadOnlySpan<byte> member)
    {
        var from = json.IndexOf(member);
        if (from < 0)
            return [];
        var value = json[(from + member.Length)..];
        return value[..Math.Max(0, value.IndexOf((byte)'"'))];
    }
}

/// <summary>When each job's notification was sent and answered, and when its event arrived.</summary>
/// <param name="most">The maximum number of jobs.</param>
internal sealed class SentJobs(int most)
{
    private readonly long[] _sent = new long[most];
    private readonly long[] _answered = new long[most];
    private readonly long[] _arrived = new long[most];

    public JobIds Ids { get; } = new(most);

    /// <summary>Notifications that record when they were sent.</summary>
    public HttpRequests Requests(Uri url) => new Recording(this, url);

    public long? SentAt(ReadOnlySpan<byte> id) => Ids.NumberOf(id) is { } number ? _sent[number] : null;

    public void Arrived(ReadOnlySpan<byte> id, long timestamp) => _arrived[Ids.NumberOf(id)!.Value] = timestamp;

    /// <summary>The delays from the answers, which follow the commits, to the events; nothing if the event arrived first.</summary>
    public Histogram AfterAnswer()
    {
        var delays = new Histogram();
        for (var i = 0; i < most; i++)
        {
            if (_answered[i] != 0 && _arrived[i] != 0)
                delays.Add(Stopwatch.GetElapsedTime(Math.Min(_answered[i], _arrived[i]), _arrived[i]));
        }

        return delays;
    }

    private sealed class Recording(SentJobs jobs, Uri url) : HttpRequests
    {
        private readonly NotificationRequests _requests = new(url, jobs.Ids);

        public override ReadOnlyMemory<byte> Next()
        {
            var now = Stopwatch.GetTimestamp();
            var request = _requests.Next();
            if (!request.IsEmpty)
                jobs._sent[_requests.LastNumber] = now;
            return request;
        }

        public override void Answered() => jobs._answered[_requests.LastNumber] = Stopwatch.GetTimestamp();
    }
}

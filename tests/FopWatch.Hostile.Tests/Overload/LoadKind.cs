using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Hostile.Tests.Http;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>A kind of load: a number of callers, each of which repeats its call as soon as it is answered, and the unit that is counted.</summary>
internal sealed class LoadKind(string name, int callers, Func<LoadKind, CancellationToken, Task> callAsync)
{
    private const string Place = "z0.0000000000000000";

    private static long _lastId;

    private long _done;

    public string Name => name;

    /// <summary>The number of units so far: notifications, pages, events …</summary>
    public long Done => Interlocked.Read(ref _done);

    public void Count(long done) => Interlocked.Add(ref _done, done);

    /// <summary>Repeats calls until it is cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(
        async () =>
        {
            try
            {
                while (!cancellationToken.IsCancellationRequested)
                    await callAsync(this, cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                // The measurement is over.
            }
            catch (Exception e) when (cancellationToken.IsCancellationRequested && e is HttpRequestException or IOException)
            {
                // It was cancelled in the middle of an answer.
            }
        },
        CancellationToken.None)));

    /// <summary>Trusted notifications, each of which settles its own job.</summary>
    public static LoadKind Notifications(HttpClient http, int callers = 64) => Notifying("notifications", http, callers, items: 1);

    /// <summary>The same with 300 commands, 24 KB.</summary>
    public static LoadKind LargeBodies(HttpClient http) => Notifying("large bodies", http, callers: 16, items: 300);

    /// <summary>Arrays of 50 new registrations.</summary>
    public static LoadKind Registrations(HttpClient http) => new("registrations", 16, async (kind, token) =>
    {
        var jobs = Enumerable.Range(0, 50).Select(_ => new { source = "media", id = NewId() });
        using var answer = await http.PostAsJsonAsync("/api/jobs", jobs, token);
        kind.CountIf(answer, HttpStatusCode.Accepted, 50);
    });

    /// <summary>Pages of 1,000 jobs.</summary>
    public static LoadKind Lists(HttpClient http) => new("lists", 100, (kind, token) => kind.GetAsync(http, "/api/jobs?top=1000", token));

    /// <summary>Searches: by reference, and for the few failed jobs.</summary>
    public static LoadKind Searches(HttpClient http, string reference) => new("searches", 50, async (kind, token) =>
    {
        await kind.GetAsync(http, "/api/jobs?ref=" + reference, token);
        await kind.GetAsync(http, "/api/jobs?source=media&state=failed&watch=done&top=20", token);
    });

    /// <summary>Requested polls of open jobs, which are processed like all polls.</summary>
    public static LoadKind Polls(HttpClient http, IReadOnlyList<string> ids)
    {
        var next = 0;
        return new("polls", 32, async (kind, token) =>
        {
            var id = ids[(int)((uint)Interlocked.Increment(ref next) % ids.Count)];
            using var answer = await http.PostAsync($"/api/jobs/media/{id}/poll", null, token);
            kind.CountIf(answer, HttpStatusCode.OK, 1);
        });
    }

    /// <summary>Live followers.</summary>
    public static LoadKind Followers(HttpClient http, int callers) => new(
        $"{callers} followers", callers, (kind, token) => kind.FollowAsync(http, "/events", long.MaxValue, token));

    /// <summary>Followers that read the log from its start, 2,000 events each time.</summary>
    public static LoadKind CatchingUp(HttpClient http) => new(
        "catching up", 20, (kind, token) => kind.FollowAsync(http, "/events?lastEventId=0", 2000, token));

    /// <summary>Trusted notifications of a given size that are quick to decode.</summary>
    public static LoadKind Bodies(HttpClient http, int bytes)
    {
        const string Empty = $$"""{"id":"{{Place}}","code":0,"padding":"","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";
        return Notifying($"{bytes} bytes", http, callers: 64, Empty.Replace("\"\"", $"\"{new string('.', bytes - Empty.Length)}\"", StringComparison.Ordinal));
    }

    private static LoadKind Notifying(string name, HttpClient http, int callers, int items) => Notifying(
        name,
        http,
        callers,
        $"{{\"id\":\"{Place}\",\"code\":0,\"items\":[{string.Join(',', Enumerable.Range(0, items).Select(i => $"{{\"cmd\":\"avthumb/mp4/vb/{i}k|saveas/YnVja2V0OmtleQ==\",\"code\":0,\"key\":\"{i}.mp4\"}}"))}]}}");

    private static LoadKind Notifying(string name, HttpClient http, int callers, string json)
    {
        var template = Encoding.UTF8.GetBytes(json);
        var at = template.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Place));
        return new(name, callers, async (kind, token) =>
        {
            var body = template.ToArray();
            Encoding.ASCII.GetBytes(NewId(), body.AsSpan(at));
            using var content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
            using var answer = await http.PostAsync("/api/notify/media/" + AttackedHost.Token, content, token);
            kind.CountIf(answer, HttpStatusCode.OK, 1);
        });
    }

    private static string NewId() => string.Create(CultureInfo.InvariantCulture, $"z0.{Interlocked.Increment(ref _lastId):x16}");

    private async Task GetAsync(HttpClient http, string path, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        await answer.Content.CopyToAsync(Stream.Null, cancellationToken);
        CountIf(answer, HttpStatusCode.OK, 1);
    }

    private async Task FollowAsync(HttpClient http, string path, long most, CancellationToken cancellationToken)
    {
        using var answer = await http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        try
        {
            int read;
            for (var events = 0L; events < most && (read = await stream.ReadAsync(buffer, cancellationToken)) > 0;)
            {
                // JSON here contains no line feed, so every line that ends with a brace is an event.
                var more = buffer.AsSpan(0, read).Count("}\n"u8);
                events += more;
                Count(more);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Counts successes. Any answer but success and 503, after which the sender retries, is a fault.</summary>
    private void CountIf(HttpResponseMessage answer, HttpStatusCode done, int count)
    {
        if (answer.StatusCode == done)
            Count(count);
        else
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
    }
}

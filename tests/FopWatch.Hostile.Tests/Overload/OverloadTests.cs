using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using FopWatch.Api;
using FopWatch.Hostile.Tests.Http;
using Microsoft.Data.Sqlite;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>More load than the host can take.</summary>
[Collection(nameof(OverloadTests))]
[CollectionDefinition(nameof(OverloadTests), DisableParallelization = true)]
public class OverloadTests
{
    /// <summary>The limit of the process's physical memory, in bytes.</summary>
    public const long MostMemory = 768L * 1024 * 1024;

    private const int Items = 300;
    private const int Connections = 1200;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    public async Task At_ten_times_its_sustainable_rate_the_host_sheds_load_keeps_what_it_acknowledged_and_recovers()
    {
        using var host = await HostProcess.StartAsync(new()
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:StatusEndpoint"] = "http://127.0.0.1:9",
            ["Sources:media:NotifyTokens:0"] = AttackedHost.Token,
            ["Sources:media:Trust"] = "Token",
        });
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = Connections, UseProxy = false })
        {
            BaseAddress = host.Url,
            Timeout = TimeSpan.FromSeconds(120),
        };
        var load = new Load(http);

        // The sustainable rate, and the latency below it. Twice, as a warm-up.
        await load.SendAsync(100, 16);
        var calm = await load.SendAsync(200, 16);
        Assert.Equal(0, calm.Shed);

        var (most, healthy, slowestHealth) = (0L, 0, TimeSpan.Zero);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var watch = Task.Run(
            async () =>
            {
                using var other = new HttpClient { BaseAddress = host.Url };
                while (!watching.IsCancellationRequested)
                {
                    most = Math.Max(most, host.Memory);
                    var asked = Stopwatch.StartNew();
                    using var health = await other.GetAsync("/health/live", Cancelled);
                    healthy += health.IsSuccessStatusCode ? 1 : 0;
                    slowestHealth = asked.Elapsed > slowestHealth ? asked.Elapsed : slowestHealth;
                    await Task.Delay(100, Cancelled);
                }
            },
            Cancelled);

        // Offered as fast as this machine can send, with many more at once than are accepted. The sender shares the machine.
        var flood = await load.SendAsync(int.MaxValue, Connections, calm.PerSecond * 15, TimeSpan.FromSeconds(10));
        await watching.CancelAsync();
        await watch;

        // Shed notifications are sent again, like a provider's retries, and nothing is shed any more.
        var again = await load.SendAsync(200, 16);
        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"overload: {calm.PerSecond:0}/s sustained; offered {flood.PerSecond:0}/s with {Connections} at once for {flood.Took.TotalSeconds:0} s: {flood.Kept} acknowledged ({flood.Kept / flood.Took.TotalSeconds:0}/s), {flood.Shed} shed with 503, {flood.Broken} cut off; memory at most {most / 1048576} MiB; median latency {calm.Median.TotalMilliseconds:0} ms before, {again.Median.TotalMilliseconds:0} ms after; health answered {healthy} times, at the slowest in {slowestHealth.TotalMilliseconds:0} ms");

        // A power cut immediately afterwards: acknowledged notifications are on the disk.
        host.Kill();
        var stored = Stored(host.Folder);
        var lost = load.Acknowledged.Count(id => !stored.Contains(id));
        Figures.Write($"{line}; {load.Acknowledged.Count} acknowledged in all, {lost} lost");
        Assert.Equal(0, lost);
        Assert.True(flood.Shed > 0, line);
        Assert.Equal(0, again.Shed);
        Assert.True(flood.PerSecond >= 3 * calm.PerSecond, $"This machine cannot offer enough load for the test: {line}");
        Assert.True(most < MostMemory, line);
        Assert.True(healthy > 0, line);
        Assert.True(flood.Kept > 0, line);
        Assert.True(again.Median < calm.Median + calm.Median + TimeSpan.FromMilliseconds(500), line);
        Assert.DoesNotContain("fail:", host.Printed, StringComparison.Ordinal);
        Assert.Contains("Requests are turned away", host.Printed, StringComparison.Ordinal);
    }

    [Fact(Timeout = 240_000)]
    public async Task Concurrent_bodies_of_the_maximum_size_do_not_fill_the_memory()
    {
        using var host = await HostProcess.StartAsync(new()
        {
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:StatusEndpoint"] = "http://127.0.0.1:9",
            ["Sources:media:NotifyTokens:0"] = AttackedHost.Token,
            ["Sources:media:Trust"] = "Token",
        });
        using var http = new HttpClient(new SocketsHttpHandler { MaxConnectionsPerServer = 200, UseProxy = false }) { BaseAddress = host.Url };

        // As many outputs as fit into 4 MiB: the most expensive body that decodes.
        var body = Encoding.UTF8.GetBytes(
            $"{{\"id\":\"z0.big\",\"code\":0,\"items\":[{{\"cmd\":\"unzip\",\"code\":0,\"keys\":[{string.Join(',', Enumerable.Range(0, 400_000).Select(i => $"\"{i:x6}\""))}]}}]}}");
        Assert.InRange(body.Length, 3_500_000, 4 * 1024 * 1024);
        var (kept, shed, most) = (0, 0, 0L);
        await Parallel.ForAsync(0, 200, new ParallelOptions { MaxDegreeOfParallelism = 200, CancellationToken = Cancelled }, async (_, token) =>
        {
            using var content = new ByteArrayContent(body);
            using var answer = await http.PostAsync("/api/notify/media/" + AttackedHost.Token, content, token);
            Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.OK, HttpStatusCode.ServiceUnavailable]);
            Interlocked.Increment(ref answer.StatusCode == HttpStatusCode.OK ? ref kept : ref shed);
            lock (http)
                most = Math.Max(most, host.Memory);
        });

        Figures.Write($"large bodies: 200 of {body.Length} bytes at once, {kept} acknowledged, {shed} shed with 503; memory at most {most / 1048576} MiB");
        Assert.True(kept > 0 && shed > 0, $"{kept} kept, {shed} shed");
        Assert.True(most < 2 * MostMemory, $"{most / 1048576} MiB");
        Assert.Equal(HttpStatusCode.OK, (await http.GetAsync("/health/ready", Cancelled)).StatusCode);
    }

    [Fact]
    public async Task Waiting_calls_take_no_places_from_others_and_have_their_own_limit()
    {
        await using var host = await AttackedHost.StartAsync();
        await host.NotifyAsync("/api/notify/media/" + AttackedHost.Token, Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.a")));
        var waiting = new List<RawConnection>();
        for (var i = 0; i < Admission.Waiting - 1; i++)
            await WaitAsync();
        using (var another = host.Connect())
        {
            await another.SendAsync("GET /api/jobs/media/z0.a?wait=0.1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            Assert.Equal(200, (await another.ReadAsync()).Status);
        }

        // One more each time: the system may have dropped a connection that was accepted too quickly.
        (int Status, string Head, string Body) answer = default;
        await Eventually.HoldsAsync(async () =>
        {
            await WaitAsync();
            using var further = host.Connect();
            await further.SendAsync("GET /api/jobs/media/z0.a?wait=0.1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
            answer = await further.ReadAsync();
            return answer.Status == 503;
        });

        Assert.Contains("Retry-After: ", answer.Head, StringComparison.Ordinal);
        Assert.Single((await host.JobsAsync()).Jobs);
        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("/api/notify/media/" + AttackedHost.Token, "{}"u8.ToArray())).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/ready", Cancelled)).StatusCode);
        waiting.ForEach(connection => connection.Dispose());
        await Eventually.HoldsAsync(async () => (await host.Http.GetAsync("/api/jobs/media/z0.a?wait=0", Cancelled)).IsSuccessStatusCode);

        async Task WaitAsync()
        {
            waiting.Add(host.Connect());
            await waiting[^1].SendAsync("GET /api/jobs/media/z0.a?wait=200 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
    }

    private static HashSet<string> Stored(string folder)
    {
        using var file = new SqliteConnection($"Data Source={Path.Combine(folder, "fopwatch.db")};Pooling=false");
        file.Open();
        using var command = file.CreateCommand();
        command.CommandText = "SELECT id FROM jobs WHERE source = 'media' AND settled_at IS NOT NULL";
        using var rows = command.ExecuteReader();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        while (rows.Read())
            ids.Add(rows.GetString(0));
        return ids;
    }

    /// <summary>Sends notifications of distinct ids that cost the host more than the sender.</summary>
    private sealed class Load(HttpClient http)
    {
        private const string Place = "z0.000000000000";

        private static readonly byte[] Template = Encoding.UTF8.GetBytes(
            $"{{\"id\":\"{Place}\",\"code\":0,\"items\":[{string.Join(',', Enumerable.Range(0, Items).Select(i => $"{{\"cmd\":\"vframe/jpg/offset/{i}\",\"code\":0,\"key\":\"{i}.jpg\"}}"))}]}}");

        private int _last;

        /// <summary>The ids of the notifications answered 200.</summary>
        public ConcurrentBag<string> Acknowledged { get; } = [];

        /// <summary>Sends a number of notifications with the given concurrency, maximum rate and maximum time.</summary>
        public async Task<Result> SendAsync(int count, int atOnce, double perSecond = double.MaxValue, TimeSpan? atLongest = null)
        {
            var (sent, kept, shed, broken) = (0, 0, 0, 0);
            var latencies = new ConcurrentBag<TimeSpan>();
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, atOnce).Select(_ => Task.Run(
                async () =>
                {
                    while (atLongest is null || clock.Elapsed < atLongest)
                    {
                        var number = Interlocked.Increment(ref sent);
                        if (number > count)
                            return;
                        if (number / perSecond - clock.Elapsed.TotalSeconds is > 0 and var early)
                            await Task.Delay(TimeSpan.FromSeconds(early), Cancelled);

                        var id = $"z0.{Interlocked.Increment(ref _last):x12}";
                        var asked = Stopwatch.GetTimestamp();
                        try
                        {
                            using var content = new ByteArrayContent(Body(id)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                            using var answer = await http.PostAsync("/api/notify/media/" + AttackedHost.Token, content, Cancelled);
                            latencies.Add(Stopwatch.GetElapsedTime(asked));
                            if (answer.StatusCode == HttpStatusCode.OK)
                            {
                                Acknowledged.Add(id);
                                Interlocked.Increment(ref kept);
                            }
                            else
                            {
                                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                                Assert.NotNull(answer.Headers.RetryAfter?.Delta);
                                Interlocked.Increment(ref shed);
                            }
                        }
                        catch (HttpRequestException)
                        {
                            // Shed before all of it was sent, or in excess of the connections: a provider retries after that as well.
                            Interlocked.Increment(ref broken);
                        }
                    }
                },
                Cancelled)));
            var took = clock.Elapsed;
            return new(kept, shed, broken, took, latencies.Order().ElementAtOrDefault(latencies.Count / 2));
        }

        private static byte[] Body(string id)
        {
            var body = Template.ToArray();
            Encoding.ASCII.GetBytes(id, body.AsSpan(body.AsSpan().IndexOf(Encoding.ASCII.GetBytes(Place))));
            return body;
        }
    }

    private sealed record Result(int Kept, int Shed, int Broken, TimeSpan Took, TimeSpan Median)
    {
        public double PerSecond => (Kept + Shed + Broken) / Took.TotalSeconds;
    }
}

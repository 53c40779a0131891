using System.Net;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Local.CommandLine;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.CommandLine;

public class HostClientTests
{
    [Theory]
    [InlineData("data: a\n\n", "message:a")]
    [InlineData(":\n\nid: 7\nevent: t\ndata: a\n\n", "t:a")]
    [InlineData("event:t\r\ndata:a\r\ndata: b\r\n\r\n", "t:a\nb")]
    [InlineData("event: lost\n\ndata: a\n\n", "message:a")]
    [InlineData("data\n\n", "message:")]
    [InlineData("data: cut off", null)]
    [InlineData("data: cut off\n", null)]
    [InlineData("retry: 5\nnonsense\n\n", null)]
    public async Task The_reader_reads_as_the_standard_says(string stream, string? expected)
    {
        using var reader = Reader(stream);

        var read = await reader.ReadAsync(TestContext.Current.CancellationToken);

        Assert.Equal(expected, read is null ? null : $"{read.Type}:{read.Data}");
    }

    [Fact]
    public async Task An_id_counts_once_its_event_is_whole_and_also_without_one()
    {
        using var reader = Reader("id: 5\n\nid: 6\ndata: a\n\nid: 7\ndata: cut off");

        await reader.ReadAsync(TestContext.Current.CancellationToken);
        Assert.Equal("6", reader.LastId);
        Assert.Null(await reader.ReadAsync(TestContext.Current.CancellationToken));
        Assert.Equal("6", reader.LastId);
    }

    [Fact]
    public async Task A_host_that_falls_silent_is_lost()
    {
        var clock = new ManualTimeProvider(Sample.Start);
        using var reader = new ServerEventReader(new SilentStream(), null, clock);
        var reading = reader.ReadAsync(TestContext.Current.CancellationToken);

        clock.Advance(ServerEventReader.Silence);

        await Assert.ThrowsAsync<HostUnreachableException>(() => reading);
    }

    [Fact]
    public async Task After_a_break_it_goes_on_from_the_last_event_and_pauses_longer_each_time()
    {
        var clock = new ManualTimeProvider(Sample.Start);
        using var host = new ScriptedHost();
        using var client = new HostClient(new("http://host"), null, clock, host);
        host.Streams.Enqueue("id: 4\n\n");
        host.Streams.Enqueue("id: 5\nevent: t\ndata: a\n\n");
        await using var followed = client.FollowAsync(null, null, TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);

        Assert.Equal(new Followed.Connected(null), await NextAsync());
        Assert.IsType<Followed.Lost>(await NextAsync());
        Assert.Equal(new Followed.Connected("4"), await NextAsync());
        Assert.Equal(new Followed.Happened(new("t", "a"), "5"), await NextAsync());
        var pauses = new List<TimeSpan>();
        for (var n = 0; n < 8; n++)
            pauses.Add(Assert.IsType<Followed.Lost>(await NextAsync()).RetryIn);

        Assert.Equal([null, "4", "5", "5"], host.Positions.Take(4));
        Assert.True(pauses[0] < TimeSpan.FromSeconds(1), $"{pauses[0]}");
        Assert.All(pauses.Zip(pauses.Skip(1)).Take(4), pair => Assert.True(pair.First < pair.Second));
        Assert.All(pauses, pause => Assert.InRange(pause, TimeSpan.FromSeconds(0.1), TimeSpan.FromSeconds(15)));

        async Task<Followed> NextAsync()
        {
            var next = followed.MoveNextAsync().AsTask();
            while (!next.IsCompleted)
            {
                clock.Advance(TimeSpan.FromSeconds(15));
                await Task.WhenAny(next, Task.Delay(5, TestContext.Current.CancellationToken));
            }

            Assert.True(await next);
            return followed.Current;
        }
    }

    [Fact]
    public async Task Where_the_stream_has_a_gap_the_open_jobs_are_asked_for()
    {
        var clock = new ManualTimeProvider(Sample.Start);
        using var host = new ScriptedHost { Job = """{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[{"command":"a","state":"failed","error":"why"}],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""" };
        using var client = new HostClient(new("http://host"), null, clock, host);
        host.Streams.Enqueue($"event: {HostClient.PurgedType}\ndata: {{\"before\":9}}\n\n");
        var tracking = new JobTracking(client, "media", ["z0.1"], new Dictionary<string, string>());

        await tracking.SettleAsync(() => { }, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal(new TrackedJob("z0.1", JobState.Failed, 2, "why"), Assert.Single(tracking.Jobs.All));
    }

    [Fact]
    public async Task A_host_that_takes_only_short_bodies_gets_shorter_ones()
    {
        using var host = new ScriptedHost { MaxBody = 500 };
        using var client = new HostClient(new("http://host"), null, TimeProvider.System, host);
        var ids = Enumerable.Range(0, 40).Select(n => $"z0.{n}").ToList();
        var tracking = new JobTracking(client, "media", ids, new Dictionary<string, string>());

        await tracking.RegisterAsync(null, TestContext.Current.CancellationToken);

        Assert.Equal((40, 40), (tracking.Registered, host.Registered.Distinct().Count()));
    }

    [Theory]
    [InlineData(502, "text/html", "<html>")]
    [InlineData(200, "text/html", "<html>")]
    [InlineData(202, "application/json", "{}")]
    [InlineData(202, "application/json", "null")]
    [InlineData(202, "application/json", """{"jobs":null}""")]
    [InlineData(202, "application/json", """{"jobs":[null]}""")]
    [InlineData(202, "application/json", """{"jobs":[{}]}""")]
    [InlineData(202, "application/json", """{"jobs":[{"source":null,"id":"z0.1","state":"waiting","href":"/"}]}""")]
    [InlineData(202, "application/json", """{"jobs":[{"source":"media","id":"z0.1","state":"waiting","href":null}]}""")]
    [InlineData(400, "application/problem+json", "null")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":null,"status":400}""")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":"no","status":400,"errors":[null]}""")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":"no","status":400,"errors":[{"element":null,"detail":null}]}""")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":"no","status":400,"errors":[{}]}""")]
    [InlineData(404, "text/plain", "no")]
    [InlineData(503, "application/problem+json", """{"type":"t","title":"no","status":503}""")]
    public async Task What_does_not_answer_as_the_host_does_is_not_reached(int status, string type, string body)
    {
        using var host = new ScriptedHost { Answer = (status, type, body) };
        using var client = new HostClient(new("http://host"), null, TimeProvider.System, host);

        await Assert.ThrowsAsync<HostUnreachableException>(() =>
            client.RegisterAsync("media", ["z0.1"], new Dictionary<string, string>(), TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"source":null,"id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""")]
    [InlineData("""{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":null,"items":[],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""")]
    [InlineData("""{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[null],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""")]
    public async Task A_job_that_is_none_is_not_reached(string body)
    {
        using var host = new ScriptedHost { Job = body };
        using var client = new HostClient(new("http://host"), null, TimeProvider.System, host);

        await Assert.ThrowsAsync<HostUnreachableException>(() => client.FindAsync("media", "z0.1", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"specversion":"1.0","type":"fopwatch.job.settled","id":"e","source":"/fopwatch/media","subject":"z0.1","time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","data":null}""")]
    public async Task An_event_that_is_none_is_a_gap_after_which_the_open_jobs_are_asked_for(string body)
    {
        using var host = new ScriptedHost { Job = """{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[{"command":"a","state":"failed","error":"why"}],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""" };
        using var client = new HostClient(new("http://host"), null, TimeProvider.System, host);
        host.Streams.Enqueue($"event: {JobEvent.SettledType}\ndata: {body}\n\n");
        var tracking = new JobTracking(client, "media", ["z0.1"], new Dictionary<string, string>());

        await tracking.SettleAsync(() => { }, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal(JobState.Failed, Assert.Single(tracking.Jobs.All).State);
    }

    private static ServerEventReader Reader(string stream) => new(new MemoryStream(Encoding.UTF8.GetBytes(stream)), null, TimeProvider.System);

    /// <summary>A stream on which nothing comes.</summary>
    private sealed class SilentStream : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }

    /// <summary>Answers as it is told to: streams that break off, and then none at all.</summary>
    private sealed class ScriptedHost : HttpMessageHandler
    {
        public Queue<string> Streams { get; } = new();

        public List<string?> Positions { get; } = [];

        public List<string> Registered { get; } = [];

        public string Job { get; init; } = "";

        public int MaxBody { get; init; } = int.MaxValue;

        public (int Status, string Type, string Body)? Answer { get; init; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (Answer is { } answer)
                return Of(answer.Status, answer.Type, answer.Body);
            if (request.RequestUri!.AbsolutePath == "/events")
            {
                Positions.Add(request.Headers.TryGetValues("Last-Event-ID", out var values) ? values.Single() : null);
                return Streams.TryDequeue(out var stream) ? Of(200, "text/event-stream", stream) : throw new HttpRequestException("refused");
            }

            if (request.Method == HttpMethod.Get)
                return Of(200, "application/json", Job);

            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            if (body.Length > MaxBody)
                return Of(413, "application/problem+json", """{"type":"t","title":"too large","status":413}""");

            using var json = System.Text.Json.JsonDocument.Parse(body);
            var ids = json.RootElement.EnumerateArray().Select(job => job.GetProperty("id").GetString()!).ToList();
            Registered.AddRange(ids);
            var links = string.Join(',', ids.Select(id => $$"""{"source":"media","id":"{{id}}","state":"waiting","href":"/"}"""));
            return Of(202, "application/json", $$"""{"jobs":[{{links}}]}""");
        }

        private static HttpResponseMessage Of(int status, string type, string body) =>
            new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) };
    }
}

using System.Net;
using System.Text;
using FopWatch.Client;
using FopWatch.Contracts;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

public class JobTrackingTests
{
    private const string Failed = """{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[{"command":"a","state":"failed","error":"why"}],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""";

    [Theory]
    [InlineData("fopwatch.events.purged", """{"before":9}""")]
    [InlineData("fopwatch.events.restarted", """{"after":9,"last":1,"resume":"0"}""")]
    [InlineData(JobEvent.SettledType, "null")]
    [InlineData(JobEvent.SettledType, "{}")]
    [InlineData(JobEvent.SettledType, """{"specversion":"1.0","type":"fopwatch.job.settled","id":"e","source":"/fopwatch/media","subject":"z0.1","time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","data":null}""")]
    public async Task After_a_gap_in_the_stream_open_jobs_are_queried(string type, string data)
    {
        using var host = new ScriptedHost();
        using var client = new FopWatchClient(new() { Url = new("http://host") }, host);
        host.Streams.Enqueue($"event: {type}\ndata: {data}\n\n");
        var tracking = new JobTracking(client, "media", ["z0.1"], new Dictionary<string, string>());

        await tracking.SettleAsync(() => { }, TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);

        Assert.Equal(new TrackedJob("z0.1", JobState.Failed, 2, "why"), Assert.Single(tracking.Jobs.All));
    }

    /// <summary>Answers with one stream, then with none.</summary>
    private sealed class ScriptedHost : HttpMessageHandler
    {
        public Queue<string> Streams { get; } = new();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.AbsolutePath == "/events")
                return Streams.TryDequeue(out var stream) ? Of(200, "text/event-stream", stream) : throw new HttpRequestException("refused");
            if (request.Method == HttpMethod.Get)
                return Of(200, "application/json", Failed);

            using var json = System.Text.Json.JsonDocument.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            var links = string.Join(',', json.RootElement.EnumerateArray().Select(job => $$"""{"source":"media","id":"{{job.GetProperty("id").GetString()}}","state":"waiting","href":"/"}"""));
            return Of(202, "application/json", $$"""{"jobs":[{{links}}]}""");
        }

        private static HttpResponseMessage Of(int status, string type, string body) =>
            new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) };
    }
}

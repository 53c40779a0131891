using System.Net;
using System.Text;
using System.Text.Json;
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

        Assert.Equal(new TrackedJob("z0.1", JobState.Failed, new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero), 2, "why"), Assert.Single(tracking.Jobs.All));
    }

    [Fact]
    public void A_job_that_is_registered_again_after_its_deletion_begins_at_version_1()
    {
        var failed = JsonSerializer.Deserialize(Failed, ContractsJson.Default.JobRecord)!;
        var jobs = new TrackedJobs("media", ["z0.1"]);

        jobs.Seen(failed);
        jobs.Seen(failed with { State = JobState.Succeeded, Version = 1 });
        Assert.Equal(JobState.Failed, Assert.Single(jobs.All).State);

        jobs.Seen(failed with { State = JobState.Processing, RegisteredAt = failed.RegisteredAt.AddDays(40), Version = 1 });
        jobs.Seen(failed with { Version = 3 });
        Assert.Equal((JobState.Processing, 0), (Assert.Single(jobs.All).State, jobs.Settled));
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

            using var json = JsonDocument.Parse(await request.Content!.ReadAsByteArrayAsync(cancellationToken));
            var links = string.Join(',', json.RootElement.EnumerateArray().Select(job => $$"""{"source":"media","id":"{{job.GetProperty("id").GetString()}}","state":"waiting","href":"/"}"""));
            return Of(202, "application/json", $$"""{"jobs":[{{links}}]}""");
        }

        private static HttpResponseMessage Of(int status, string type, string body) =>
            new((HttpStatusCode)status) { Content = new StringContent(body, Encoding.UTF8, type) };
    }
}

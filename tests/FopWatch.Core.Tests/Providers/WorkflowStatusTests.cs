using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using FopWatch.Contracts;
using FopWatch.Core.Tests.PollLimits;
using FopWatch.Providers;
using FopWatch.Watching;
using Reply = FopWatch.Core.Tests.Providers.LoopbackServer.Reply;

namespace FopWatch.Core.Tests.Providers;

/// <summary>Qiniu's two status queries: which is sent, in which order, and what their answers mean together.</summary>
public sealed class WorkflowStatusTests : IDisposable
{
    private const string Unknown = """{"error":"not such id in prefop"}""";
    private const string TaskBody = """{"id":"z0.a","code":3,"items":[{"cmd":"x","code":3,"error":"no"}]}""";
    private const string WorkflowBody = """
        {"version":"v3","id":"z0.a","code":0,"ops":[{"id":"op1","fop":{"cmd":"avthumb/mp4","result":{"code":0,"has_output":true,
         "kodo_file":{"bucket":"wf-out","key":"a.mp4","hash":"h"}}},"depends":[]}]}
        """;

    private static readonly KeyValuePair<string, string> First = new("ak-1", "sk-1");
    private static readonly KeyValuePair<string, string> Second = new("ak-2", "sk-2");

    private readonly ManualTimeProvider _clock = new();
    private readonly HttpClient _http = StatusClient.CreateHttp();
    private readonly List<string> _keysNeeded = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task A_job_named_as_a_workflow_is_queried_as_one_first_with_a_signature()
    {
        await using var server = Server(workflows: Reply.Of(200, WorkflowBody));

        var answer = await Client().AskAsync(Source(server, First), "z0.a", isWorkflow: true, Token);

        Assert.Equal((PollAnswer.Report, JobState.Succeeded, true), (answer.Answer, answer.Report?.Facts.Outcome, answer.Report?.IsWorkflow));
        Assert.Equal(["/wf/v3/task/status/z0.a"], server.Asked);
        var head = Assert.Single(server.Heads);
        Assert.Contains("\r\nContent-Type: application/x-www-form-urlencoded\r\n", head, StringComparison.Ordinal);
        var text = $"GET /wf/v3/task/status/z0.a\nHost: {server.Url.Authority}\nContent-Type: application/x-www-form-urlencoded\n\n";
#pragma warning disable CA5350 // The provider's choice.
        var signature = Convert.ToBase64String(HMACSHA1.HashData("sk-1"u8, Encoding.UTF8.GetBytes(text))).Replace('+', '-').Replace('/', '_');
#pragma warning restore CA5350
        Assert.Contains($"\r\nAuthorization: Qiniu ak-1:{signature}\r\n", head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unnamed_job_is_queried_as_a_task_first_without_a_signature_and_then_as_a_workflow()
    {
        await using var server = Server(workflows: Reply.Of(200, WorkflowBody));

        var answer = await Client().AskAsync(Source(server, First), "z0.a", isWorkflow: false, Token);

        Assert.Equal((PollAnswer.Report, true), (answer.Answer, answer.Report?.IsWorkflow));
        Assert.Equal(["/status/get/prefop?id=z0.a", "/wf/v3/task/status/z0.a"], server.Asked);
        Assert.DoesNotContain("Authorization", server.Heads.First(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData(200, TaskBody, PollAnswer.Report)]
    [InlineData(599, "", PollAnswer.Unavailable)]
    [InlineData(573, "", PollAnswer.Throttled)]
    [InlineData(400, "", PollAnswer.Refused)]
    public async Task The_task_querys_answer_about_an_unnamed_job_is_final_unless_the_job_is_unknown(int status, string body, PollAnswer expected)
    {
        await using var server = Server(Reply.Of(status, body), Reply.Of(200, WorkflowBody));

        Assert.Equal(expected, (await Client().AskAsync(Source(server, First), "z0.a", isWorkflow: false, Token)).Answer);
        Assert.Single(server.Asked);
    }

    [Theory]
    [InlineData(612, Unknown)]
    [InlineData(404, """{"error":"no such task"}""")]
    public async Task An_id_is_unknown_only_if_neither_query_knows_it(int status, string body)
    {
        await using var server = Server(workflows: Reply.Of(status, body));
        foreach (var isWorkflow in (bool[])[false, true])
        {
            var answer = await Client().AskAsync(Source(server, First), "z0.a", isWorkflow, Token);

            Assert.Equal(PollAnswer.NotFound, answer.Answer);
            Assert.Contains("HTTP 612", answer.Detail, StringComparison.Ordinal);
            Assert.Contains(status.ToString(CultureInfo.InvariantCulture), answer.Detail, StringComparison.Ordinal);
        }

        Assert.Equal(4, server.Asked.Count);
    }

    [Theory]
    [InlineData(404, "<h1>404 Not Found</h1>", PollAnswer.Refused)]
    [InlineData(400, """{"error":"invalid id"}""", PollAnswer.Refused)]
    [InlineData(200, "<!DOCTYPE html>", PollAnswer.Refused)]
    [InlineData(503, "", PollAnswer.Unavailable)]
    [InlineData(599, "", PollAnswer.Unavailable)]
    [InlineData(573, "", PollAnswer.Throttled)]
    [InlineData(401, """{"error":"bad token"}""", PollAnswer.Refused)]
    public async Task A_failing_workflow_query_does_not_make_an_id_unknown(int status, string body, PollAnswer expected)
    {
        await using var server = Server(workflows: Reply.Of(status, body));
        foreach (var isWorkflow in (bool[])[false, true])
            Assert.Equal(expected, (await Client().AskAsync(Source(server, First), "z0.a", isWorkflow, Token)).Answer);
    }

    [Fact]
    public async Task A_job_wrongly_named_as_a_workflow_or_during_an_outage_of_that_query_is_still_found_as_a_task()
    {
        foreach (var workflows in (Reply[])[Reply.Of(612, Unknown), Reply.Of(599), Reply.Of(401)])
        {
            await using var server = Server(Reply.Of(200, TaskBody), workflows);

            var answer = await Client().AskAsync(Source(server, First), "z0.a", isWorkflow: true, Token);

            Assert.Equal((PollAnswer.Report, JobState.Failed, false), (answer.Answer, answer.Report?.Facts.Outcome, answer.Report?.IsWorkflow));
        }
    }

    [Fact]
    public async Task If_the_task_query_fails_after_the_other_did_not_know_the_id_it_is_not_unknown()
    {
        await using var server = Server(Reply.Of(599), Reply.Of(612, Unknown));
        Assert.Equal(PollAnswer.Unavailable, (await Client().AskAsync(Source(server, First), "z0.a", isWorkflow: true, Token)).Answer);
    }

    [Fact]
    public async Task A_throttled_workflow_query_pauses_the_whole_source_for_as_long_as_it_says()
    {
        await using var server = Server(Reply.Of(200, TaskBody), Reply.Of(573, "", "Retry-After: 90"));
        var client = Client();

        var answer = await client.AskAsync(Source(server, First), "z0.a", isWorkflow: true, Token);
        var next = await client.AskAsync(Source(server, First), "z0.b", isWorkflow: false, Token);

        Assert.Equal((PollAnswer.Throttled, TimeSpan.FromSeconds(90)), (answer.Answer, answer.RetryAfter));
        Assert.Equal((PollAnswer.Throttled, false), (next.Answer, next.Asked));
        Assert.Single(server.Asked);
    }

    [Fact]
    public async Task Each_query_counts_against_the_rate()
    {
        await using var server = Server(workflows: Reply.Of(612, Unknown));
        var source = Source(server, First) with { Poll = Bodies.Qiniu.DefaultPoll with { PerSecond = 1 } };

        var asking = Client().AskAsync(source, "z0.a", isWorkflow: false, Token);
        await server.UntilAnsweredAsync(Token);

        // Long enough for a second query that nothing delays.
        await Task.Delay(TimeSpan.FromMilliseconds(300), Token);
        Assert.Single(server.Asked);
        _clock.Advance(TimeSpan.FromSeconds(1));

        Assert.Equal(PollAnswer.NotFound, (await asking).Answer);
        Assert.Equal(2, server.Asked.Count);
    }

    [Fact]
    public async Task Keys_are_tried_in_turn_and_the_accepted_one_is_used_from_then_on()
    {
        await using var server = Server(workflows: null);
        var client = Client();
        var source = Source(server, First, Second);

        for (var i = 0; i < 2; i++)
            Assert.Equal(PollAnswer.Report, (await client.AskAsync(source, "z0.a", isWorkflow: true, Token)).Answer);

        Assert.Equal(["ak-1", "ak-2", "ak-2"], server.Heads.Select(KeyOf));
        Assert.Empty(_keysNeeded);
    }

    [Fact]
    public async Task Keys_that_are_all_refused_are_reported_once_per_source()
    {
        await using var server = Server(workflows: Reply.Of(403, """{"error":"forbidden"}"""));
        var client = Client();

        for (var i = 0; i < 2; i++)
        {
            var answer = await client.AskAsync(Source(server, First, Second), "z0.a", isWorkflow: false, Token);
            Assert.Equal((PollAnswer.Refused, "HTTP 403 with every key of the source", true), (answer.Answer, answer.Detail, answer.NeedsKeys));
        }

        Assert.Equal(["media"], _keysNeeded);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(365)]
    public async Task Refused_keys_are_retried_after_a_while_even_if_the_clock_was_ahead(int days)
    {
        _clock.Ahead = TimeSpan.FromDays(days);
        await using var server = Server(workflows: Reply.Of(401, "{}"));
        var client = Client();
        var source = Source(server, First, Second);

        for (var i = 0; i < 3; i++)
            Assert.True((await client.AskAsync(source, "z0.a", isWorkflow: false, Token)).NeedsKeys);
        Assert.Equal(["ak-1", "ak-2"], server.Heads.Where(head => head.Contains("/v3/", StringComparison.Ordinal)).Select(KeyOf));

        _clock.Ahead = TimeSpan.Zero;
        _clock.Advance(StatusClient.RefusedKeysPause);
        Assert.True((await client.AskAsync(source, "z0.a", isWorkflow: false, Token)).NeedsKeys);
        Assert.Equal(4, server.Heads.Count(head => head.Contains("/v3/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Without_keys_or_endpoint_an_unknown_task_is_unknown_and_an_unknown_workflow_is_not()
    {
        await using var server = Server(workflows: Reply.Of(200, WorkflowBody));
        var client = Client();
        foreach (var source in (Source[])[Source(server), Source(server, First) with { WorkflowEndpoint = null }])
        {
            Assert.Equal(PollAnswer.NotFound, (await client.AskAsync(source, "z0.a", isWorkflow: false, Token)).Answer);
            for (var i = 0; i < 2; i++)
            {
                var answer = await client.AskAsync(source, "z0.a", isWorkflow: true, Token);
                Assert.Equal((PollAnswer.Refused, true), (answer.Answer, answer.NeedsKeys));
            }
        }

        // Once for each of the two settings of the source.
        Assert.Equal(["media", "media"], _keysNeeded);
        Assert.All(server.Asked, asked => Assert.StartsWith("/status/get/prefop", asked, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_redirect_within_the_API_is_signed_for_its_target_and_one_elsewhere_is_not_followed()
    {
        await using var elsewhere = new LoopbackServer(_ => Reply.Of(200, WorkflowBody));
        await using var server = new LoopbackServer(asked => asked switch
        {
            "/wf/v3/task/status/z0.a" => Reply.Of(307, "", "Location: /moved/z0.a"),
            "/moved/z0.a" => Reply.Of(200, WorkflowBody),
            "/wf/v3/task/status/z0.b" => Reply.Of(307, "", $"Location: {elsewhere.Url}"),
            _ => Reply.Of(612, Unknown),
        });
        var client = Client();

        Assert.Equal(PollAnswer.Report, (await client.AskAsync(Source(server, First), "z0.a", isWorkflow: true, Token)).Answer);
        Assert.Equal(PollAnswer.Refused, (await client.AskAsync(Source(server, First), "z0.b", isWorkflow: true, Token)).Answer);

        Assert.Equal(2, server.Heads.Select(head => head.Split("Authorization: ").ElementAtOrDefault(1)).Take(2).Distinct().Count());
        Assert.Empty(elsewhere.Asked);
    }

    [Theory]
    [InlineData("https://api.qiniu.com", true)]
    [InlineData("https://api-z2.qiniuapi.com", true)]
    [InlineData("https://qiniu.com.example.com", false)]
    [InlineData("https://notqiniu.com", false)]
    [InlineData("http://10.0.0.1:8080", false)]
    public void Ids_of_a_server_other_than_Qinius_are_not_sent_to_Qiniu_unless_configured(string statusEndpoint, bool isAsked) =>
        Assert.Equal(isAsked ? new Uri("https://dora.qiniuapi.com") : null, Bodies.Qiniu.Workflows!.DefaultEndpoint(new(statusEndpoint)));

    private static string KeyOf(string head) => head.Split("Authorization: Qiniu ")[1].Split(':')[0];

    /// <summary>Both APIs. Without a configured answer, the workflow query accepts the second key only.</summary>
    private static LoopbackServer Server(Reply? tasks = null, Reply? workflows = null)
    {
        LoopbackServer? server = null;
        return server = new(asked => !asked.StartsWith("/wf/", StringComparison.Ordinal) ? tasks ?? Reply.Of(612, Unknown)
            : workflows ?? (KeyOf(server!.Heads.Last()) == Second.Key ? Reply.Of(200, WorkflowBody) : Reply.Of(401, """{"error":"bad token"}""")));
    }

    private static Source Source(LoopbackServer server, params KeyValuePair<string, string>[] keys) =>
        PollPacerTests.Source("media", 10) with { StatusEndpoint = server.Url, WorkflowEndpoint = new(server.Url, "wf/"), Keys = new(keys) };

    private StatusClient Client() => new(_http, _clock, new() { KeysNeeded = source => _keysNeeded.Add(source.Name) });
}

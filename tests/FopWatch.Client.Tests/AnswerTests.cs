using System.Net;

namespace FopWatch.Client.Tests;

/// <summary>How the client handles invalid answers.</summary>
public sealed class AnswerTests
{
    private const string Job = """{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[{"command":"a","state":"failed","error":"why"}],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(502, "text/html", "<html>")]
    [InlineData(200, "text/html", "<html>")]
    [InlineData(202, "application/json", "{}")]
    [InlineData(202, "application/json", "null")]
    [InlineData(202, "application/json", """{"jobs":null}""")]
    [InlineData(202, "application/json", """{"jobs":[]}""")]
    [InlineData(202, "application/json", """{"jobs":[null]}""")]
    [InlineData(202, "application/json", """{"jobs":[{}]}""")]
    [InlineData(202, "application/json", """{"jobs":[{"source":null,"id":"z0.1","state":"waiting","href":"/"}]}""")]
    [InlineData(202, "application/json", """{"jobs":[{"source":"media","id":"z0.1","state":"waiting","href":null}]}""")]
    [InlineData(202, "application/json", """{"jobs":[{"source":"media","id":"z0.2","state":"waiting","href":"/"}]}""")]
    [InlineData(400, "application/problem+json", "null")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":null,"status":400}""")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":"no","status":400,"errors":[null]}""")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":"no","status":400,"errors":[{"element":null,"detail":null}]}""")]
    [InlineData(400, "application/problem+json", """{"type":"t","title":"no","status":400,"errors":[{}]}""")]
    [InlineData(404, "text/plain", "no")]
    [InlineData(503, "application/problem+json", """{"type":"t","title":"no","status":503}""")]
    public async Task Answers_that_no_host_gives_mean_that_the_host_is_unreachable(int status, string type, string body)
    {
        using var host = new ScriptedHost().Then(status, type, body);
        using var client = host.Client(configure: Once);

        await Assert.ThrowsAsync<FopWatchUnreachableException>(() => client.RegisterManyAsync([new() { Source = "media", Id = "z0.1" }], Cancelled));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"source":null,"id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""")]
    [InlineData("""{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":null,"items":[],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""")]
    [InlineData("""{"source":"media","id":"z0.1","provider":"qiniu","state":"failed","settled":true,"counts":{"total":1,"succeeded":0,"failed":1,"running":0},"items":[null],"registeredAt":"2026-01-01T00:00:00Z","updatedAt":"2026-01-01T00:00:00Z","version":2}""")]
    public async Task An_invalid_job_means_that_the_host_is_unreachable(string body)
    {
        using var host = new ScriptedHost().Then(200, "application/json", body);
        using var client = host.Client(configure: Once);

        await Assert.ThrowsAsync<FopWatchUnreachableException>(() => client.GetAsync("media", "z0.1", Cancelled));
    }

    [Theory]
    [InlineData("[", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",")]
    [InlineData("{\"sources\":[{\"name\":\"", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("{\"more\":[", "1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,")]
    [InlineData(" ", "                                                                ")]
    public async Task An_endless_answer_uses_limited_memory_and_is_not_taken_for_FopWatchs(string begins, string goesOn)
    {
        using var host = new ScriptedHost().ThenEndless("application/json", begins, string.Concat(Enumerable.Repeat(goesOn, 200)));
        using var client = host.Client(configure: options => options.MaxAnswerBytes = 2 * 1024 * 1024);
        var before = GC.GetTotalAllocatedBytes();

        var failure = await Assert.ThrowsAsync<FopWatchUnreachableException>(() => client.PlanAsync(cancellationToken: Cancelled));

        Assert.Contains("does not answer as FopWatch does", failure.Message, StringComparison.Ordinal);
        Assert.False(failure.IsTransient);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 200L * 1024 * 1024);
    }

    [Fact]
    public async Task An_endless_problem_is_not_read_to_its_end()
    {
        using var host = new ScriptedHost().Then(async _ =>
        {
            var endless = await new HttpMessageInvoker(new ScriptedHost().ThenEndless("application/problem+json", "{\"title\":\"", "aaaa")).SendAsync(new(HttpMethod.Get, "http://host"), Cancelled);
            endless.StatusCode = HttpStatusCode.BadRequest;
            return endless;
        });
        using var client = host.Client(configure: options => options.MaxAnswerBytes = 100 * 1024);

        await Assert.ThrowsAsync<FopWatchUnreachableException>(() => client.MeAsync(Cancelled));
    }

    [Theory]
    [InlineData("")]
    [InlineData("text/html")]
    public async Task A_401_without_problem_details_means_a_wrong_key(string type)
    {
        using var host = new ScriptedHost().Then(401, type, "");
        using var client = host.Client();

        var refused = await Assert.ThrowsAsync<FopWatchRefusedException>(() => client.MeAsync(Cancelled));

        Assert.Equal((401, "The API key is missing or wrong."), (refused.Problem.Status, refused.Message));
    }

    [Fact]
    public async Task A_redirect_is_reported_and_not_followed()
    {
        using var host = new ScriptedHost().Then(_ =>
        {
            var response = new HttpResponseMessage(HttpStatusCode.MovedPermanently);
            response.Headers.Location = new("https://elsewhere.example/api/me?key=secret");
            return Task.FromResult(response);
        });
        using var client = host.Client();

        var failure = await Assert.ThrowsAsync<FopWatchUnreachableException>(() => client.MeAsync(Cancelled));

        Assert.Contains("redirects to https://elsewhere.example/api/me.", failure.Message, StringComparison.Ordinal);
        Assert.Single(host.Requests);
    }

    [Fact]
    public async Task A_refusal_names_the_parameter()
    {
        using var host = new ScriptedHost().Then(
            400, "application/problem+json", """{"type":"urn:fopwatch:problem:invalid-request","title":"The request is invalid.","status":400,"detail":"A parameter is invalid.","errors":[{"element":"source","detail":"It is not the name of a configured source."}]}""");
        using var client = host.Client();

        var refused = await Assert.ThrowsAsync<FopWatchRefusedException>(() => client.PlanAsync("nobody", Cancelled));

        Assert.Equal("The request is invalid. A parameter is invalid. source: It is not the name of a configured source.", refused.Message);
    }

    [Fact]
    public async Task Keys_are_sent_to_the_host_and_paths_are_escaped()
    {
        using var host = new ScriptedHost().Then(200, "application/json", Job);
        using var client = host.Client(configure: options =>
        {
            options.Url = new("https://cloud.example/keyed");
            (options.ApiKey, options.FunctionKey) = ("an-api-key-of-16", "function-key");
        });

        await client.GetAsync("me/dia", "z0.1?x", Cancelled);

        Assert.Equal("GET /keyed/api/jobs/me%2Fdia/z0.1%3Fx", Assert.Single(host.Requests));
        Assert.Equal(["an-api-key-of-16"], host.LastHeaders!.GetValues("X-Api-Key"));
        Assert.Equal(["function-key"], host.LastHeaders.GetValues("x-functions-key"));
        Assert.Equal("https://cloud.example/keyed/api/jobs/media/z0.1", client.UrlOf("media", "z0.1").AbsoluteUri);
        await Assert.ThrowsAsync<ArgumentException>(() => client.GetAsync("media", "..", Cancelled));
    }

    [Fact]
    public async Task Enum_values_of_a_newer_host_are_read()
    {
        using var host = new ScriptedHost().Then(200, "application/json", Job[..^1] + ""","ref":"1a7f0c92d35be846f0a1c7d2","watch":"asleep","nextPollReason":"omen","timeline":[{"at":"2026-01-01T00:00:00Z","what":"blessed","by":"chance","new":1}],"new":{}}""");
        using var client = host.Client();

        var job = (await client.GetAsync("media", "z0.1", Cancelled))!;

        Assert.Equal((WatchStatus.Unknown, "omen", "blessed"), (job.Watch, job.NextPollReason, Assert.Single(job.Timeline!).What));
    }

    [Theory]
    [InlineData("Url is missing.", null, null)]
    [InlineData("Url 'ftp://host/' is not", "ftp://host/", null)]
    [InlineData("Url 'http://host/?a' is not", "http://host/?a", null)]
    [InlineData("ApiKey is empty", "http://host", "")]
    [InlineData("ApiKey is empty", "http://host", "two\nlines")]
    public void Invalid_options_are_refused(string problem, string? url, string? key)
    {
        var refused = Assert.Throws<ArgumentException>(() => new FopWatchClient(new() { Url = url is null ? null : new(url), ApiKey = key }));

        Assert.Contains(problem, refused.Message, StringComparison.Ordinal);
    }

    private static void Once(FopWatchClientOptions options) => options.RetryFor = TimeSpan.Zero;
}

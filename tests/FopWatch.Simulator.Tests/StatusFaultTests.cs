using System.Diagnostics;
using System.Net;
using System.Text.Json;

namespace FopWatch.Simulator.Tests;

public class StatusFaultTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(BodyShape.QiniuClassic, StatusAnswer.NotFound, 612)]
    [InlineData(BodyShape.WangsuFops, StatusAnswer.NotFound, 404)]
    [InlineData(BodyShape.QiniuClassic, StatusAnswer.Throttled, 573)]
    [InlineData(BodyShape.WangsuFmgr, StatusAnswer.Throttled, 429)]
    [InlineData(BodyShape.QiniuWorkflowV3, StatusAnswer.Failed599, 599)]
    [InlineData(BodyShape.WangsuFmgr, StatusAnswer.Failed599, 503)]
    [InlineData(BodyShape.QiniuWorkflowV2, StatusAnswer.Failed500, 500)]
    [InlineData(BodyShape.WangsuFops, StatusAnswer.Failed500, 500)]
    public async Task A_script_of_errors_ends_in_the_truth(BodyShape shape, StatusAnswer answer, int status)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, new() { Status = [answer, answer] });
        await fixture.SubmitAsync(job);

        foreach (var _ in Enumerable.Range(0, 2))
        {
            using var response = await fixture.AskAsync(job);
            Assert.Equal(status, (int)response.StatusCode);
            var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(Cancelled)).RootElement;
            Assert.True(body.TryGetProperty(SimulatedJobs.IsWangsu(shape) ? "message" : "error", out var _));
        }

        await fixture.StatusAsync(job);
        var counts = fixture.Provider.Counters.StatusQueriesByAnswer;
        Assert.Equal((2, 1, 3), (counts[answer], counts[StatusAnswer.Report], fixture.Provider.Counters.StatusQueries));
    }

    [Fact]
    public async Task Answers_have_the_date_of_the_injected_clock()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new());
        await fixture.SubmitAsync(job);
        fixture.Clock.Advance(TimeSpan.FromDays(40));

        using var response = await fixture.AskAsync(job);

        Assert.Equal(fixture.Clock.GetUtcNow(), response.Headers.Date);
    }

    [Fact]
    public async Task A_workflow_is_known_only_to_its_own_query_and_only_if_signed_with_a_customers_key()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var (workflow, task) = (SimulatedJobs.Job(BodyShape.QiniuWorkflowV3), SimulatedJobs.Job(BodyShape.QiniuClassic));
        await fixture.SubmitAsync(workflow);
        await fixture.SubmitAsync(task);

        using var unsigned = await fixture.AskAsync(SimulatorFixture.Question(workflow), null);
        using var stranger = await fixture.AskAsync(SimulatorFixture.Question(workflow), new("stranger", SimulatorFixture.QiniuKey.SecretKey));
        using var wrong = await fixture.AskAsync(SimulatorFixture.Question(workflow), SimulatorFixture.QiniuKey with { SecretKey = "guessed" });
        using var prefop = await fixture.AskAsync(SimulatorFixture.Question(task with { Id = workflow.Id }), null);
        using var other = await fixture.AskAsync(SimulatorFixture.Question(workflow with { Id = task.Id }), SimulatorFixture.QiniuKey);

        Assert.Equal([401, 401, 401], ((HttpResponseMessage[])[unsigned, stranger, wrong]).Select(answer => (int)answer.StatusCode));
        Assert.Equal([612, 612], ((HttpResponseMessage[])[prefop, other]).Select(answer => (int)answer.StatusCode));
        Assert.Equal("v3", (await fixture.StatusAsync(workflow)).GetProperty("version").GetString());
        Assert.Equal(3, fixture.Provider.Counters.StatusQueriesByAnswer[StatusAnswer.Unauthorized]);
        Assert.Equal(0, fixture.Provider.Counters.UnsolicitedQueries);
    }

    [Fact]
    public async Task An_id_does_not_stay_unknown_beyond_its_window()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Status = [.. Enumerable.Repeat(StatusAnswer.NotFound, 9)], NotFoundWindow = TimeSpan.FromSeconds(20) });
        await fixture.SubmitAsync(job);

        fixture.Clock.Advance(TimeSpan.FromSeconds(19));
        using var early = await fixture.AskAsync(job);
        Assert.Equal(612, (int)early.StatusCode);
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        await fixture.StatusAsync(job);
    }

    [Fact]
    public async Task A_status_API_can_be_down_permanently()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { StatusAlways = StatusAnswer.Failed599 });
        await fixture.PlayAsync(job);

        foreach (var _ in Enumerable.Range(0, 20))
        {
            using var response = await fixture.AskAsync(job);
            Assert.Equal(599, (int)response.StatusCode);
        }

        Assert.True(fixture.Provider.Counters.IsAcknowledged(job.Id));
    }

    [Fact]
    public async Task A_hanging_answer_lasts_until_the_client_gives_up()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Status = [StatusAnswer.Hang] });
        await fixture.SubmitAsync(job);

        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var asking = fixture.Client.GetAsync(SimulatorFixture.Question(job), patience.Token);
        while (!fixture.Provider.Counters.StatusQueriesByAnswer.ContainsKey(StatusAnswer.Hang))
            await Task.Delay(1, Cancelled);
        Assert.False(asking.IsCompleted);
        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        await fixture.StatusAsync(job);
    }

    [Fact]
    public async Task A_hanging_answer_does_not_outlive_the_provider()
    {
        var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Status = [StatusAnswer.Hang] });
        await fixture.SubmitAsync(job);
        var asking = fixture.AskAsync(job);
        while (!fixture.Provider.Counters.StatusQueriesByAnswer.ContainsKey(StatusAnswer.Hang))
            await Task.Delay(1, Cancelled);

        var watch = Stopwatch.StartNew();
        await fixture.Provider.DisposeAsync();

        await Assert.ThrowsAsync<HttpRequestException>(() => asking);
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"It took {watch.Elapsed}.");
        fixture.Client.Dispose();
        await fixture.Receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_truncated_body_ends_with_the_connection()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Status = [StatusAnswer.Truncated] });
        await fixture.SubmitAsync(job);

        using var response = await fixture.Client.GetAsync(SimulatorFixture.Question(job), HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await Assert.ThrowsAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync(Cancelled));
        await fixture.StatusAsync(job);
    }

    [Fact]
    public async Task Half_a_body_is_not_JSON()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.WangsuFops, new() { Status = [StatusAnswer.HalfBody] });
        await fixture.SubmitAsync(job);

        using var response = await fixture.AskAsync(job);
        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.StartsWith("{", text, StringComparison.Ordinal);
        Assert.ThrowsAny<JsonException>(() => JsonDocument.Parse(text));
    }

    [Fact]
    public async Task A_slow_body_takes_its_time()
    {
        await using var fixture = await SimulatorFixture.StartAsync(configure: options => options with { SlowBody = TimeSpan.FromSeconds(40) });
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Status = [StatusAnswer.Slow], Lost = true });
        await fixture.PlayAsync(job);
        var started = fixture.Clock.GetUtcNow();

        var asking = fixture.StatusAsync(job);
        while (!asking.IsCompleted)
        {
            fixture.Clock.Advance(TimeSpan.FromMilliseconds(100));
            await Task.Delay(1, Cancelled);
        }

        Assert.Equal(0, (await asking).Code());
        Assert.True(fixture.Clock.GetUtcNow() - started >= TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task A_wrong_content_type_changes_nothing_else_and_an_HTML_page_is_not_an_answer()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Status = [StatusAnswer.WrongContentType, StatusAnswer.HtmlPage] });
        await fixture.SubmitAsync(job);

        using var mislabelled = await fixture.AskAsync(job);
        Assert.Equal("text/html", mislabelled.Content.Headers.ContentType?.MediaType);
        Assert.Equal(job.Id, JsonDocument.Parse(await mislabelled.Content.ReadAsStringAsync(Cancelled)).RootElement.GetProperty("id").GetString());
        using var page = await fixture.AskAsync(job);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.StartsWith("<!DOCTYPE html>", await page.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_leads_to_another_host_and_to_a_lie()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Status = [StatusAnswer.Redirect] });
        await fixture.SubmitAsync(job);

        using var response = await fixture.AskAsync(job);
        Assert.Equal(HttpStatusCode.Found, response.StatusCode);
        var elsewhere = response.Headers.Location!;
        Assert.NotEqual(fixture.Provider.StatusEndpoint.Host, elsewhere.Host);
        Assert.Equal(0, fixture.Provider.Counters.RedirectsFollowed);

        using var followed = await fixture.Client.GetAsync(elsewhere, Cancelled);
        Assert.Equal(3, JsonDocument.Parse(await followed.Content.ReadAsStringAsync(Cancelled)).RootElement.Code());
        Assert.Equal(1, fixture.Provider.Counters.RedirectsFollowed);
        Assert.Equal("succeeded", job.ExpectedState);
        Assert.Equal(1, (await fixture.StatusAsync(job)).Code());
    }
}

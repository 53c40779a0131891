using System.Globalization;
using System.Text.Json;

namespace FopWatch.Simulator.Tests;

public class BodyTests
{
    private static readonly ItemFate[] OneOfTwo = [ItemFate.Succeeded, ItemFate.Failed];

    public static TheoryData<BodyShape> Shapes() => [.. Enum.GetValues<BodyShape>()];

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_notification_is_the_documented_JSON_and_says_which_items_failed(BodyShape shape)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, fates: OneOfTwo);
        await fixture.PlayAsync(job);

        var received = Assert.Single(fixture.Receiver.All);
        Assert.Equal(SimulatedJobs.IsWangsu(shape) ? "text/plain; charset=UTF-8" : "application/json", received.ContentType);
        Assert.Equal(fixture.Receiver.Url.AbsolutePath, received.Path);
        Assert.True(fixture.Provider.Counters.IsAcknowledged(job.Id));
        AssertOver(job, received.Json);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public async Task A_status_answer_follows_the_job_through_its_life(BodyShape shape)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, new() { Lost = true }, fates: OneOfTwo);
        await fixture.SubmitAsync(job);

        await AssertRunningAsync(waiting: true);
        fixture.Clock.Advance(TimeSpan.FromSeconds(15));
        await AssertRunningAsync(waiting: false);
        fixture.Clock.Advance(TimeSpan.FromSeconds(44));
        await AssertRunningAsync(waiting: false);
        fixture.Clock.Advance(TimeSpan.FromSeconds(1));
        AssertOver(job, await fixture.StatusAsync(job));

        async Task AssertRunningAsync(bool waiting)
        {
            var body = await fixture.StatusAsync(job);
            if (shape == BodyShape.QiniuWorkflowV2)
                Assert.Equal("RUNNING", body.GetProperty("status").GetString());
            else if (SimulatedJobs.IsWangsu(shape))
                Assert.Equal(waiting ? 0 : 1, body.Code());
            else
                Assert.Equal(waiting ? 1 : 2, body.Code());
        }
    }

    [Theory]
    [InlineData(BodyShape.QiniuClassic, 0, 2, 1)]
    [InlineData(BodyShape.WangsuFops, 3, 1, 0)]
    [InlineData(BodyShape.WangsuFmgr, 3, 1, 0)]
    public async Task Items_end_one_by_one(BodyShape shape, int over, int running, int waiting)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(shape, fates: [ItemFate.Succeeded, ItemFate.Succeeded, ItemFate.Succeeded]);
        await fixture.SubmitAsync(job);
        fixture.Clock.Advance(TimeSpan.FromSeconds(35));

        Assert.Equal([over, running, waiting], (await fixture.StatusAsync(job)).ItemCodes().OrderBy(pair => pair.Key).Select(pair => pair.Value));
    }

    [Fact]
    public async Task The_order_of_keys_and_items_differs_between_answers_and_the_content_does_not()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, new() { Lost = true }, fates: [ItemFate.Succeeded, ItemFate.Failed, ItemFate.Succeeded]);
        await fixture.PlayAsync(job);

        List<JsonElement> answers = [];
        for (var i = 0; i < 20; i++)
            answers.Add(await fixture.StatusAsync(job));

        Assert.True(answers.Select(answer => answer.EnumerateObject().First().Name).Distinct().Count() > 1);
        Assert.True(answers.Select(answer => answer.GetProperty("items")[0].GetProperty("cmd").GetString()).Distinct().Count() > 1);
        Assert.True(answers.Select(answer => answer.GetProperty("code").ValueKind).Distinct().Count() > 1);
        Assert.Contains(answers, answer => answer.TryGetProperty("futureField", out _));
        Assert.All(answers, answer => AssertOver(job, answer));
    }

    [Fact]
    public async Task Qiniu_dates_have_nine_digits_unless_the_job_is_too_old_to_have_one()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var submitted = fixture.Clock.GetUtcNow();
        List<string> dates = [];
        for (var seed = 0; seed < 30; seed++)
        {
            var job = SimulatedJobs.Job(BodyShape.QiniuClassic, seed: seed);
            await fixture.SubmitAsync(job);
            if ((await fixture.StatusAsync(job)).TryGetProperty("creationDate", out var date))
                dates.Add(date.GetString()!);
        }

        Assert.InRange(dates.Count, 1, 29);
        Assert.All(dates, date =>
        {
            Assert.Matches(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+08:00$", date);
            Assert.Equal(submitted, DateTimeOffset.Parse(date.Remove(19, 10), CultureInfo.InvariantCulture));
        });
    }

    [Fact]
    public async Task Qiniu_may_claim_success_over_a_failed_item()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic, fates: OneOfTwo) with { ClaimsSuccess = true };
        await fixture.PlayAsync(job);

        var body = Assert.Single(fixture.Receiver.All).Json;
        Assert.Equal(0, body.Code());
        Assert.Contains(3, body.ItemCodes().Values);
        Assert.Equal("partiallyFailed", job.ExpectedState);
    }

    [Fact]
    public async Task Qiniu_reports_an_old_output_several_outputs_and_none()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var output = new SimulatedOutput("media", "a", "F", 1);
        var job = SimulatedJobs.Job(BodyShape.QiniuClassic) with
        {
            Items =
            [
                new() { Command = "old", Fate = ItemFate.Succeeded, Outputs = [output], ReturnOld = true },
                new() { Command = "vsample", Fate = ItemFate.Succeeded, Outputs = [output, output with { Key = "b" }] },
                new() { Command = "avinfo", Fate = ItemFate.Succeeded },
            ],
        };
        await fixture.PlayAsync(job);

        var items = Assert.Single(fixture.Receiver.All).Json.GetProperty("items").EnumerateArray().ToDictionary(item => item.GetProperty("cmd").GetString()!);
        Assert.Equal(1, items["old"].Code("returnOld"));
        Assert.Equal("a", items["old"].GetProperty("key").GetString());
        Assert.Equal(["a", "b"], items["vsample"].GetProperty("keys").EnumerateArray().Select(key => key.GetString()));
        Assert.Equal(200, items["avinfo"].GetProperty("result").GetProperty("code").GetInt32());
        Assert.False(items["avinfo"].TryGetProperty("key", out _));
    }

    [Fact]
    public async Task A_workflow_may_be_cancelled_and_its_rest_skipped()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.QiniuWorkflowV3, fates: [ItemFate.Succeeded, ItemFate.Skipped]) with { Cancelled = true };
        await fixture.PlayAsync(job);

        var body = Assert.Single(fixture.Receiver.All).Json;
        Assert.Equal(5, body.Code());
        Assert.Equal(
            [0, 6],
            body.GetProperty("ops").EnumerateArray().OrderBy(op => op.GetProperty("id").GetString()).Select(op => op.GetProperty("fop").GetProperty("result").Code()));
    }

    [Theory]
    [InlineData(WangsuEncoding.UrlSafeBase64)]
    [InlineData(WangsuEncoding.PlainBase64)]
    [InlineData(WangsuEncoding.UnpaddedBase64)]
    [InlineData(WangsuEncoding.BareJson)]
    public async Task Wangsu_writes_the_same_in_several_alphabets(WangsuEncoding encoding)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var texts = new List<string>();
        // Every residue of the length, and every letter.
        for (var seed = 1; seed <= 12; seed++)
        {
            var job = SimulatedJobs.Job(BodyShape.WangsuFops, seed: seed) with { Encoding = encoding, Key = new string('ÿ', 30) + "?>?>?>" };
            await fixture.PlayAsync(job);
            AssertOver(job, fixture.Receiver.All[^1].Json);
            texts.Add(fixture.Receiver.All[^1].Text);
        }

        var all = string.Concat(texts);
        Assert.Equal(encoding is WangsuEncoding.UrlSafeBase64 or WangsuEncoding.PlainBase64, all.Contains('=') && encoding != WangsuEncoding.BareJson);
        Assert.Equal(encoding == WangsuEncoding.BareJson, all.Contains('{'));
        if (encoding != WangsuEncoding.BareJson)
        {
            Assert.Equal(encoding == WangsuEncoding.PlainBase64, all.Contains('+') || all.Contains('/'));
            Assert.Equal(encoding != WangsuEncoding.PlainBase64, all.Contains('-') || all.Contains('_'));
        }
    }

    [Theory]
    [InlineData("/status/get/prefop?id=nobody", 612)]
    [InlineData("/status/get/prefop?persistentId=nobody", 404)]
    [InlineData("/fmgr/status?persistentId=nobody", 404)]
    [InlineData("/status/get/prefop", 400)]
    [InlineData("/fmgr/status?id=nobody", 400)]
    [InlineData("/elsewhere", 404)]
    public async Task Errors_have_the_providers_form(string question, int status)
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        using var response = await fixture.Client.GetAsync(new Uri(question, UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)response.StatusCode);
        var body = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        if (question.Contains("persistentId", StringComparison.Ordinal) || question.StartsWith("/fmgr", StringComparison.Ordinal))
        {
            Assert.Equal(status.ToString(CultureInfo.InvariantCulture), body.GetProperty("code").GetString());
            Assert.NotEmpty(body.GetProperty("message").GetString()!);
        }
        else
        {
            Assert.NotEmpty(body.GetProperty("error").GetString()!);
        }
    }

    [Fact]
    public async Task An_id_is_known_to_its_own_provider_only()
    {
        await using var fixture = await SimulatorFixture.StartAsync();
        var job = SimulatedJobs.Job(BodyShape.WangsuFops);
        await fixture.SubmitAsync(job);

        await fixture.StatusAsync(job);
        using var other = await fixture.AskAsync(job with { Shape = BodyShape.WangsuFmgr });
        Assert.Equal(404, (int)other.StatusCode);
        using var qiniu = await fixture.AskAsync(job with { Shape = BodyShape.QiniuClassic });
        Assert.Equal(612, (int)qiniu.StatusCode);
        Assert.Equal(2, fixture.Provider.Counters.UnsolicitedQueries);
    }

    /// <summary>Compares a finished job's body with the documented fields, and with the truth.</summary>
    private static void AssertOver(SimulatedJob job, JsonElement body)
    {
        Assert.Equal(job.Id, body.GetProperty("id").GetString());
        var failed = job.Items.Any(item => item.Fate == ItemFate.Failed);
        switch (job.Shape)
        {
            case BodyShape.QiniuClassic:
                Assert.Equal(failed ? 3 : 0, body.Code());
                Assert.Equal((job.Bucket, job.Key), (body.GetProperty("inputBucket").GetString(), body.GetProperty("inputKey").GetString()));
                Assert.Equal(job.RequestId, body.GetProperty("reqid").GetString());
                AssertItems(body.GetProperty("items"), good: 0, bad: 3, output => output.Key);
                break;
            case BodyShape.QiniuWorkflowV3:
                Assert.Equal("v3", body.GetProperty("version").GetString());
                Assert.Equal(failed ? 3 : 0, body.Code());
                Assert.Equal(job.Key, body.GetProperty("input").GetProperty("kodo_file").GetProperty("key").GetString());
                Assert.True(body.GetProperty("created_at").GetInt64() > 0);
                foreach (var op in body.GetProperty("ops").EnumerateArray())
                {
                    var item = job.Items.Single(item => item.Command == op.GetProperty("fop").GetProperty("cmd").GetString());
                    var result = op.GetProperty("fop").GetProperty("result");
                    Assert.Equal(item.Fate == ItemFate.Succeeded, result.Code() == 0);
                    Assert.Equal(item.Fate == ItemFate.Failed, result.Code() is 3 or 7);
                    Assert.Equal(item.Outputs.Count > 0, result.GetProperty("has_output").GetBoolean());
                    if (item.Outputs is [var output])
                        Assert.Equal(output.Key, result.GetProperty("kodo_file").GetProperty("key").GetString());
                }

                Assert.Equal(job.Items.Count, body.GetProperty("ops").GetArrayLength());
                break;
            case BodyShape.QiniuWorkflowV2:
                Assert.False(body.TryGetProperty("code", out _));
                Assert.Equal("FINISHED", body.GetProperty("status").GetString());
                Assert.Equal(!failed, body.GetProperty("success").GetBoolean());
                Assert.Equal(failed ? 3 : 0, body.GetProperty("result").Code());
                Assert.Equal(job.Key, body.GetProperty("input").GetProperty("source").GetProperty("key").GetString());
                Assert.Equal(
                    job.Items.Select(item => item.Fate == ItemFate.Succeeded ? 0 : 3).Order(),
                    body.GetProperty("ops").EnumerateArray().Select(op => op.GetProperty("result").Code()).Order());
                break;
            case BodyShape.WangsuFops:
                Assert.Equal(3, body.Code());
                Assert.Equal((job.Bucket, job.Key), (body.GetProperty("inputbucket").GetString(), body.GetProperty("inputkey").GetString()));
                Assert.All(body.GetProperty("items").EnumerateArray(), item => Assert.Equal(JsonValueKind.String, item.GetProperty("code").ValueKind));
                AssertItems(body.GetProperty("items"), good: 3, bad: 2, output => $"{output.Bucket}:{output.Key}");
                break;
            default:
                Assert.Equal(3, body.Code());
                Assert.Equal(0, body.Code("separate"));
                AssertItems(body.GetProperty("items"), good: 3, bad: 2, output => output.Key);
                break;
        }

        void AssertItems(JsonElement items, int good, int bad, Func<SimulatedOutput, string> key)
        {
            Assert.Equal(job.Items.Count, items.GetArrayLength());
            foreach (var said in items.EnumerateArray())
            {
                var item = job.Items.Single(item => item.Command == said.GetProperty("cmd").GetString());
                Assert.Equal(item.Fate == ItemFate.Succeeded ? good : bad, said.Code());
                if (item.Fate == ItemFate.Failed)
                    Assert.Equal(item.Error, said.GetProperty("error").GetString());
                else
                    Assert.Equal(key(item.Outputs[0]), said.GetProperty("key").GetString());
            }
        }
    }
}

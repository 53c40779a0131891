using System.Text;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Publishing;

public class EventCutTests
{
    private static readonly string Frames = string.Join(',', Enumerable.Range(0, 20_000).Select(i => $$"""{"offset":{{i}}}"""));

    [Fact]
    public void An_event_whose_result_has_a_lone_surrogate_and_a_duplicate_name_is_shortened()
    {
        var whole = Event("""{"cuts":[1],"verdict":"block"}""");
        var earlier = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(whole.Body.Span).Replace(
            """{"cuts":[1],""",
            $$"""{"cuts":[{{Frames}}],"text":"a\ud83d","text":"b","\udc00":1,""",
            StringComparison.Ordinal));

        var shorter = EventCut.Shorter(earlier).Select(EventCut.ToBody).ToList();

        Assert.Equal(5, shorter.Count);
        Assert.All(shorter.Zip(shorter.Skip(1)), pair => Assert.True(pair.First.Length >= pair.Second.Length));
        var job = JsonSerializer.Deserialize(shorter[0], ContractsJson.Default.JobEvent)!.Data;
        var result = Assert.Single(job.Items).Result!.Value;
        Assert.Equal(("block", "a�", "b"), (result.GetProperty("verdict").GetString(), result.GetProperty("text").GetString(), result.GetProperty("text#2").GetString()));
        Assert.Equal("/result/cuts", Assert.Single(job.Items[0].Truncated!).At);
    }

    [Fact]
    public void Names_that_differ_only_in_their_secrets_are_cut_by_every_store()
    {
        var body = $$$"""{"id":"a","code":0,"items":[{"cmd":"c","code":0,"result":{"f?token=a":[{{{Frames}}}],"f?token=b":[{{{Frames}}}]}}]}""";
        var report = ProviderKinds.For(ProviderKind.Qiniu).Decode(ReportChannel.Poll, Encoding.UTF8.GetBytes(body)).Report!;
        var job = NewJob().Apply(report, default);

        foreach (var cut in Enum.GetValues<FactsCut>())
            JobJson.Deserialize(JobJson.Serialize(job.Job with { Facts = job.Job.Facts.CutTo(cut) }));
        var shorter = EventCut.Shorter(job.ToEvent()!.Body).Select(EventCut.ToBody).First();

        var item = Assert.Single(JsonSerializer.Deserialize(shorter, ContractsJson.Default.JobEvent)!.Data.Items);
        Assert.Equal(["/result/f?token=***", "/result/f?token=***#2"], item.Truncated!.Select(gone => gone.At));
        Assert.All(item.Truncated!, gone => Assert.InRange(gone.Elements!.Value, 15_000, 19_999));
    }

    [Fact]
    public void A_result_of_objects_keeps_its_verdict_in_every_event_that_has_items()
    {
        var frames = string.Join(',', Enumerable.Range(0, 5_000).Select(i => $$"""
            "{{i}}":{"label":"normal","offset":{{i}}}
            """.Trim()));
        var whole = Event($$$"""{"code":200,"frames":{{{{frames}}}},"result":{"suggestion":"block"}}""");

        var shorter = EventCut.Shorter(whole.Body).Select(EventCut.ToBody).ToList();

        Assert.Equal([64 * 1024, 8 * 1024, 8 * 1024, 1024], shorter[..4].Select(body =>
        {
            var item = Assert.Single(JobEvent.Parse(body).Data.Items);
            Assert.Equal("block", item.Result!.Value.GetProperty("result").GetProperty("suggestion").GetString());
            Assert.True(item.Truncated!.First(gone => gone.At != "/result").Dropped);
            Assert.True(item.Truncated!.Single(gone => gone.At == "/result").More);
            var size = item.Result.Value.GetRawText().Length;
            return ResultLimit.All.ToArray().Last(limit => limit >= size);
        }));
        Assert.Empty(JobEvent.Parse(shorter[4]).Data.Items);
    }

    [Fact]
    public void A_shortened_event_lacks_the_same_parts_as_its_shortened_job()
    {
        var change = Change($$"""{"cuts":[{{Frames}}],"deep":{{Nested(57)}},"text":"{{new string('t', 100_000)}}","verdict":"block"}""");
        foreach (var (body, cut) in EventCut.Shorter(change.ToEvent()!.Body).Select(EventCut.ToBody).Zip([FactsCut.Results, FactsCut.SmallResults, FactsCut.Outputs, FactsCut.Details]))
        {
            var stored = change.Job with { Facts = change.Job.Facts.CutTo(cut) };

            var (published, kept) = (Assert.Single(JobEvent.Parse(body).Data.Items), Assert.Single(stored.ToRecord().Items));
            Assert.Equal("block", published.Result!.Value.GetProperty("verdict").GetString());
            Assert.Equal(
                kept.Truncated!.Select(gone => gone.At).Order(StringComparer.Ordinal),
                published.Truncated!.Select(gone => gone.At).Order(StringComparer.Ordinal));
        }
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(55, false)]
    [InlineData(56, true)]
    [InlineData(60, true)]
    public void In_a_result_nested_deeper_than_56_levels_only_the_excess_becomes_null(int levels, bool isTooDeep)
    {
        var (deep, list) = (Nested(levels), Nested(levels - 1));
        var change = Change($$"""{"deep":{{deep}},"list":[1{{(levels > 1 ? "," + list : "")}},2],"verdict":"block"}""");

        foreach (var item in (JobItem[])[Assert.Single(change.Job.ToRecord().Items), Assert.Single(JobEvent.Parse(change.ToEvent()!.Body).Data.Items)])
        {
            var result = item.Result!.Value;
            Assert.Equal(("block", 2), (result.GetProperty("verdict").GetString(), result.GetProperty("list").EnumerateArray().Last().GetInt32()));
            if (!isTooDeep)
            {
                Assert.Equal(change.Job.Facts.Items[0].Result, result.GetRawText());
                Assert.Null(item.Truncated);
                continue;
            }

            Assert.Equal(new string('[', 55) + "null" + new string(']', 55), result.GetProperty("deep").GetRawText());
            Assert.Equal(new string('[', 54) + "null" + new string(']', 54), result.GetProperty("list")[1].GetRawText());
            var zeros = string.Concat(Enumerable.Repeat("/0", 54));
            Assert.Equal([new() { At = $"/result/deep{zeros}/0", Dropped = true }, new() { At = $"/result/list/1{zeros}", Dropped = true }], item.Truncated!);
        }
    }

    [Fact]
    public void An_event_of_an_earlier_version_with_array_counts_and_a_single_string_length_is_shortened_further()
    {
        var whole = Encoding.UTF8.GetString(Event("""{"cuts":[1],"verdict":"block"}""").Body.Span);
        var earlier = whole.Replace("[1]", $"[{Frames}]", StringComparison.Ordinal).Replace(
            "\"outputs\":",
            """
            "truncated":[{"at":"/result/cuts","elements":5},{"at":"/result","arrays":3},{"at":"/result","textBytes":500}],"outputs":
            """.Trim(),
            StringComparison.Ordinal);

        var item = Assert.Single(JobEvent.Parse(EventCut.ToBody(EventCut.Shorter(Encoding.UTF8.GetBytes(earlier)).First())).Data.Items);

        var left = item.Result!.Value.GetProperty("cuts").GetArrayLength();
        Assert.Equal(
            [new() { At = "/result", TextBytes = 500 }, new() { At = "/result/cuts", Elements = 20_005 - left }, new() { At = "/result", More = true }],
            item.Truncated);
    }

    [Theory]
    [InlineData("bucket")]
    [InlineData("key")]
    [InlineData("pipeline")]
    [InlineData("requestId")]
    [InlineData("taskFrom")]
    public void Texts_of_the_provider_that_are_too_long_to_be_genuine_are_removed(string name)
    {
        var body = Encoding.UTF8.GetString(Event("{}").Body.Span);
        foreach (var (length, isKept) in ((int, bool)[])[(1024, true), (1025, false)])
        {
            var text = new string('t', length);
            var whole = Encoding.UTF8.GetBytes(body.Replace("\"data\":{", $"\"data\":{{\"{name}\":\"{text}\",", StringComparison.Ordinal));

            Assert.All(EventCut.Shorter(whole).Select(EventCut.ToBody), shorter =>
            {
                JobEvent.Parse(shorter);
                var data = JsonElement.Parse(shorter).GetProperty("data");
                Assert.Equal(isKept ? text : null, data.TryGetProperty(name, out var kept) ? kept.GetString() : null);
            });
        }
    }

    private static string Nested(int levels) => new string('[', levels) + new string(']', levels);

    private static OutboxEvent Event(string result) => Change(result).ToEvent()!;

    private static JobChange Change(string result) => NewJob().Apply(
        new()
        {
            Id = null,
            Channel = ReportChannel.Poll,
            Facts = (JobFacts.None with { Closed = true }).WithItems([new() { Command = "c", State = ItemState.Succeeded, Result = result }]),
        },
        default);

    private static Job NewJob() => Job.New(
        new("media", "a"), ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = default, Deadline = DateTimeOffset.MaxValue }, default);
}

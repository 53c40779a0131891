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
    public void An_event_whose_result_has_half_a_pair_and_a_name_twice_is_shortened()
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
    public void Names_that_only_their_secrets_tell_apart_are_cut_by_every_store()
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

    private static OutboxEvent Event(string result) => NewJob().Apply(
        new()
        {
            Id = null,
            Channel = ReportChannel.Poll,
            Facts = (JobFacts.None with { Closed = true }).WithItems([new() { Command = "c", State = ItemState.Succeeded, Result = result }]),
        },
        default).ToEvent()!;

    private static Job NewJob() => Job.New(
        new("media", "a"), ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = default, Deadline = DateTimeOffset.MaxValue }, default);
}

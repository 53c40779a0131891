using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>The estimated size of facts, and what is removed first if it is too large.</summary>
public class FactsBoundsTests
{
    private static readonly OutputFacts Output = new() { Bucket = "b", Key = "k" };

    [Theory]
    [InlineData("bucket")]
    [InlineData("key")]
    [InlineData("pipeline")]
    [InlineData("request id")]
    [InlineData("task")]
    [InlineData("raw")]
    [InlineData("command")]
    [InlineData("description")]
    [InlineData("error")]
    [InlineData("result")]
    [InlineData("what is gone of the result")]
    [InlineData("input's bucket")]
    [InlineData("input's key")]
    [InlineData("output's bucket")]
    [InlineData("output's key")]
    [InlineData("output's hash")]
    [InlineData("output's url")]
    public void Every_text_counts_with_the_most_bytes_that_it_can_take(string member)
    {
        var none = FactsSize.Of(With(member, "")).Total;

        Assert.Equal(1000, FactsSize.Of(With(member, new string('a', 1000))).Total - none);
        Assert.Equal(6000, FactsSize.Of(With(member, new string('\u0001', 1000))).Total - none);
    }

    [Fact]
    public void Outputs_and_everything_else_count_separately()
    {
        var (item, output) = (FactsSize.Of(With("command", "c")), FactsSize.Of(With("output's key", "k")));

        Assert.Equal(0, item.Outputs);
        Assert.True(item.Others > 0);
        Assert.True(output.Outputs > 0);
        Assert.Equal(item.Others - 1, output.Others);
        Assert.Equal(output.Outputs + output.Others, output.Total);
    }

    [Fact]
    public void The_raw_body_is_removed_first()
    {
        var facts = Facts(20_000) with { Raw = new(true, "{}") };

        var shorter = new FactsSize(2, 1).Shorten(facts)!;

        Assert.Equal((FactsCut.Raw, null, 20_000), (shorter.Cut, shorter.Raw, shorter.Items[0].Outputs.Count));
    }

    [Fact]
    public void Outputs_that_take_most_of_the_size_are_removed_down_to_a_thousand()
    {
        var facts = Facts(20_000);
        var size = new FactsSize(2, 1);

        var ten = size.Shorten(facts)!;
        Assert.Equal((FactsCut.None, 10_000, true), (ten.Cut, ten.Items[0].Outputs.Count, ten.Items[0].OutputsCut));

        var one = size.Shorten(ten)!;
        Assert.Equal((FactsCut.None, 1000), (one.Cut, one.Items[0].Outputs.Count));

        var few = size.Shorten(one)!;
        Assert.Equal((FactsCut.Raw, 1000), (few.Cut, few.Items[0].Outputs.Count));
    }

    [Fact]
    public void Otherwise_one_cut_follows_another_until_there_is_none()
    {
        var (facts, size, cuts) = (Facts(20_000), new FactsSize(1, 1), new List<FactsCut>());
        while (size.Shorten(facts) is { } shorter)
        {
            facts = shorter;
            cuts.Add(facts.Cut);
        }

        Assert.Equal(Enum.GetValues<FactsCut>().Where(cut => cut != FactsCut.None), cuts);
        Assert.Equal((0, 1), (facts.Items.Count, facts.Counts.Total));
    }

    [Fact]
    public void A_cut_to_less_than_an_earlier_cut_changes_nothing()
    {
        var facts = Facts(3).CutTo(FactsCut.Details);

        Assert.Same(facts, facts.CutTo(FactsCut.Details));
        Assert.Same(facts, facts.CutTo(FactsCut.Raw));
    }

    [Fact]
    public void The_last_cuts_keep_the_first_thousand_items_and_then_no_text_of_the_job()
    {
        var facts = (JobFacts.None with { Bucket = "b", Key = "k", Pipeline = "p", RequestId = "r", TaskFrom = "t" }).WithItems(
            Enumerable.Range(0, JobFacts.ItemsKept + 1).Select(i => new ItemFacts { Command = $"c{i:d4}", State = ItemState.Processing }));

        var items = facts.CutTo(FactsCut.Items);
        Assert.Equal(Enumerable.Range(0, JobFacts.ItemsKept).Select(i => $"c{i:d4}"), items.Items.Select(item => item.Command));
        Assert.Equal(("b", "k", "p", "r", "t"), (items.Bucket, items.Key, items.Pipeline, items.RequestId, items.TaskFrom));

        var texts = facts.CutTo(FactsCut.Texts);
        Assert.Empty(texts.Items);
        Assert.Equal((null, null, null, null, null), (texts.Bucket, texts.Key, texts.Pipeline, texts.RequestId, texts.TaskFrom));
        Assert.All((JobFacts[])[items, texts], cut => Assert.Equal((facts.Counts, JobProgress.Processing), (cut.Counts, cut.Progress)));
    }

    [Fact]
    public void A_waiting_job_still_waits_when_its_items_are_cut()
    {
        var facts = (JobFacts.None with { Progress = JobProgress.Waiting }).WithItems([new() { Command = "c", State = ItemState.Waiting }]);

        Assert.Equal(JobProgress.Waiting, facts.CutTo(FactsCut.Texts).Progress);
    }

    private static JobFacts Facts(int outputs) => JobFacts.None.WithItems(
    [
        new() { Command = "unzip", State = ItemState.Succeeded, Outputs = [.. Enumerable.Range(0, outputs).Select(i => new OutputFacts { Bucket = "b", Key = $"k{i:d5}" })] },
    ]);

    private static JobFacts With(string member, string text)
    {
        var item = new ItemFacts { Command = "", State = ItemState.Succeeded };
        return member switch
        {
            "bucket" => JobFacts.None with { Bucket = text },
            "key" => JobFacts.None with { Key = text },
            "pipeline" => JobFacts.None with { Pipeline = text },
            "request id" => JobFacts.None with { RequestId = text },
            "task" => JobFacts.None with { TaskFrom = text },
            "raw" => JobFacts.None with { Raw = new(true, text) },
            "command" => Of(item with { Command = text }),
            "description" => Of(item with { Description = text }),
            "error" => Of(item with { Error = text }),
            "result" => Of(item with { Result = text }),
            "what is gone of the result" => Of(item with { ResultCut = new() { Whole = "", Parts = [new(text)] } }),
            "input's bucket" => Of(item with { Input = new() { Bucket = text, Key = "" } }),
            "input's key" => Of(item with { Input = new() { Key = text } }),
            "output's bucket" => Of(item with { Outputs = [Output with { Bucket = text }] }),
            "output's key" => Of(item with { Outputs = [Output with { Key = text }] }),
            "output's hash" => Of(item with { Outputs = [Output with { Hash = text }] }),
            "output's url" => Of(item with { Outputs = [Output with { Url = text }] }),
            _ => throw new ArgumentOutOfRangeException(nameof(member), member, null),
        };

        static JobFacts Of(ItemFacts item) => JobFacts.None with { Items = [item] };
    }
}

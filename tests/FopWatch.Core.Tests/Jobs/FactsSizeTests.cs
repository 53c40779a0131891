using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>The maximum size of jobs and events, whatever a provider sends.</summary>
public class FactsSizeTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<JobFacts> Some =
        from items in Gen.Choose(0, 5)
        from outputs in Gen.Choose(0, 20)
        from text in Gen.Elements(null, "plain", "\"<&>'+`\\", "\u0001\n", "结果", "\U0001F600", "\uD800")
        from result in Gen.Elements(null, "{}", """{"a":["\"",1]}""")
        select (JobFacts.None with { Bucket = text, Raw = new(true, "{\"a\":1}") }).WithItems(Enumerable.Range(0, items).Select(i => new ItemFacts
        {
            Command = $"{text}{i}",
            State = ItemState.Failed,
            Description = text,
            Error = text,
            Result = result,
            ErrorIndex = int.MaxValue,
            Code = long.MinValue,
            ResultCut = result is null ? null : new() { Whole = ResultCut.HashOf("x"), Unnamed = int.MaxValue, Parts = [new($"/{text}") { Elements = int.MaxValue }] },
            Input = new() { Bucket = text, Key = $"{text}" },
            Outputs = [.. Enumerable.Range(0, outputs).Select(o => new OutputFacts { Bucket = text, Key = $"{text}{o}", Hash = text, Url = text, Size = long.MinValue })],
        }));

    [Fact]
    public void No_document_of_a_job_is_larger_than_the_estimate_of_its_facts() => Prop
        .ForAll(
            Arb.From(Some),
            facts => JobJson.Serialize(JobOf(facts)).Length - JobJson.Serialize(JobOf(JobFacts.None)).Length <= FactsSize.Of(facts).Total + 300)
        .Check(PropertyConfig.Of(300));

    [Fact]
    public void A_job_with_too_many_outputs_keeps_ten_thousand_and_says_so()
    {
        var facts = Outputs(200_000).Bounded();

        var item = Assert.Single(facts.Items);
        Assert.Equal((10_000, true, FactsCut.Raw), (item.Outputs.Count, item.OutputsCut, facts.Cut));
        Assert.InRange(JobJson.Serialize(JobOf(facts)).Length, 1, FactsSize.Most);
        var record = JobOf(facts).ToRecord();
        Assert.True(record.Truncated);
        Assert.Equal("/outputs", Assert.Single(record.Items[0].Truncated!).At);
    }

    [Fact]
    public void Facts_cut_to_size_are_merged_by_a_join()
    {
        var (some, more) = (Outputs(200_000), Outputs(3, "a"));

        Assert.Equal(some.Join(more).Bounded(), some.Bounded().Join(more));
        Assert.Equal(some.Bounded().Join(more), more.Join(some.Bounded()));
        Assert.Equal(some.Bounded(), some.Bounded().Join(some));
        Assert.Equal(JobJson.Deserialize(JobJson.Serialize(JobOf(some.Bounded()))).Facts, some.Bounded());
    }

    [Fact]
    public void A_job_with_too_many_results_keeps_all_commands_and_outputs()
    {
        var result = $$"""{"list":[{{string.Join(',', Enumerable.Range(0, 20_000))}}]}""";
        var facts = JobFacts.None.WithItems(Enumerable.Range(0, 500).Select(i => new ItemFacts
        {
            Command = $"c{i}",
            State = ItemState.Succeeded,
            Result = result,
            Outputs = [new() { Bucket = "b", Key = $"k{i}" }],
        })).Bounded();

        Assert.Equal((500, FactsCut.SmallResults), (facts.Items.Count, facts.Cut));
        Assert.All(facts.Items, item => Assert.Single(item.Outputs));
        Assert.InRange(JobJson.Serialize(JobOf(facts)).Length, 1, FactsSize.Most);
    }

    [Fact]
    public void An_event_that_URLs_make_too_large_is_shortened_and_the_job_is_not()
    {
        // About 5 MB of keys, and 200 bytes of URL for each.
        var job = JobOf(Outputs(60_000).Bounded());
        Assert.Equal(60_000, job.Facts.Items[0].Outputs.Count);
        var domains = new OutputDomains([new("bucket", new($"https://cdn.example.com/{new string('p', 170)}"))]);

        var published = new JobChange(job, JobEvent.SettledType).ToEvent(domains)!;

        Assert.InRange(published.Body.Length, 1, FactsSize.Most);
        var read = JsonSerializer.Deserialize(published.Body.Span, ContractsJson.Wire.JobEvent)!;
        Assert.True(read.Data.Truncated);
        Assert.Equal(10_000, read.Data.Items[0].Outputs.Count);
        Assert.Equal((job.Facts.Counts, job.Version), (read.Data.Counts, read.Data.Version));
    }

    [Fact]
    public void Facts_of_ordinary_size_are_not_cut()
    {
        var facts = Outputs(50_000);

        Assert.Same(facts, facts.Bounded());
    }

    private static JobFacts Outputs(int count, string prefix = "k") => (JobFacts.None with { Closed = true, Progress = JobProgress.Processing, Raw = new(true, "{}") }).WithItems(
    [
        new()
        {
            Command = "unzip",
            State = ItemState.Succeeded,
            Outputs = [.. Enumerable.Range(0, count).Select(i => new OutputFacts { Bucket = "bucket", Key = $"{prefix}{i:d7}" })],
        },
    ]);

    private static Job JobOf(JobFacts facts) =>
        Job.New(new("media", "z0.a"), ProviderKind.Qiniu, JobOrigin.Registration, Watch.Start(PollLimits.PollPacerTests.Source("media", 1).Poll, Start), Start) with { Facts = facts };
}

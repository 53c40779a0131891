using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using static FopWatch.Core.Tests.Providers.Bodies;

namespace FopWatch.Core.Tests;

/// <summary>Jobs stored by version 1, read by this one.</summary>
public class EarlierDocumentTests
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void A_condition_of_a_workflow_is_no_longer_an_item()
    {
        const string Body = """{"version":"v3","id":"w","code":0,"ops":[{"id":"info","fop":{"cmd":"avinfo","result":{"code":0}}},{"id":"hd?","fop":null,"cond":{"expr":"h"}},{"id":"avinfo","cond":{"expr":"w"}},{"id":"sd","fop":{"cmd":"avthumb/mp4"},"cond":null}]}""";
        var read = Read("Qiniu", Body, """
            {"command":"avinfo","occurrence":0,"state":"succeeded","code":0,"outputs":[]},
            {"command":"avinfo","occurrence":1,"state":"skipped","outputs":[]},
            {"command":"avthumb/mp4","occurrence":0,"state":"skipped","outputs":[]},
            {"command":"hd?","occurrence":0,"state":"skipped","outputs":[]}
            """);

        Assert.Equal(new JobCounts(2, 1, 0, 0), read.Facts.Counts);
        Assert.Equal([("avinfo", 0), ("avthumb/mp4", 0)], read.Facts.Items.Select(item => (item.Command, item.Occurrence)));

        var reported = read.Facts.Join(Qiniu.Polled(Body).WithConclusion());
        Assert.Equal((JobState.Succeeded, new JobCounts(2, 1, 0, 0)), (reported.Outcome, reported.Counts));
    }

    [Fact]
    public void Items_stay_if_the_body_does_not_say_which_are_conditions()
    {
        const string Items = """{"command":"hd?","occurrence":0,"state":"skipped","outputs":[]}""";

        Assert.Equal("hd?", Assert.Single(Read("Qiniu", null, Items).Facts.Items).Command);
        Assert.Equal("hd?", Assert.Single(Read("Qiniu", "{}", Items).Facts.Items).Command);
        Assert.Equal("hd?", Assert.Single(Read("Qiniu", """{"id":"w","code":0,"items":[]}""", Items).Facts.Items).Command);
    }

    [Fact]
    public void A_deleted_file_is_an_input_and_not_an_output()
    {
        var read = Read("WangsuFmgr", null, """
            {"command":"bucket/ZHN0/key/b2xkL2EubXA0","occurrence":0,"state":"succeeded","code":3,"outputs":[{"bucket":"dst","key":"old/a.mp4"}]},
            {"command":"resource/c3JjOmE=/bucket/ZHN0/key/Yg==","occurrence":0,"state":"succeeded","code":3,"outputs":[{"bucket":"dst","key":"b"}]}
            """);

        AssertItems(read.Facts);
        AssertItems(read.Facts.Join(Fmgr.Polled("""
            {"id":"w","code":3,"items":[{"cmd":"bucket/ZHN0/key/b2xkL2EubXA0","code":3,"key":"old/a.mp4"},{"cmd":"resource/c3JjOmE=/bucket/ZHN0/key/Yg==","code":3,"key":"b"}]}
            """)));

        static void AssertItems(JobFacts facts)
        {
            Assert.Equal(2, facts.Items.Count);
            Assert.Equal(new InputFacts { Bucket = "dst", Key = "old/a.mp4" }, facts.Items[0].Input);
            Assert.Empty(facts.Items[0].Outputs);
            Assert.Equal([new() { Bucket = "dst", Key = "b" }], facts.Items[1].Outputs);
        }
    }

    [Fact]
    public void A_failed_item_without_an_error_has_its_description_as_the_error()
    {
        var read = Read("WangsuFmgr", null, """
            {"command":"a","occurrence":0,"state":"failed","code":2,"description":"no such file","outputs":[]},
            {"command":"b","occurrence":0,"state":"succeeded","code":3,"description":"ok","outputs":[]}
            """);

        Assert.Equal(["no such file", null], read.Facts.Items.Select(item => item.Error));
    }

    private static Job Read(string provider, string? body, string items)
    {
        var raw = body is null ? "" : $$""","raw":{"closing":true,"json":{{System.Text.Json.JsonSerializer.Serialize(body)}}}""";
        return JobJson.Deserialize(Encoding.UTF8.GetBytes($$"""
            {"key":{"source":"media","id":"w"},"provider":"{{provider}}","origin":"report","registeredAt":"{{Now:O}}","updatedAt":"{{Now:O}}","version":1,
             "metadata":{},"watch":{"startedAt":"{{Now:O}}","deadline":"{{Now:O}}","polls":0},
             "facts":{"progress":"processing","closed":true,"concluded":true,"items":[{{items}}]{{raw}}} }
            """));
    }
}

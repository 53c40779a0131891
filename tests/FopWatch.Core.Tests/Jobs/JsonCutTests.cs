using System.Text;
using System.Text.Json;
using FopWatch.Jobs;
using FsCheck;
using FsCheck.Fluent;
using static FopWatch.Core.Tests.Jobs.ShortenedJson;

namespace FopWatch.Core.Tests.Jobs;

public class JsonCutTests
{
    public static TheoryData<int> Limits => [.. ResultLimit.All.ToArray()];

    [Fact]
    public void A_cut_result_fits_is_a_prefix_of_the_whole_and_names_what_is_missing()
    {
        var cases = from json in Documents from limit in Gen.Choose(2, 600) select (json, limit);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (kept, cut) = JsonCut.Once(one.limit, one.json, null);

            if (kept is null)
            {
                Assert.Equal(new ResultCut { Whole = ResultCut.HashOf(one.json), Dropped = true }, cut);
                Assert.False(JsonElement.Parse(one.json).ValueKind is JsonValueKind.String or JsonValueKind.Object or JsonValueKind.Array);
                return;
            }

            Assert.True(Encoding.UTF8.GetByteCount(kept) <= one.limit);
            Assert.Equal(Encoding.UTF8.GetByteCount(one.json) <= one.limit, cut is null);
            AssertNames(one.json, kept, cut, one.limit / 4);
        }).Check(PropertyConfig.Of(4000));
    }

    [Fact]
    public void If_shorter_arrays_suffice_nothing_else_is_shortened_and_the_longest_are_no_shorter_than_needed()
    {
        var cases =
            from element in Documents
            from other in Documents
            from count in Gen.Choose(17, 80)
            from size in Gen.Choose(0, 1000)
            let json = $$"""{"a":[{{string.Join(',', Enumerable.Repeat(element, count))}}],"b":{{other}},"c":"pass"}"""
            let shortest = Length(WithLists(json, 16))
            select (json, limit: shortest + (int)((Length(json) - shortest) * (long)size / 1000));
        Prop.ForAll(cases.Where(one => Length(one.json) > one.limit).ToArbitrary(), one =>
        {
            var (kept, _) = JsonCut.Once(one.limit, one.json, null);

            // Longer lists make longer text, so the longest that fit are found by bisection.
            var (fits, exceeds) = (16, 81);
            while (exceeds - fits > 1)
            {
                var length = (fits + exceeds) / 2;
                (fits, exceeds) = Length(WithLists(one.json, length)) <= one.limit ? (length, exceeds) : (fits, length);
            }

            var longest = WithLists(one.json, fits);
            if (Length(longest) >= one.limit / 2)
                Assert.Equal(longest, kept);
            else
                Assert.True(Length(kept!) >= Length(longest));
        }).Check(PropertyConfig.Of(500));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Short_arrays_stay_whole_while_something_else_can_be_removed(bool isObject)
    {
        const int Limit = 8 * 1024;
        var faces = Enumerable.Range(0, 300).Select(x => $$"""{"pts":[[{{x}},1],[{{x}},2],[{{x}},3],[{{x}},4]]}""").ToList();
        var json = isObject ? $"{{{string.Join(',', faces.Select((face, i) => $"\"f{i}\":{face}"))}}}" : $"[{string.Join(',', faces)}]";

        var (kept, cut) = JsonCut.Once(Limit, json, null);

        Assert.InRange(kept!.Length, Limit - 128, Limit);
        var result = JsonElement.Parse(kept);
        var left = isObject ? result.EnumerateObject().Select(face => face.Value.GetRawText()).ToList() : [.. result.EnumerateArray().Select(face => face.GetRawText())];
        Assert.Subset(faces.ToHashSet(), left.ToHashSet());
        Assert.Equal(isObject ? faces.Count - left.Count : 1, cut!.Parts.Count + cut.Unnamed);
        AssertNames(json, kept, cut, Limit / 4);
    }

    [Fact]
    public void A_list_of_lists_of_long_elements_uses_the_limit()
    {
        var list = $"[{string.Join(',', Enumerable.Repeat($"\"{new string('x', 70_000)}\"", 11))}]";
        var json = $"[{string.Join(',', Enumerable.Repeat(list, 5))}]";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        Assert.InRange(kept!.Length, ResultLimit.Kept / 2, ResultLimit.Kept);
        AssertNames(json, kept, cut, ResultLimit.Kept / 4);
    }

    [Fact]
    public void A_long_element_after_short_ones_does_not_leave_the_limit_unused()
    {
        var json = $$"""{"list":[{{string.Join(',', Enumerable.Range(0, 16))}},"{{new string('x', 900_000)}}",{{string.Join(',', Enumerable.Range(0, 100))}}],"verdict":"block"}""";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        Assert.InRange(kept!.Length, ResultLimit.Kept / 2, ResultLimit.Kept);
        Assert.Equal("block", JsonElement.Parse(kept).GetProperty("verdict").GetString());
        AssertNames(json, kept, cut, ResultLimit.Kept / 4);
    }

    [Fact]
    public void A_cut_result_is_not_cut_again()
    {
        var cases = from json in Documents from limit in Gen.Choose(2, 600) select (json, limit);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var once = JsonCut.Once(one.limit, one.json, null);

            Assert.Equal(once, JsonCut.Once(one.limit, once.Json, once.Cut));
            Assert.Equal(once, JsonCut.Once(one.limit, one.json, null));
        }).Check(PropertyConfig.Of(2000));
    }

    [Fact]
    public void Cutting_to_one_limit_after_another_equals_cutting_to_the_last()
    {
        var cases =
            from json in LargeDocuments
            from first in Gen.Choose(0, ResultLimit.All.Length - 1)
            from second in Gen.Choose(first, ResultLimit.All.Length - 1)
            select (json, ResultLimit.All[first], ResultLimit.All[second]);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (json, first, second) = one;
            var (some, before) = JsonCut.To(first, json, null);
            var (kept, cut) = JsonCut.To(second, some, before);

            Assert.Equal(JsonCut.To(second, json, null), (kept, cut));
            Assert.True(Length(kept!) <= second);
            AssertNames(json, kept!, cut, second / 4);
        }).Check(PropertyConfig.Of(300));
    }

    [Fact]
    public void The_verdict_of_an_audit_of_3000_frames_stays()
    {
        var frame = """{"details":[{"label":"normal","score":0.99121,"suggestion":"pass"}],"offset":5000,"suggestion":"pass"}""";
        var frames = string.Join(',', Enumerable.Repeat(frame, 3000));
        var json = $$$"""{"code":200,"scenes":{"pulp":{"cuts":[{{{frames}}}],"suggestion":"block"}},"suggestion":"block"}""";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        var result = JsonElement.Parse(kept!);
        Assert.Equal("block", result.GetProperty("suggestion").GetString());
        Assert.Equal("block", result.GetProperty("scenes").GetProperty("pulp").GetProperty("suggestion").GetString());
        Assert.InRange(kept!.Length, 250_000, 256 * 1024);
        var left = result.GetProperty("scenes").GetProperty("pulp").GetProperty("cuts").GetArrayLength();
        Assert.Equal([new("/scenes/pulp/cuts") { Elements = 3000 - left }], cut!.Parts);
        Assert.Equal(ResultCut.HashOf(json), cut.Whole);
    }

    [Theory]
    [MemberData(nameof(Limits))]
    public void A_result_of_objects_keeps_its_verdicts_and_its_short_members_at_every_limit(int limit)
    {
        var frames = string.Join(',', Enumerable.Range(0, 8000).Select(i => $$"""{"score":0.{{i}},"suggestion":"pass"}""").Select((frame, i) => $"\"{i * 5000}\":{frame}"));
        var json = $$$$"""
            {"code":200,"frames":{{{{{frames}}}}},"message":"{{{{new string('m', 100_000)}}}}","meta":{"a":{"b":{"c":[1,2,3]}}},"result":{"scenes":{"pulp":{"frames":{{{{{frames}}}}},"suggestion":"review"}},"suggestion":"block"},"suggestion":"block"}
            """;

        var (kept, cut) = JsonCut.To(limit, json, null);

        var result = JsonElement.Parse(kept!);
        Assert.InRange(kept!.Length, limit / 2, limit);
        Assert.Equal((200, "block", "block"), (
            result.GetProperty("code").GetInt32(),
            result.GetProperty("suggestion").GetString(),
            result.GetProperty("result").GetProperty("suggestion").GetString()));
        Assert.Equal("review", result.GetProperty("result").GetProperty("scenes").GetProperty("pulp").GetProperty("suggestion").GetString());
        Assert.Equal("""{"a":{"b":{"c":[1,2,3]}}}""", result.GetProperty("meta").GetRawText());
        Assert.True(cut!.Unnamed > 0);
        Assert.Contains(cut.Parts, part => part.At == "/message" && part.TextBytes == result.GetProperty("message").GetString()!.Length);
        AssertNames(json, kept, cut, limit / 4);
    }

    [Theory]
    [InlineData(450, "\"pass\"", 8 * 1024)]
    [InlineData(450, """{"s":"pass"}""", 8 * 1024)]
    [InlineData(30_000, "\"pass\"", 256 * 1024)]
    [InlineData(30_000, """{"s":"pass"}""", 256 * 1024)]
    [InlineData(17, null, 8 * 1024)]
    public void A_verdict_takes_precedence_over_members_numbered_like_a_list(int count, string? value, int limit)
    {
        var members = string.Join(',', Enumerable.Range(10_000, count).Select(i => $"\"frame{i}\":{value ?? $"\"{new string('y', 700)}\""}"));
        const string Verdict = """{"scenes":{"pulp":{"suggestion":"block"}},"suggestion":"block"}""";

        var (beside, _) = JsonCut.To(limit, $$"""{{{members}},"result":{{Verdict}}}""", null);
        var (within, _) = JsonCut.To(limit, $$"""{"result":{{{members}},{{Verdict[1..]}}}""", null);

        foreach (var kept in (string?[])[beside, within])
        {
            var result = JsonElement.Parse(kept!).GetProperty("result");
            Assert.Equal(("block", "block"), (
                result.GetProperty("suggestion").GetString(),
                result.GetProperty("scenes").GetProperty("pulp").GetProperty("suggestion").GetString()));
            Assert.InRange(kept!.Length, limit / 2, limit);
        }
    }

    [Fact]
    public void An_object_that_is_too_long_loses_its_longest_members_and_of_equal_ones_the_last()
    {
        var json = $$"""{{{string.Join(',', Enumerable.Range(1000, 9000).Select(i => $"\"{Name(i)}\":{i}"))}},"long":{{Numbers(50)}},"verdict":"block"}""";

        var (kept, cut) = JsonCut.Once(1024, json, null);

        var names = JsonElement.Parse(kept!).EnumerateObject().Select(member => member.Name).ToList();
        Assert.InRange(kept!.Length, 1000, 1024);
        Assert.Equal(Enumerable.Range(1000, names.Count).Select(Name), names);
        Assert.Equal(new($"/{Name(1000 + names.Count)}") { Dropped = true }, cut!.Parts[0]);
        Assert.Equal(9002, names.Count + cut.Parts.Count + cut.Unnamed);

        // Without digits, so that no name looks like an index.
        static string Name(int i) => string.Concat($"{i}".Select(digit => (char)(digit - '0' + 'a')));
    }

    [Fact]
    public void A_list_whose_first_element_is_too_long_keeps_the_others_that_fit()
    {
        var json = $$"""[{"text":"{{new string('t', 2_000)}}","verdict":"block"},1,"two",[3]]""";

        var (kept, cut) = JsonCut.Once(1024, json, null);

        var result = JsonElement.Parse(kept!);
        Assert.Equal(1024, kept!.Length);
        Assert.EndsWith(""","verdict":"block"},1,"two",[3]]""", kept, StringComparison.Ordinal);
        Assert.Equal([new("/0/text") { TextBytes = result[0].GetProperty("text").GetString()!.Length }], cut!.Parts);
    }

    [Fact]
    public void The_record_of_a_cut_by_an_earlier_version_is_read_and_kept_with_a_further_cut()
    {
        var before = JsonSerializer.Deserialize(
            """{"whole":"00ff","lists":[{"at":"/cuts","elements":5}],"moreLists":3,"textBytes":64,"dropped":false}""",
            JobJsonContext.Default.ResultCut)!;
        Assert.Equal(new() { Whole = "00ff", Parts = [new("/cuts") { Elements = 5 }], Unnamed = 3, TextBytes = 64 }, before);

        var (kept, cut) = JsonCut.Once(200, $$"""{"cuts":{{Numbers(100)}},"verdict":"block"}""", before);

        var left = JsonElement.Parse(kept!).GetProperty("cuts").GetArrayLength();
        Assert.Equal(before with { Parts = [new("/cuts") { Elements = 105 - left }] }, cut);
    }

    [Theory]
    [InlineData(500_000, "{\"m{0}\":{0}", "}")]
    [InlineData(500_000, "[[{0}]", "]")]
    [InlineData(500_000, "{\"m{0}\":[{0}]", "}")]
    public void Many_small_parts_are_cut_and_named_within_the_limits(int count, string format, string end)
    {
        var part = format[1..];
        var json = format[0] + string.Join(',', Enumerable.Range(0, count).Select(i => part.Replace("{0}", $"{i}", StringComparison.Ordinal))) + end;

        var (kept, cut) = JsonCut.To(1024, json, null);

        Assert.InRange(kept!.Length, 512, 1024);
        AssertNames(json, kept, cut, 256);
    }

    internal static string Numbers(int count) => $"[{string.Join(',', Enumerable.Range(0, count))}]";
}

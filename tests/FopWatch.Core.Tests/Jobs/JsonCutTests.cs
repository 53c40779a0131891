using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Jobs;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Jobs;

public class JsonCutTests
{
    private static readonly Gen<string> Scalars = Gen.Elements("1", "-2.5e3", "true", "null", "\"\"", "\"pass\"", "\"长\\ud83d\\ude00\\\"\\\\\\u0001\"");

    private static readonly Gen<string> Documents = Document(4);

    // Names as long as a pointer may be, and longer.
    private static readonly Gen<string> LongNames = Document(3, Gen.Elements(1, 200, 3_000, 6_000, ResultCut.MaxPointerBytes + 1));

    // Strings of any length, in results whose strings are cut too.
    private static readonly Gen<string> LongTexts =
        from lengths in Gen.Choose(0, 3_000).ListOf(4)
        from document in Documents
        select $$"""{"a":[{{string.Join(',', lengths.Select(length => $"\"{new string('t', length)}长😀\\n\""))}}],"b":{{document}}}""";

    [Fact]
    public void Every_array_keeps_its_beginning_and_everything_else_stays()
    {
        var cases = from json in Documents from limit in Gen.Choose(1, 400) select (json, limit);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (kept, cut) = JsonCut.To(Limit(one.limit), one.json, null);

            var gone = new Dictionary<string, int>();
            AssertBeginning(JsonNode.Parse(one.json), JsonNode.Parse(kept!), "", gone);
            var named = cut?.Lists.ToDictionary(list => list.At, list => list.Elements) ?? [];
            Assert.Equal(gone.Count, named.Count + (cut?.MoreLists ?? 0));
            Assert.All(named, list => Assert.Equal(gone[list.Key], list.Value));
            Assert.Equal(gone.Count == 0, cut is null);

            // It fits, or nothing more can be taken; and one element more of the longest arrays would be too much.
            var longest = gone.Count == 0 ? int.MaxValue : gone.Keys.Max(at => At(JsonNode.Parse(kept!), at).AsArray().Count);
            Assert.True(Encoding.UTF8.GetByteCount(kept!) <= one.limit || longest is 1 or int.MaxValue);
            if (longest != int.MaxValue)
                Assert.True(Encoding.UTF8.GetByteCount(Capped(JsonNode.Parse(one.json), longest + 1)!.ToJsonString(Relaxed)) > one.limit || longest == 1);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Cutting_twice_is_cutting_once()
    {
        var cases = from json in Documents from first in Gen.Choose(1, 500) from second in Gen.Choose(1, first) select (json, first, second);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (kept, cut) = JsonCut.To(Limit(one.first), one.json, null);

            Assert.Equal(JsonCut.To(Limit(one.second), one.json, null), JsonCut.To(Limit(one.second), kept, cut));
            Assert.Equal((kept, cut), JsonCut.To(Limit(one.first), kept, cut));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }

    [Fact]
    public void Cutting_twice_is_cutting_once_however_long_names_are()
    {
        var cases = from json in LongNames from first in Gen.Choose(1, 40_000) from second in Gen.Choose(1, first) select (json, first, second);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (kept, cut) = JsonCut.To(Limit(one.first), one.json, null);

            Assert.Equal(JsonCut.To(Limit(one.second), one.json, null), JsonCut.To(Limit(one.second), kept, cut));
            Assert.True(cut is null || cut.Lists.Sum(list => Encoding.UTF8.GetByteCount(list.At)) <= ResultCut.MaxPointerBytes);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void Cutting_twice_is_cutting_once_where_strings_are_cut_too()
    {
        var cases = from json in LongTexts from first in Gen.Choose(300, 8_000) from second in Gen.Choose(300, first) select (json, first, second);
        Prop.ForAll(cases.ToArbitrary(), one =>
        {
            var (kept, cut) = JsonCut.To(Texts(one.first), one.json, null);

            Assert.Equal(JsonCut.To(Texts(one.second), one.json, null), JsonCut.To(Texts(one.second), kept, cut));
            Assert.True(JsonCut.To(Texts(one.first), kept, cut) == (kept, cut));
            JsonNode.Parse(kept!);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

        static ResultLimit Texts(int bytes) => new(bytes, bytes, int.MaxValue);
    }

    [Fact]
    public void A_long_name_around_many_arrays_is_not_repeated()
    {
        var lists = string.Join(',', Enumerable.Range(0, 120).Select(i => $"\"l{i}\":[{string.Join(',', Enumerable.Range(0, 200))}]"));
        var json = $"{{\"short\":[1,2,3],\"{new string('n', 500_000)}\":{{{lists}}}}}";

        var (some, first) = JsonCut.To(Limit(550_000), json, null);
        var (kept, cut) = JsonCut.To(Limit(510_000), some, first);

        Assert.Equal((0, 120), (first!.Lists.Count, first.MoreLists));
        Assert.Equal(first, cut);
        Assert.InRange(kept!.Length, 500_000, 510_000);
        Assert.Equal(JsonCut.To(Limit(510_000), json, null), (kept, cut));
    }

    [Fact]
    public void A_name_that_an_object_has_twice_does_not_keep_a_result_from_being_cut_again()
    {
        const string Json = """{"a":[1,2,3,4,5,6,7,8,9],"a":[1,2,3,4,5,6,7,8,9]}""";
        var (some, first) = JsonCut.To(Limit(40), Json, null);

        var (kept, cut) = JsonCut.To(Limit(30), some, first);

        Assert.Equal(2, first!.Lists.Count);
        Assert.InRange(kept!.Length, 1, 30);
        Assert.Equal(2, cut!.Lists.Count);
    }

    [Fact]
    public void The_arrays_that_are_named_stay_those_of_the_whole_however_many_there_are()
    {
        var lists = string.Join(',', Enumerable.Range(0, 150).Select(i => $"[{string.Join(',', Enumerable.Range(0, 200 + (i % 7)))}]"));
        var json = $$"""{"a":[{{lists}}],"b":[[1,2,3,4,5,6],[1,2,3,4,5,6]]}""";
        var (some, first) = JsonCut.To(Limit(50_000), json, null);
        var (_, twice) = JsonCut.To(Limit(300), some, first);
        var (_, once) = JsonCut.To(Limit(300), json, null);

        Assert.Equal(once, twice);
        Assert.Equal(ResultCut.MaxLists, first!.Lists.Count);
        Assert.True(first.MoreLists > 0);
        Assert.Equal("/a", first.Lists[0].At);
        Assert.Contains(once!.Lists, list => list.At == "/a");
    }

    [Fact]
    public void The_verdict_of_an_audit_of_3000_frames_stays()
    {
        var frame = """{"details":[{"label":"normal","score":0.99121,"suggestion":"pass"}],"offset":5000,"suggestion":"pass"}""";
        var frames = string.Join(',', Enumerable.Repeat(frame, 3000));
        var json = $$$"""{"code":200,"scenes":{"pulp":{"cuts":[{{{frames}}}],"suggestion":"block"}},"suggestion":"block"}""";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        using var result = JsonDocument.Parse(kept!);
        Assert.Equal("block", result.RootElement.GetProperty("suggestion").GetString());
        Assert.Equal("block", result.RootElement.GetProperty("scenes").GetProperty("pulp").GetProperty("suggestion").GetString());
        Assert.InRange(kept!.Length, 250_000, 256 * 1024);
        var left = result.RootElement.GetProperty("scenes").GetProperty("pulp").GetProperty("cuts").GetArrayLength();
        Assert.Equal([new("/scenes/pulp/cuts", 3000 - left)], cut!.Lists);
        Assert.Equal(ResultCut.HashOf(json), cut.Whole);
    }

    [Fact]
    public void A_name_in_a_pointer_is_escaped()
    {
        var (_, cut) = JsonCut.To(Limit(20), """{"a/b~":{"":[1,2,3,4,5,6,7,8,9]}}""", null);

        Assert.Equal("/a~1b~0/", Assert.Single(cut!.Lists).At);
    }

    [Theory]
    [InlineData(300_000)]
    [InlineData(1_000_000)]
    public void A_long_string_is_a_scalar_and_stays_whole(int length)
    {
        var json = $$"""{"a":[{{string.Join(',', Enumerable.Range(0, 100))}}],"text":"{{new string('x', length)}}","verdict":"block"}""";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        Assert.Equal($$"""{"a":[0],"text":"{{new string('x', length)}}","verdict":"block"}""", kept);
        Assert.Equal([new("/a", 99)], cut!.Lists);
        Assert.Null(cut.TextBytes);
    }

    [Fact]
    public void Beyond_a_mebibyte_the_longest_strings_are_shortened_and_the_others_stay()
    {
        var json = $$"""{"a":"{{new string('长', 500_000)}}","b":"{{string.Concat(Enumerable.Repeat("\\ud83d\\ude00", 100_000))}}","c":"{{new string('y', 2_000)}}","verdict":"block"}""";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        Assert.InRange(Encoding.UTF8.GetByteCount(kept!), 1_000_000, 1024 * 1024);
        using var result = JsonDocument.Parse(kept!);
        Assert.Equal(("block", 2_000), (result.RootElement.GetProperty("verdict").GetString(), result.RootElement.GetProperty("c").GetString()!.Length));
        Assert.EndsWith("长", result.RootElement.GetProperty("a").GetString(), StringComparison.Ordinal);
        Assert.EndsWith("\U0001F600", result.RootElement.GetProperty("b").GetString(), StringComparison.Ordinal);
        Assert.InRange(cut!.TextBytes!.Value, 500_000, 530_000);
        Assert.Empty(cut.Lists);

        var smaller = ResultLimit.Of(FactsCut.Results);
        Assert.Equal(JsonCut.To(smaller, json, null), JsonCut.To(smaller, kept, cut));
    }

    [Fact]
    public void An_object_loses_no_member_unless_nothing_of_it_can_be_kept()
    {
        var json = $$"""{{{string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"m{i}\":{i}"))}}}""";

        Assert.Equal((json, null), JsonCut.To(ResultLimit.Kept, json, null));
        Assert.Equal((json, null), JsonCut.To(ResultLimit.Of(FactsCut.SmallResults), json, null));
        Assert.Equal((null, new ResultCut { Whole = ResultCut.HashOf(json), Dropped = true }), JsonCut.To(ResultLimit.Of(FactsCut.Details), json, null));
    }

    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ResultLimit Limit(int bytes) => new(bytes, int.MaxValue, int.MaxValue);

    private static Gen<string> Document(int depth) => Document(depth, Gen.Constant(0));

    private static Gen<string> Document(int depth, Gen<int> nameLengths) => depth == 0 ? Scalars : Gen.Frequency(
        (1, Scalars),
        (3, from count in Gen.Choose(0, 9) from elements in Document(depth - 1, nameLengths).ListOf(count) select $"[{string.Join(',', elements)}]"),
        (2, from count in Gen.Choose(0, 3) from members in Document(depth - 1, nameLengths).ListOf(count) from length in nameLengths select $"{{{string.Join(',', members.Select((member, i) => $"\"m{i}/~{new string('n', length)}\":{member}"))}}}"));

    private static JsonNode At(JsonNode? node, string pointer) => pointer.Split('/').Skip(1)
        .Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))
        .Aggregate(node, (at, step) => at is JsonArray list ? list[int.Parse(step, System.Globalization.CultureInfo.InvariantCulture)] : at![step])!;

    private static JsonNode? Capped(JsonNode? node, int longest) => node switch
    {
        JsonArray list => new JsonArray([.. list.Take(longest).Select(element => Capped(element, longest))]),
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Capped(member.Value, longest)))),
        _ => node?.DeepClone(),
    };

    private static void AssertBeginning(JsonNode? whole, JsonNode? kept, string at, Dictionary<string, int> gone)
    {
        switch (whole, kept)
        {
            case (JsonArray all, JsonArray some):
                Assert.True(all.Count == 0 || some.Count > 0);
                if (some.Count < all.Count)
                    gone[at] = all.Count - some.Count;
                for (var i = 0; i < some.Count; i++)
                    AssertBeginning(all[i], some[i], $"{at}/{i}", gone);
                break;
            case (JsonObject all, JsonObject some):
                Assert.Equal(all.Select(member => member.Key), some.Select(member => member.Key));
                foreach (var (name, value) in all)
                    AssertBeginning(value, some[name], $"{at}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}", gone);
                break;
            default:
                Assert.True(JsonNode.DeepEquals(whole, kept));
                break;
        }
    }
}

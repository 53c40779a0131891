using System.Text;
using System.Text.Json;
using FopWatch.Jobs;
using static FopWatch.Core.Tests.Jobs.ShortenedJson;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Cutting strings, names and numbers that are too long.</summary>
public class JsonCutTextTests
{
    [Theory]
    [InlineData(300_000, """["a","b","c"]""")]
    [InlineData(1_000_000, "[1,2,3,[4,5,[6,7]]]")]
    [InlineData(2_000_000, """[{"labels":[1,2]},{"labels":[3,4]}]""")]
    public void Lists_stay_whole_if_a_long_string_is_what_does_not_fit(int length, string list)
    {
        var json = $$"""{"list":{{list}},"text":"{{new string('x', length)}}","verdict":"block"}""";
        foreach (var limit in ResultLimit.All)
        {
            var (kept, cut) = JsonCut.To(limit, json, null);

            Assert.Equal(limit, kept!.Length);
            var left = limit - $$"""{"list":{{list}},"text":"","verdict":"block"}""".Length;
            Assert.Equal($$"""{"list":{{list}},"text":"{{new string('x', left)}}","verdict":"block"}""", kept);
            Assert.Equal([new("/text") { TextBytes = left }], cut!.Parts);
        }
    }

    [Theory]
    [InlineData("x", 1)]
    [InlineData("长", 3)]
    [InlineData("😀", 4)]
    [InlineData("\\n", 1)]
    [InlineData("\\u00e9", 2)]
    [InlineData("\\u957f", 3)]
    [InlineData("\\ud83d\\ude00", 4)]
    public void Text_is_measured_in_bytes_and_its_characters_stay_whole(string character, int bytes)
    {
        var json = $$"""{"text":"{{string.Concat(Enumerable.Repeat(character, 2_000))}}","verdict":"block"}""";

        var (kept, cut) = JsonCut.Once(1000, json, null);

        var text = JsonElement.Parse(kept!).GetProperty("text").GetString()!;
        var whole = JsonElement.Parse(json).GetProperty("text").GetString()!;
        Assert.StartsWith(text, whole, StringComparison.Ordinal);
        Assert.Equal(new PartCut("/text") { TextBytes = Encoding.UTF8.GetByteCount(text) }, Assert.Single(cut!.Parts));
        Assert.Equal(0, Encoding.UTF8.GetByteCount(text) % bytes);
        Assert.InRange(Length(kept!), 1000 - Encoding.UTF8.GetByteCount(character) + 1, 1000);
    }

    [Theory]
    [InlineData("\\ud83d")]
    [InlineData("\\ud83dxxxx\\n")]
    [InlineData("\\ud83d\\ud83d\\ude00")]
    [InlineData("\\ude00\\\\")]
    public void A_lone_surrogate_never_leaves_half_an_escape(string character)
    {
        var json = $"\"{string.Concat(Enumerable.Repeat(character, 100))}\"";
        for (var limit = 2; limit < 100; limit++)
        {
            var (kept, _) = JsonCut.Once(limit, json, null);

            Assert.InRange(kept!.Length, Math.Max(2, limit - 12), limit);
            Assert.StartsWith(kept[..^1], json, StringComparison.Ordinal);
            JsonElement.Parse(kept);
        }
    }

    [Fact]
    public void Long_strings_share_the_space_that_short_members_leave()
    {
        var json = $$"""{"a":"{{new string('a', 500_000)}}","b":"{{new string('b', 400_000)}}","c":"{{new string('c', 2_000)}}","verdict":"block"}""";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        var result = JsonElement.Parse(kept!);
        var (a, b) = (result.GetProperty("a").GetString()!.Length, result.GetProperty("b").GetString()!.Length);
        Assert.Equal(256 * 1024, kept!.Length);
        Assert.InRange(a - b, 0, 1);
        Assert.Equal((2_000, "block"), (result.GetProperty("c").GetString()!.Length, result.GetProperty("verdict").GetString()));
        Assert.Equal([new("/a") { TextBytes = a }, new("/b") { TextBytes = b }], cut!.Parts);
    }

    [Fact]
    public void Long_names_are_not_repeated_for_everything_below_them()
    {
        var lists = string.Join(',', Enumerable.Range(0, 120).Select(i => $"\"l{i}\":{JsonCutTests.Numbers(200)}"));
        var json = $"{{\"short\":[1,2,3],\"{new string('n', 200_000)}\":{{{lists}}}}}";

        var (kept, cut) = JsonCut.To(ResultLimit.Kept, json, null);

        Assert.InRange(kept!.Length, 200_000, ResultLimit.Kept);
        Assert.Equal((0, 120), (cut!.Parts.Count, cut.Unnamed));

        // At the next limit not even the name fits.
        Assert.Equal(("""{"short":[1,2,3]}""", 1), (JsonCut.To(64 * 1024, json, null).Json, JsonCut.To(64 * 1024, json, null).Cut!.Unnamed));
    }

    [Theory]
    [InlineData("""{"a/b~":{"":[1,2,3,4,5,6,7,8,9]}}""", "/a~1b~0/")]
    [InlineData("""{"\u00e9":{"\"":[1,2,3,4,5,6,7,8,9]}}""", "/é/\"")]
    [InlineData("""[[[1,2,3,4,5,6,7,8,9]]]""", "/0/0")]
    public void A_pointer_has_unchanged_names_with_its_own_escapes(string json, string expected) =>
        Assert.Equal(expected, Assert.Single(CutNames.Add(
            new() { Whole = "" },
            JsonElement.Parse(json),
            JsonElement.Parse(json.Replace(",3,4,5,6,7,8,9", "", StringComparison.Ordinal)),
            ResultCut.MaxPointerBytes).Parts).At);

    [Fact]
    public void A_duplicate_name_in_an_object_does_not_prevent_another_cut()
    {
        var json = $$"""{"a":{{JsonCutTests.Numbers(100)}},"a":{{JsonCutTests.Numbers(100)}},"verdict":"block"}""";
        var (some, first) = JsonCut.Once(400, json, null);

        var (kept, cut) = JsonCut.Once(200, some, first);

        Assert.InRange(kept!.Length, 190, 200);
        Assert.EndsWith(""","verdict":"block"}""", kept, StringComparison.Ordinal);
        Assert.Equal("/a", Assert.Single(cut!.Parts).At);
    }

    [Fact]
    public void Only_a_number_that_is_too_long_is_removed_completely()
    {
        var json = new string('7', 2_000);

        Assert.Equal((null, new ResultCut { Whole = ResultCut.HashOf(json), Dropped = true }), JsonCut.To(1024, json, null));
        Assert.Equal("""{"b":1}""", JsonCut.To(1024, $$"""{"a":{{json}},"b":1}""", null).Json);
        Assert.Equal("[1]", JsonCut.To(1024, $"[1,{json},2]", null).Json);
    }
}

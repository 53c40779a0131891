using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Jobs;
using FsCheck;
using FsCheck.Fluent;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Documents to shorten, and the allowed results.</summary>
internal static class ShortenedJson
{
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly Gen<string> Scalars = Gen.Frequency(
        (6, Gen.Elements("1", "-2.5e3", "true", "null", "\"\"", "\"pass\"", "\"长😀\\\"\\\\\\u0001\"", "{}", "[]")),
        (1, Gen.Choose(0, 700).Select(length => $"\"{new string('t', length)}长😀\\n\"")));

    /// <summary>Up to a few hundred bytes.</summary>
    public static readonly Gen<string> Documents = Document(4, Scalars, Gen.Elements(0, 0, 0, 1, 80), 9).Select(Respelt);

    /// <summary>Up to some hundred KiB: strings, lists, objects and names of any length.</summary>
    public static readonly Gen<string> LargeDocuments =
        (from lengths in Gen.Elements(0, 10, 500, 5_000, 60_000, 300_000).ListOf(3)
         from count in Gen.Elements(0, 3, 300, 5_000)
         from names in Gen.Elements(0, 200, 3_000, 20_000)
         from document in Document(3, Scalars, Gen.Constant(names), 9)
         from more in Document(2, Scalars, Gen.Constant(0), 9)
         from isObject in Gen.Elements(true, false)
         select $$"""{"a":[{{string.Join(',', lengths.Select(length => $"\"{new string('t', length)}长😀\\n\""))}}],"b":{{document}},"c":{{Many(count, more, isObject)}},"d":"pass"}""")
        .Select(Respelt);

    public static int Length(string json) => Encoding.UTF8.GetByteCount(json);

    public static string WithLists(string json, int longest) => Capped(JsonNode.Parse(json), longest)?.ToJsonString(Relaxed) ?? "null";

    /// <summary>Asserts that a result was only shortened, and that exactly the differences for which there is room are named.</summary>
    public static void AssertNames(string whole, string kept, ResultCut? cut, int pointerBytes)
    {
        var gone = new Dictionary<string, PartCut>();
        AssertShortened(JsonNode.Parse(whole), JsonNode.Parse(kept), "", gone);

        Assert.Equal(gone.Count == 0, cut is null);
        if (cut is null)
            return;
        Assert.All(cut.Parts, part => Assert.Equal(cut.Unnamed > 0 && part.Elements is null ? gone[part.At] with { Elements = null } : gone[part.At], part));
        Assert.Distinct(cut.Parts.Select(part => part.At));
        Assert.True(cut.Unnamed > 0 || cut.Parts.Count == gone.Count);
        Assert.True(cut.Parts.Count <= ResultCut.MaxParts);
        Assert.True(cut.Parts.Sum(part => Length(part.At)) <= Math.Min(pointerBytes, ResultCut.MaxPointerBytes));
    }

    private static string Many(int count, string json, bool isObject) => isObject
        ? $"{{{string.Join(',', Enumerable.Range(0, count).Select(i => $"\"{i}\":{json}"))}}}"
        : $"[{string.Join(',', Enumerable.Repeat(json, count))}]";

    private static string Respelt(string json) => JsonNode.Parse(json)?.ToJsonString(Relaxed) ?? "null";

    private static Gen<string> Document(int depth, Gen<string> scalars, Gen<int> nameLengths, int most) => depth == 0 ? scalars : Gen.Frequency(
        (1, scalars),
        (3, from count in Gen.Choose(0, most)
            from elements in Document(depth - 1, scalars, nameLengths, most).ListOf(count)
            select $"[{string.Join(',', elements)}]"),
        (3, from count in Gen.Choose(0, most)
            from members in Document(depth - 1, scalars, nameLengths, most - 2).ListOf(count)
            from length in nameLengths
            select $"{{{string.Join(',', members.Select((member, i) => $"\"m{i}/~{new string('n', length)}\":{member}"))}}}"));

    private static JsonNode? Capped(JsonNode? node, int longest) => node switch
    {
        JsonArray list => new JsonArray([.. list.Take(longest).Select(element => Capped(element, longest))]),
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Capped(member.Value, longest)))),
        _ => node?.DeepClone(),
    };

    private static void AssertShortened(JsonNode? whole, JsonNode? kept, string at, Dictionary<string, PartCut> gone)
    {
        switch (whole, kept)
        {
            case (JsonArray all, JsonArray some):
                if (some.Count != all.Count)
                    gone[at] = new(at) { Elements = all.Count - some.Count };
                for (var i = 0; i < some.Count; i++)
                    AssertShortened(all[i], some[i], $"{at}/{i}", gone);
                break;
            case (JsonObject all, JsonObject some):
                Assert.Equal(all.Select(member => member.Key).Where(some.ContainsKey), some.Select(member => member.Key));
                foreach (var (name, value) in all)
                {
                    var pointer = $"{at}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
                    if (some.ContainsKey(name))
                        AssertShortened(value, some[name], pointer, gone);
                    else
                        gone[pointer] = new(pointer) { Dropped = true };
                }

                break;
            case (JsonValue all, JsonValue some) when all.GetValueKind() == JsonValueKind.String && some.GetValueKind() == JsonValueKind.String:
                var text = some.GetValue<string>();
                Assert.StartsWith(text, all.GetValue<string>(), StringComparison.Ordinal);
                if (text != all.GetValue<string>())
                    gone[at] = new(at) { TextBytes = Length(text) };
                break;
            default:
                Assert.True(JsonNode.DeepEquals(whole, kept));
                break;
        }
    }
}

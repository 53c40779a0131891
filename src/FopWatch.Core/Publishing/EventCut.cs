using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Publishing;

/// <summary>Shortens events that are too large for a broker or a store. State and counts stay right, and the event lists what was removed.</summary>
/// <remarks>It edits the JSON, because deserialized records would lose members that other versions wrote.</remarks>
public static class EventCut
{
    // Longer than any object key or other value in practice. A provider may answer anything.
    private const int LongestText = 1024;

    private static readonly string[] ProviderTexts = ["bucket", "key", "pipeline", "requestId", "taskFrom"];

    private static readonly FactsCut[] Cuts = [FactsCut.Results, FactsCut.SmallResults, FactsCut.Outputs, FactsCut.Details];

    // The encoder with which events are written.
    private static readonly JsonSerializerOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Increasingly shorter forms of the event; the last has no items. None has provider texts that are too long to be genuine. The same event always gives the
    /// same bytes.
    /// </summary>
    /// <param name="body">The whole event, as UTF-8 JSON.</param>
    public static IEnumerable<JsonObject> Shorter(ReadOnlyMemory<byte> body)
    {
        // Events of earlier versions may contain lone surrogates and duplicate names. JsonNode throws for both.
        var cloudEvent = JsonNode.Parse(JsonText.Rewrite(body.Span, text => text, _ => false))!.AsObject();
        var job = cloudEvent["data"]!.AsObject();
        job["truncated"] = true;
        foreach (var name in ProviderTexts)
        {
            if (job[name] is JsonValue text && text.GetValueKind() == JsonValueKind.String && text.GetValue<string>().Length > LongestText)
                job.Remove(name);
        }

        foreach (var cut in Cuts)
        {
            foreach (var item in job["items"] as JsonArray ?? [])
            {
                if (item is JsonObject one)
                    Cut(one, cut);
            }

            yield return cloudEvent;
        }

        job["items"] = new JsonArray();
        yield return cloudEvent;
    }

    /// <summary>An event as UTF-8 JSON.</summary>
    public static byte[] ToBody(JsonObject cloudEvent) => JsonSerializer.SerializeToUtf8Bytes(cloudEvent, Relaxed);

    private static void Cut(JsonObject item, FactsCut cut)
    {
        var gone = (item["truncated"] as JsonArray)?.OfType<JsonObject>().ToList() ?? [];
        CutResult(item, cut, gone);
        CutOutputs(item, cut >= FactsCut.Details ? 0 : cut >= FactsCut.Outputs ? JobFacts.OutputsKept : int.MaxValue, gone);
        if (cut >= FactsCut.Details && item["error"] is JsonValue error && error.GetValue<string>() is { Length: > ItemFacts.ErrorKept } text)
        {
            item["error"] = ItemFacts.Shortened(text);
            gone.RemoveAll(entry => At(entry) == "/error");
            gone.Add(new() { ["at"] = "/error" });
        }

        if (gone.Count > 0)
            item["truncated"] = new JsonArray([.. gone.Select(entry => entry.DeepClone())]);
    }

    private static void CutResult(JsonObject item, FactsCut level, List<JsonObject> gone)
    {
        if (item["result"] is not { } result)
            return;

        var ofResult = gone.Where(entry => At(entry).StartsWith("/result", StringComparison.Ordinal)).ToList();
        var before = ofResult.Count == 0 ? null : new ResultCut
        {
            Whole = "",
            Parts = [.. ofResult.Where(entry => !IsMore(entry)).Select(entry => new PartCut(At(entry)["/result".Length..])
            {
                Elements = (int?)entry["elements"],
                TextBytes = (int?)entry["textBytes"],
                Dropped = (bool?)entry["dropped"] == true,
            })],
            Unnamed = ofResult.Count(IsMore),
        };
        var json = result.ToJsonString(Relaxed);
        var (kept, cut) = JsonCut.To(ResultLimit.Of(level), json, before);
        if (kept == json)
            return;

        item.Remove("result");
        if (kept is not null)
            item["result"] = JsonNode.Parse(kept);
        gone.RemoveAll(ofResult.Contains);
        gone.AddRange(JobEvents.GoneOf(cut!).Select(entry => JsonSerializer.SerializeToNode(entry, Contracts.ContractsJson.Wire.JobTruncation)!.AsObject()));
    }

    private static void CutOutputs(JsonObject item, int most, List<JsonObject> gone)
    {
        if (item["outputs"] is not JsonArray outputs || outputs.Count <= most)
            return;

        var known = gone.Find(entry => At(entry) == "/outputs");
        var elements = outputs.Count - most + (known is null ? 0 : (int?)known["elements"]);
        gone.RemoveAll(entry => entry == known);
        var entry = new JsonObject { ["at"] = "/outputs" };
        if (elements is not null)
            entry["elements"] = elements;
        gone.Add(entry);
        item["outputs"] = new JsonArray([.. outputs.Take(most).Select(output => output?.DeepClone())]);
    }

    // Earlier versions counted arrays without naming them.
    private static bool IsMore(JsonObject entry) => entry["more"] is not null || entry["arrays"] is not null;

    private static string At(JsonObject entry) => (string?)entry["at"] ?? "";
}

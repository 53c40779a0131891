using System.Text.Json;

namespace FopWatch.Simulator.Tests;

/// <summary>Jobs for tests, and access to reports about them.</summary>
internal static class SimulatedJobs
{
    /// <summary>A job of two commands that takes a minute, starts after 10 seconds and ends its first command after 30.</summary>
    public static SimulatedJob Job(BodyShape shape, FaultPlan? faults = null, int seed = 7, params ItemFate[] fates)
    {
        fates = fates is [] ? [ItemFate.Succeeded, ItemFate.Succeeded] : fates;
        return new()
        {
            Seed = seed,
            Id = $"z0.{shape}{seed}",
            Shape = shape,
            ProcessingAfter = TimeSpan.FromSeconds(10),
            DoneAfter = TimeSpan.FromMinutes(1),
            Signing = shape is BodyShape.WangsuFmgr or BodyShape.WangsuFops ? SigningScheme.Wangsu : SigningScheme.Qiniu,
            Faults = faults ?? FaultPlan.None,
            Items =
            [
                .. fates.Select((fate, i) => new SimulatedItem
                {
                    Command = $"avthumb/mp4/vb/{i}k",
                    Fate = fate,
                    Error = fate == ItemFate.Failed ? "not a valid media" : null,
                    Outputs = fate == ItemFate.Succeeded ? [new("media", $"out{i}.mp4", "FuYTrVLG2sQd3Tic6cRWB6y3l7y5", 1000 + i)] : [],
                    StartedAfter = TimeSpan.FromSeconds(i == 0 ? 10 : 20 + (10 * i)),
                    FinishedAfter = i == fates.Length - 1 ? null : TimeSpan.FromSeconds(30 + (10 * i)),
                }),
            ],
        };
    }

    public static bool IsWangsu(BodyShape shape) => shape is BodyShape.WangsuFmgr or BodyShape.WangsuFops;

    /// <summary>A code that may be a number or a string.</summary>
    public static int Code(this JsonElement element, string name = "code")
    {
        var value = element.GetProperty(name);
        return value.ValueKind == JsonValueKind.String
            ? int.Parse(value.GetString()!, System.Globalization.CultureInfo.InvariantCulture)
            : value.GetInt32();
    }

    /// <summary>The code of each command.</summary>
    public static Dictionary<string, int> ItemCodes(this JsonElement body) =>
        body.GetProperty("items").EnumerateArray().ToDictionary(item => item.GetProperty("cmd").GetString()!, item => item.Code());
}

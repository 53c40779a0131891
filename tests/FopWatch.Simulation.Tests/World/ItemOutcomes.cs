using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Simulator;

namespace FopWatch.Simulation.Tests.World;

/// <summary>How the items of a job ended, in a fixed order, each with its outputs and its verdict; without items that never ran.</summary>
internal static class ItemOutcomes
{
    /// <summary>The recorded outcome.</summary>
    public static IReadOnlyList<string> Of(Job job) =>
    [
        .. job.Facts.Items
            .Where(item => item.State is not (ItemState.Skipped or ItemState.Unknown))
            .Select(item => Describe(item.State.ToString(), item.Outputs.Select(output => output.Key ?? ""), SuggestionOf(item.Result)))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>The true outcome.</summary>
    public static IReadOnlyList<string> Of(SimulatedJob job) =>
    [
        .. (job with { Unobtainable = false }).ExpectedItems
            .Where(item => item.State != "skipped")
            .Select(item => Describe(item.State, item.OutputKeys, item.Suggestion))
            .Order(StringComparer.Ordinal),
    ];

    private static string Describe(string state, IEnumerable<string> outputs, string? suggestion) =>
        $"{state.ToLowerInvariant()} [{string.Join(", ", outputs.Order(StringComparer.Ordinal))}] {suggestion}";

    private static string? SuggestionOf(string? result)
    {
        if (result is null)
            return null;

        using var json = JsonDocument.Parse(result);
        return json.RootElement.TryGetProperty("result", out var audit) ? audit.GetProperty("suggestion").GetString() : null;
    }
}

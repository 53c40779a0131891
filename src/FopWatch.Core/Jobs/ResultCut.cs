using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace FopWatch.Jobs;

/// <summary>A part of a result that was shortened or left out.</summary>
/// <param name="At">Where it is in the result: a JSON pointer (RFC 6901).</param>
public sealed record PartCut(string At)
{
    /// <summary>How many elements are gone from the end of an array; null if that is not known, or it is not an array.</summary>
    public int? Elements { get; init; }

    /// <summary>How many bytes of UTF-8 are left of a string; null if it is not a string.</summary>
    public int? TextBytes { get; init; }

    /// <summary>Whether nothing of it is left.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Dropped { get; init; }
}

/// <summary>What is gone of the result of an item, because the whole was too long.</summary>
public sealed record ResultCut
{
    /// <summary>The most parts that are named. A result may have as many as it has bytes.</summary>
    public const int MaxParts = 100;

    /// <summary>The most bytes that the pointers to named parts have together. A name may be as long as a result.</summary>
    public const int MaxPointerBytes = 16 * 1024;

    /// <summary>The hash of the whole result, by which a result that was cut is known to be the same as one that was not.</summary>
    public required string Whole { get; init; }

    /// <summary>
    /// What was shortened or left out, within <see cref="MaxParts"/>, <see cref="MaxPointerBytes"/> and a quarter of the limit; the parts nearest
    /// to the root first. Earlier versions stored arrays only.
    /// </summary>
    [JsonPropertyName("lists")]
    public EquatableList<PartCut> Parts { get; init; } = [];

    /// <summary>The number of parts that the most recent incomplete list of names left out.</summary>
    [JsonPropertyName("moreLists")]
    public int Unnamed { get; init; }

    /// <summary>To how many bytes, as JSON spells them, earlier versions shortened longer strings; null if they shortened none.</summary>
    public int? TextBytes { get; init; }

    /// <summary>Whether nothing of the result is left.</summary>
    public bool Dropped { get; init; }

    /// <summary>The hash of a result.</summary>
    public static string HashOf(string json) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)).AsSpan(0, 16));
}

/// <summary>How long a result may be, in bytes of UTF-8 JSON.</summary>
internal static class ResultLimit
{
    /// <summary>What is kept of every result, whatever the store.</summary>
    public const int Kept = 256 * 1024;

    private const int Results = 64 * 1024;
    private const int SmallResults = 8 * 1024;
    private const int Details = 1024;

    /// <summary>All limits, in the order in which results are cut to them.</summary>
    public static ReadOnlySpan<int> All => [Kept, Results, SmallResults, Details];

    /// <summary>The limit of a cut.</summary>
    public static int Of(FactsCut cut) => cut switch
    {
        < FactsCut.Results => Kept,
        FactsCut.Results => Results,
        < FactsCut.Details => SmallResults,
        _ => Details,
    };
}

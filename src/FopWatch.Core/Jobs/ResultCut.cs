using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;

namespace FopWatch.Jobs;

/// <summary>A part of a result that was shortened or left out.</summary>
/// <param name="At">The position in the result, as a JSON pointer (RFC 6901).</param>
public sealed record PartCut(string At)
{
    /// <summary>How many elements were removed from the end of an array; null if unknown, or if it is not an array.</summary>
    public int? Elements { get; init; }

    /// <summary>The remaining length of a string, in bytes of UTF-8; null if it is not a string.</summary>
    public int? TextBytes { get; init; }

    /// <summary>Whether the whole part was removed.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Dropped { get; init; }
}

/// <summary>The removed parts of a result that was too long.</summary>
public sealed record ResultCut
{
    /// <summary>The most parts that are listed. A result may have as many parts as bytes.</summary>
    public const int MaxParts = 100;

    /// <summary>The most bytes of all pointers to listed parts. A name may be as long as a result.</summary>
    public const int MaxPointerBytes = 16 * 1024;

    /// <summary>The hash of the whole result, which identifies a cut result with the uncut one.</summary>
    public required string Whole { get; init; }

    /// <summary>
    /// The parts that were shortened or left out, nearest to the root first, within <see cref="MaxParts"/>, <see cref="MaxPointerBytes"/> and a quarter
    /// of the limit. Earlier versions stored only arrays.
    /// </summary>
    [JsonPropertyName("lists")]
    public EquatableList<PartCut> Parts { get; init; } = [];

    /// <summary>The number of parts that the last incomplete list left out.</summary>
    [JsonPropertyName("moreLists")]
    public int Unnamed { get; init; }

    /// <summary>The length to which earlier versions shortened longer strings, in bytes of JSON; null if they shortened none.</summary>
    public int? TextBytes { get; init; }

    /// <summary>Whether the whole result was removed.</summary>
    public bool Dropped { get; init; }

    /// <summary>The hash of a result.</summary>
    public static string HashOf(string json) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)).AsSpan(0, 16));
}

/// <summary>The limits of results, in bytes of UTF-8 JSON.</summary>
internal static class ResultLimit
{
    /// <summary>The limit of every result, whatever the store.</summary>
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

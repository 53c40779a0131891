using System.Security.Cryptography;
using System.Text;

namespace FopWatch.Jobs;

/// <summary>An array of a result that was cut.</summary>
/// <param name="At">Where it is in the result: a JSON pointer (RFC 6901).</param>
/// <param name="Elements">How many elements are gone from its end.</param>
public sealed record ListCut(string At, int Elements);

/// <summary>What is gone of the result of an item, because the whole was too long.</summary>
public sealed record ResultCut
{
    /// <summary>The most arrays that are named. A result may have as many as it has bytes.</summary>
    public const int MaxLists = 100;

    /// <summary>The most bytes that the pointers to named arrays have together, names as JSON spells them. A name may be as long as a result.</summary>
    public const int MaxPointerBytes = 16 * 1024;

    /// <summary>The hash of the whole result, by which a result that was cut is known to be the same as one that was not.</summary>
    public required string Whole { get; init; }

    /// <summary>
    /// The arrays that were cut, within <see cref="MaxLists"/> and <see cref="MaxPointerBytes"/>: those that the shortest cut would leave come
    /// first, so that a further cut takes from the end of this list.
    /// </summary>
    public EquatableList<ListCut> Lists { get; init; } = [];

    /// <summary>How many more arrays were cut.</summary>
    public int MoreLists { get; init; }

    /// <summary>The length, in bytes of JSON, to which longer strings were cut; null if none was.</summary>
    public int? TextBytes { get; init; }

    /// <summary>Whether nothing of the result is left.</summary>
    public bool Dropped { get; init; }

    /// <summary>The hash of a result.</summary>
    public static string HashOf(string json) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(json)).AsSpan(0, 16));
}

/// <summary>How long a result may be, in bytes of UTF-8 JSON.</summary>
/// <param name="Arrays">Beyond this, arrays are cut; each keeps its first element.</param>
/// <param name="Texts">Strings are cut only if cutting arrays leaves the result above this limit.</param>
/// <param name="Most">Beyond this, the result is dropped.</param>
public readonly record struct ResultLimit(int Arrays, int Texts, int Most)
{
    /// <summary>What is kept of every result, whatever the store.</summary>
    public static readonly ResultLimit Kept = new(256 * 1024, 1024 * 1024, int.MaxValue);

    /// <summary>What a cut keeps; each keeps less than the one before.</summary>
    public static ResultLimit Of(FactsCut cut) => cut switch
    {
        < FactsCut.Results => Kept,
        FactsCut.Results => new(64 * 1024, 256 * 1024, int.MaxValue),
        < FactsCut.Details => new(8 * 1024, 32 * 1024, int.MaxValue),
        _ => new(1024, 1024, 64 * 1024),
    };
}

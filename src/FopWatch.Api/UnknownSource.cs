using FopWatch.Providers;
using FopWatch.Wording;

namespace FopWatch.Api;

/// <summary>Words for a source that is not configured, or that the caller may not see.</summary>
internal static class UnknownSource
{
    private const int MostNames = 10;
    private const int LongestName = 64;

    /// <summary>The problem of a parameter.</summary>
    /// <param name="given">The value.</param>
    /// <param name="visible">The sources that the caller sees.</param>
    public static ProblemElement Parameter(string given, Sources visible) => new("source", $"{Quoted(given)} is not the name of a configured source{Others(visible)}.");

    /// <summary>The value, cut to the length of the longest name.</summary>
    public static string Quoted(string given) => $"'{TextCut.Of(given, LongestName + 1)}'";

    /// <summary>The names that would be right, as the end of a sentence.</summary>
    public static Sentence Others(Sources visible)
    {
        var names = visible.All.Select(source => source.Name).Order(StringComparer.Ordinal).ToList();
        return names.Count == 0 ? (Sentence)$""
            : names is [var only] ? (Sentence)$"; the source is {only}"
            : (Sentence)$"; the sources are {string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? " …" : "")}";
    }
}

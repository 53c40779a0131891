using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FopWatch.Infra.Tests;

/// <summary>The files of this repository, with the line endings that the patterns expect.</summary>
internal static class Repository
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    /// <summary>Every template and parameter file below infra/ by its relative path.</summary>
    public static IReadOnlyDictionary<string, string> Bicep { get; } = Directory
        .EnumerateFiles(PathOf("infra"), "*", SearchOption.AllDirectories)
        .Where(path => Path.GetExtension(path) is ".bicep" or ".bicepparam")
        .ToDictionary(
            path => Path.GetRelativePath(PathOf("infra"), path).Replace('\\', '/'),
            path => File.ReadAllText(path).ReplaceLineEndings("\n"));

    public static JsonNode Host { get; } = JsonNode.Parse(Text("host.json"))!;

    public static string PathOf(string path) => Path.Combine(Root, path);

    public static string Text(string path) => File.ReadAllText(PathOf(path)).ReplaceLineEndings("\n");

    /// <summary>All C# code of a project.</summary>
    public static string Code(string project) => string.Join('\n', Directory
        .EnumerateFiles(PathOf(Path.Combine("src", project)), "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .Select(File.ReadAllText));

    /// <summary>The matches of a pattern's first group in a text.</summary>
    public static IReadOnlyList<string> Find(string text, [StringSyntax(StringSyntaxAttribute.Regex)] string pattern) =>
        [.. Regex.Matches(text, pattern).Select(match => match.Groups[1].Value)];

    private static string Here([CallerFilePath] string path = "") => path;
}

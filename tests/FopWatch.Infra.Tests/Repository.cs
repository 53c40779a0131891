using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace FopWatch.Infra.Tests;

/// <summary>The files of this repository.</summary>
internal static class Repository
{
    private static readonly string Root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, "..", ".."));

    public static string PathOf(string path) => Path.Combine(Root, path);

    public static string Text(string path) => File.ReadAllText(PathOf(path));

    public static BicepFile Bicep(string path) => FopWatch.Infra.Tests.Bicep.Read(PathOf(Path.Combine("infra", path)));

    /// <summary>Every template and parameter file below infra/, by its path from there.</summary>
    public static IReadOnlyDictionary<string, BicepFile> AllBicep { get; } = Directory
        .EnumerateFiles(PathOf("infra"), "*.bicep*", SearchOption.AllDirectories)
        .Where(path => path.EndsWith(".bicep", StringComparison.Ordinal) || path.EndsWith(".bicepparam", StringComparison.Ordinal))
        .ToDictionary(path => Path.GetRelativePath(PathOf("infra"), path).Replace('\\', '/'), FopWatch.Infra.Tests.Bicep.Read);

    /// <summary>The C# of a project, all of it.</summary>
    public static string Code(string project) => string.Join('\n', Directory
        .EnumerateFiles(PathOf(Path.Combine("src", project)), "*.cs", SearchOption.AllDirectories)
        .Where(path => !path.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)
        .Select(File.ReadAllText));

    /// <summary>What a pattern's first group finds in a text.</summary>
    public static IReadOnlyList<string> Find(string text, [StringSyntax(StringSyntaxAttribute.Regex)] string pattern) =>
        [.. Regex.Matches(text, pattern).Select(match => match.Groups[1].Value)];

    private static string Here([CallerFilePath] string path = "") => path;
}

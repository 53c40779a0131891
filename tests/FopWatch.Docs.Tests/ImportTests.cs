using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

/// <summary>The order of imports in every source file. Neither the build nor <c>dotnet format whitespace</c> checks it; <c>dotnet format</c> repairs it.</summary>
public sealed partial class ImportTests
{
    [Fact]
    public void The_imports_of_every_file_are_sorted()
    {
        var files = Repository.Files().Where(path => Path.GetExtension(path) == ".cs").ToList();
        var unsorted = files.Select(path => (path, Import: FirstUnsorted(File.ReadAllText(Repository.PathOf(path))))).Where(file => file.Import is not null);

        Assert.NotEmpty(files);
        Assert.Empty(unsorted);
    }

    [Theory]
    [InlineData(null, "using System;", "using System.Text;", "using Azure.Core;", "using Azure.Core.Pipeline;", "using AzureX;", "using static System.Math;", "using A = System.Int32;", "using B = (int X, int Y);")]
    [InlineData("using System;", "using Azure;", "using System;")]
    [InlineData("using System;", "using System.Text;", "using System;")]
    [InlineData("using Azure.Core;", "using System;", "using AzureX;", "using Azure.Core;")]
    [InlineData("using azure;", "using Bicep;", "using azure;")]
    [InlineData("using Azure;", "using static System.Math;", "using Azure;")]
    [InlineData("using static System.Math;", "using A = System.Int32;", "using static System.Math;")]
    [InlineData("using A = System.Int32;", "using B = System.Int32;", "using A = System.Int32;")]
    [InlineData("using A;", "// A comment.", "", "global using B;", "global using A;")]
    public void An_import_before_its_place_is_named(string? named, params string[] lines) =>
        Assert.Equal(named, FirstUnsorted(string.Join('\n', [.. lines, "", "namespace X;", "", "using var late = new A();"])));

    /// <summary>The first import that belongs before the one above it; null if all are sorted.</summary>
    private static string? FirstUnsorted(string text)
    {
        Match? last = null;
        foreach (Match import in Import().Matches(text))
        {
            if (last is not null && Compare(last, import) > 0)
                return import.Value.TrimEnd().Replace("global ", "", StringComparison.Ordinal);
            last = import;
        }

        return null;
    }

    private static int Compare(Match one, Match other)
    {
        var (rank, otherRank) = (Rank(one), Rank(other));
        return rank != otherRank ? rank - otherRank : CompareNames(one.Groups["name"].Value.Split('.'), other.Groups["name"].Value.Split('.'));
    }

    /// <summary>Namespaces, those of System first, then static classes, then aliases.</summary>
    private static int Rank(Match import) =>
        import.Groups["alias"].Success ? 4
        : (import.Groups["static"].Success ? 2 : 0) + (import.Groups["name"].Value.Split('.')[0] == "System" ? 0 : 1);

    private static int CompareNames(string[] one, string[] other)
    {
        for (var i = 0; i < Math.Min(one.Length, other.Length); i++)
        {
            if (StringComparer.OrdinalIgnoreCase.Compare(one[i], other[i]) is not 0 and var order)
                return order;
        }

        return one.Length - other.Length;
    }

    [GeneratedRegex(@"^(global )?using (?<static>static )?(?<name>[\w.]+)(?<alias> = .+)?;\r?$", RegexOptions.Multiline)]
    private static partial Regex Import();
}

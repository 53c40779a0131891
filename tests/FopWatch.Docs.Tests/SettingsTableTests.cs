using System.Text.RegularExpressions;
using FopWatch.Local.Hosting;
using FopWatch.Settings;

namespace FopWatch.Docs.Tests;

/// <summary>Compares the table of settings in docs/settings.md with the code that reads them.</summary>
public sealed partial class SettingsTableTests
{
    private const string Example = ":one";

    /// <summary>Full names of the documented settings of the embedded host, with examples for names chosen by the operator.</summary>
    public static TheoryData<string> Documented() =>
        [.. Rows().Where(row => row.Host is "both" or "embedded").Select(row => row.Name).Where(name => !name.EndsWith(Example, StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Documented))]
    public void A_documented_setting_is_known(string name)
    {
        var refused = Assert.Throws<SettingsException>(() => HostSettings.Read(
            Settings.Configuration($$"""{ "FopWatch": { "{{name}}": "<wrong on purpose>", "{{name}}x": "1" } }"""), HostSettings.DefaultUrls, HostSettings.DefaultData));

        Assert.DoesNotContain(refused.Problems, problem => problem.StartsWith($"FopWatch:{name} is not a setting", StringComparison.Ordinal));
        Assert.Contains(refused.Problems, problem => problem.StartsWith($"FopWatch:{name}x is not a setting", StringComparison.Ordinal));
    }

    /// <summary>Settings are read in files with this ending.</summary>
    [Fact]
    public void Every_setting_that_is_read_is_documented()
    {
        var read = Directory.EnumerateFiles(Repository.PathOf("src"), "*Settings.cs", SearchOption.AllDirectories)
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(part => part is "obj" or "bin") && Path.GetFileName(path) != "CloudSettings.cs")
            .SelectMany(path => ReadName().Matches(File.ReadAllText(path)))
            .Select(match => match.Groups[1].Value)
            .ToHashSet(StringComparer.Ordinal);

        Assert.Contains("MaxBodyBytes", read);
        Assert.Superset(read, Rows().SelectMany(row => row.Name.Split(':')).ToHashSet(StringComparer.Ordinal));
    }

    /// <summary>A row has <c>…:Poll:First</c> below one that has <c>Sources:&lt;name&gt;</c>.</summary>
    private static IEnumerable<(string Name, string Host)> Rows()
    {
        var above = "";
        foreach (Match row in Row().Matches(File.ReadAllText(Repository.PathOf("docs/settings.md"))))
        {
            var name = row.Groups["name"].Value.Replace(":<name>", Example, StringComparison.Ordinal);
            if (name[0] != '…')
                above = name;
            yield return (name.Replace("…", above, StringComparison.Ordinal), row.Groups["host"].Value);
        }
    }

    [GeneratedRegex(@"^\| `(?<name>(?:…:)?[A-Z][A-Za-z]*(?::[A-Za-z<>]+)*)` \|.*\| *(?<host>both|embedded|cloud) *\|$", RegexOptions.Multiline)]
    private static partial Regex Row();

    [GeneratedRegex(@"\b(?:reader|poll|above|hook)\.[A-Z][A-Za-z]*(?:<[A-Za-z]+>)?\(\s*""([A-Z][A-Za-z]+)""")]
    private static partial Regex ReadName();
}

using System.Text.RegularExpressions;

namespace FopWatch.Hostile.Tests;

/// <summary>The content of the repository, and what must not be in it.</summary>
public partial class RepositoryTests
{
    internal static readonly string Root = FindRoot();

    private static readonly string[] NotOurs = [".git", "bin", "obj", "node_modules", "fopwatch-data", "TestResults"];

    [Fact]
    public void Every_test_named_in_docs_threats_exists()
    {
        var named = TestName().Matches(File.ReadAllText(Path.Combine(Root, "docs", "threats.md"))).Select(match => (Class: match.Groups[1].Value, Method: match.Groups[2].Value)).ToList();
        var sources = Files("tests", "*.cs").Select(File.ReadAllText).ToList();

        Assert.True(named.Count > 20, "docs/threats.md should name more than 20 tests as `Class.Method`.");
        Assert.All(named, test => Assert.True(
            sources.Any(source =>
                Regex.IsMatch(source, $@"\bclass {test.Class}\b") && Regex.IsMatch(source, $@"\[(?:Fact|Theory)[^\n]*\][^{{]*\b{test.Method}\(")),
            $"{test.Class}.{test.Method} is in no test project."));
    }

    [Fact]
    public void No_file_contains_anything_that_looks_like_a_credential()
    {
        var found = new List<string>();
        var files = Files("", "*").Where(file => new FileInfo(file).Length < 2_000_000).ToList();
        foreach (var file in files)
        {
            foreach (Match match in Credential().Matches(File.ReadAllText(file)))
            {
                // The emulators' documented key and the word "secret" in Base64 are not credentials.
                if (!match.Value.Contains("c2VjcmV0", StringComparison.Ordinal) && !match.Value.Contains("SAS_KEY_VALUE", StringComparison.Ordinal))
                    found.Add($"{Path.GetRelativePath(Root, file)}: {match.Value[..Math.Min(24, match.Value.Length)]}…");
            }
        }

        Assert.True(files.Count > 200);
        Assert.Empty(found);
    }

    [Theory]
    [InlineData("AKIA" + "IOSFODNN7EXAMPLE")]
    [InlineData("-----BEGIN RSA " + "PRIVATE KEY-----")]
    [InlineData("Endpoint=sb://a.example/;SharedAccessKey" + "=0ujEjWvLRZxebsveBgqa3JyQw0ujEjWvLRZxebsve=")]
    [InlineData("DefaultEndpointsProtocol=https;AccountKey" + "=0ujEjWvLRZxebsveBgqa3JyQw0ujEjWvLRZxebsve==")]
    [InlineData("ghp_" + "0ujEjWvLRZxebsveBgqa3JyQw0ujEjWvLRZx")]
    public void The_search_for_credentials_finds_them(string credential) => Assert.Matches(Credential(), credential);

    private static IEnumerable<string> Files(string below, string pattern) => Directory
        .EnumerateFiles(Path.Combine(Root, below), pattern, new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint })
        .Where(file => !Path.GetRelativePath(Root, file).Split(Path.DirectorySeparatorChar).Intersect(NotOurs).Any());

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "FopWatch.slnx")))
                return folder;
        }

        throw new DirectoryNotFoundException("The tests do not run below the repository's folder.");
    }

    [GeneratedRegex(@"`(\w+Tests|\w+Properties|\w+Contract)\.(\w+)`")]
    private static partial Regex TestName();

    [GeneratedRegex(
        """
        AKIA[0-9A-Z]{16}|-----BEGIN\ [A-Z\ ]*PRIVATE\ KEY|gh[pousr]_[A-Za-z0-9]{36}|xox[baprs]-[A-Za-z0-9-]{10,}|eyJhbGciOi[\w-]{20,}\.
        |(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{20,}|[?&]sig=[A-Za-z0-9%]{30,}|InstrumentationKey=[0-9a-f-]{36}|npm_[A-Za-z0-9]{36}
        |oy2[a-z0-9]{43}|\bsk-[A-Za-z0-9]{32,}|AIza[\w-]{35}
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.CultureInvariant)]
    private static partial Regex Credential();
}

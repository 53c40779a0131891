namespace FopWatch.Docs.Tests;

/// <summary>Checks the spelling of the documents with cspell: British or American words and those of <c>tests/words.txt</c>.</summary>
public sealed class SpellingTests
{
    private static readonly string Checker = Repository.PathOf("tests/node_modules/cspell/bin.mjs");

    [Fact]
    public async Task Every_word_is_an_English_word_or_a_word_of_the_project()
    {
        Assert.SkipUnless(File.Exists(Checker) && Need.IsOnPath("node"), "cspell is not installed: npm ci --prefix tests");

        Assert.Equal((0, ""), await CheckAsync(Repository.Root, ["--unique", .. Documents()]));
    }

    [Fact]
    public async Task A_misspelt_word_is_found()
    {
        Assert.SkipUnless(File.Exists(Checker) && Need.IsOnPath("node"), "cspell is not installed: npm ci --prefix tests");
        using var folder = new TempFolder();
        var page = Path.Combine(folder.FullName, "page.md");
        await File.WriteAllTextAsync(page, "A notifcation of Qiniu arrives, whose `persistntId` is code.\n", TestContext.Current.CancellationToken);

        Assert.Equal((0, "notifcation\n"), await CheckAsync(folder.FullName, [page]));
    }

    private static IEnumerable<string> Documents() => Repository.Files()
        .Where(path => Path.GetExtension(path) == ".md")
        .Select(path => path.Replace('\\', '/'))
        .Where(path => !path.StartsWith("docs/zh/", StringComparison.Ordinal));

    private static async Task<(int? Exit, string Output)> CheckAsync(string root, IEnumerable<string> arguments)
    {
        await using var run = new RunningCommand(new(
            "node", [Checker, "lint", "--config", Repository.PathOf("tests/cspell.json"), "--root", root, "--no-progress", "--no-summary", "--words-only", "--no-exit-code", .. arguments])
        {
            WorkingDirectory = root,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        });
        var exit = await run.ExitAsync(TestContext.Current.CancellationToken);
        Assert.Empty(run.Errors);
        return (exit, run.Output);
    }
}

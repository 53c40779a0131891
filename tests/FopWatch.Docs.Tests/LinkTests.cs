using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

public sealed partial class LinkTests
{
    public static TheoryData<string> Documents() =>
        [.. Repository.Files().Where(path => Path.GetExtension(path) == ".md").Select(path => path.Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void A_link_leads_to_a_file_and_a_heading_of_the_repository(string document)
    {
        var broken = new List<string>();
        foreach (var target in LinksOf(document).Where(IsLocal))
        {
            var (path, anchor) = target.Split('#', 2) is [var file, var heading] ? (file, heading) : (target, null);
            var linked = path.Length == 0 ? document : Path.GetRelativePath(".", Path.Combine(Path.GetDirectoryName(document)!, path)).Replace('\\', '/');
            if (linked.StartsWith("..", StringComparison.Ordinal) || !Path.Exists(Repository.PathOf(linked)))
                broken.Add($"{target}: there is no {linked}");
            else if (anchor is not null && !Headings.Anchors(Text(linked)).Contains(anchor))
                broken.Add($"{target}: {linked} has no such heading");
        }

        Assert.Empty(broken);
    }

    [Theory]
    [MemberData(nameof(Documents))]
    public void A_page_has_one_title_at_its_start(string document)
    {
        var headings = Headings.Of(Text(document)).ToList();

        // An issue template has its title in its front matter.
        if (document.StartsWith(".github/", StringComparison.Ordinal))
            return;
        Assert.StartsWith("# ", Text(document), StringComparison.Ordinal);
        Assert.Single(headings, heading => heading.Level == 1);
    }

    /// <summary>Nobody finds a page without links to it.</summary>
    [Fact]
    public void Every_page_of_docs_is_linked_from_the_README()
    {
        var linked = LinksOf("README.md").Select(link => link.Split('#')[0]).ToHashSet(StringComparer.Ordinal);

        Assert.All(
            Documents().Select(row => row.Data).Where(path => path.StartsWith("docs/", StringComparison.Ordinal)),
            page => Assert.Contains(page, linked));
    }

    [Theory]
    [InlineData("## What the tables cost: a `poll`", "what-the-tables-cost-a-poll")]
    [InlineData("### 中文 标题", "中文-标题")]
    public void An_anchor_is_the_heading_without_punctuation(string heading, string anchor) => Assert.Contains(anchor, Headings.Anchors(heading));

    [Fact]
    public void Links_in_code_are_ignored() => Assert.Empty(Links("`[a](b)`\n```\n[c](d)\n```\n"));

    private static IEnumerable<string> LinksOf(string document) => Links(Text(document));

    private static IEnumerable<string> Links(string text) => Prose.Lines(text)
        .SelectMany(line => Link().Matches(Code().Replace(line, "``")))
        .Select(match => match.Groups[1].Value);

    private static bool IsLocal(string target) => !target.Contains("://", StringComparison.Ordinal) && !target.StartsWith("mailto:", StringComparison.Ordinal);

    private static string Text(string document) => File.ReadAllText(Repository.PathOf(document));

    [GeneratedRegex(@"\]\(<?([^)>\s]+)>?\)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex Code();
}

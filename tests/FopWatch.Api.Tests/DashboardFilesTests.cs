using System.Text;
using System.Text.RegularExpressions;

namespace FopWatch.Api.Tests;

public sealed partial class DashboardFilesTests
{
    private const int MostBytes = 150 * 1000;

    public static TheoryData<string> Paths => [.. DashboardFile.Paths.Order(StringComparer.Ordinal)];

    [Fact]
    public void All_files_together_are_small()
    {
        var bytes = DashboardFile.Paths.Sum(path => Bytes(path).Length);

        Assert.InRange(bytes, 1, MostBytes);
    }

    [Fact]
    public void There_is_an_index_page() => Assert.Contains("index.html", DashboardFile.Paths);

    [Theory]
    [MemberData(nameof(Paths))]
    public void No_page_has_inline_scripts_or_styles(string path)
    {
        if (!path.EndsWith(".html", StringComparison.Ordinal) && !path.EndsWith(".svg", StringComparison.Ordinal))
            return;
        var text = Encoding.UTF8.GetString(Bytes(path));

        Assert.DoesNotMatch(InlineScript(), text);
        Assert.DoesNotMatch(InlineStyle(), text);
        Assert.DoesNotMatch(InlineHandler(), text);
        Assert.DoesNotContain("javascript:", text, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Nothing_is_loaded_from_other_hosts(string path) => Assert.DoesNotMatch(Loaded(), Encoding.UTF8.GetString(Bytes(path)));

    [Theory]
    [MemberData(nameof(Paths))]
    public void No_value_is_evaluated_or_written_as_markup(string path) => Assert.DoesNotMatch(Evaluated(), Encoding.UTF8.GetString(Bytes(path)));

    private static byte[] Bytes(string path) => DashboardFile.Find(path)!.For(default).Bytes;

    [GeneratedRegex("""<script(?![^>]*\ssrc=)""", RegexOptions.IgnoreCase)]
    private static partial Regex InlineScript();

    [GeneratedRegex("""<style|\sstyle\s*=""", RegexOptions.IgnoreCase)]
    private static partial Regex InlineStyle();

    [GeneratedRegex("""<[^>]*\son[a-z]+\s*=""", RegexOptions.IgnoreCase)]
    private static partial Regex InlineHandler();

    // A link to another host is allowed; an import, a source, a style sheet or a request is not.
    [GeneratedRegex("""(?:src\s*=\s*|<link[^>]*href\s*=\s*|url\(\s*|\bfrom\s*|\bimport\s*\(?\s*|@import\s+|\bfetch\(\s*)["'`]?(?:[a-z]+:)?//""", RegexOptions.IgnoreCase)]
    private static partial Regex Loaded();

    [GeneratedRegex("""\beval\(|new Function\(|\.innerHTML\s*\+?=|\.outerHTML\s*\+?=|insertAdjacentHTML|document\.write""", RegexOptions.None)]
    private static partial Regex Evaluated();
}

using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace FopWatch.Dashboard.Tests;

/// <summary>The texts of both languages, without a browser.</summary>
public sealed partial class LanguageTests
{
    private static readonly string Folder = Path.GetFullPath(Path.Combine(Here(), "../../src/FopWatch.Api/Dashboard"));

    [Fact]
    public void Both_languages_have_the_same_texts_with_the_same_values_in_them()
    {
        var (english, chinese) = (Read("en"), Read("zh"));
        Assert.True(english.Count > 300);
        Assert.Equal(english.Keys.Order(StringComparer.Ordinal), chinese.Keys.Order(StringComparer.Ordinal));
        Assert.All(english, text => Assert.Equal(Values(text.Value), Values(chinese[text.Key])));
    }

    [Fact]
    public void Every_text_that_a_page_names_is_there()
    {
        var texts = Read("en");
        var named = Directory.EnumerateFiles(Folder, "*.js", SearchOption.AllDirectories)
            .SelectMany(file => NamedText().Matches(File.ReadAllText(file)).Select(match => match.Groups["key"].Value))
            .ToList();
        Assert.True(named.Count > 100);
        Assert.All(named, key => Assert.Contains(key, texts));
    }

    private static IEnumerable<string> Values(string text) => Value().Matches(text).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal);

    private static Dictionary<string, string> Read(string language)
    {
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        var group = "";
        foreach (Match token in Token().Matches(File.ReadAllText(Path.Combine(Folder, "lang", $"{language}.js"))))
        {
            if (token.Groups["end"].Success)
            {
                group = "";
                continue;
            }

            var name = token.Groups["name"].Value.Trim('\'');
            if (token.Groups["open"].Success)
                group = name;
            else
                texts.Add(group.Length == 0 ? name : name.Length == 0 ? group : $"{group}.{name}", token.Groups["text"].Value);
        }

        return texts;
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex(@"(?<=^|[\t ])(?<name>'[^'\n]*'|\w+): (?:(?<open>\{)|'(?<text>(?:[^'\\]|\\.)*)')|(?<end>\},)", RegexOptions.Multiline)]
    private static partial Regex Token();

    [GeneratedRegex(@"\bt\('(?<key>[^']+)'")]
    private static partial Regex NamedText();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Value();
}

using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FopWatch.Dashboard.Tests;

/// <summary>The words in both languages, checked without a browser.</summary>
public sealed partial class WordsTests
{
    private static readonly string Folder = Path.GetFullPath(Path.Combine(Here(), "../../src/FopWatch.Api/Dashboard"));

    /// <summary>The group of words for the values of an API enum; null for an enum that no page shows.</summary>
    private static readonly Dictionary<string, string?> Groups = new(StringComparer.Ordinal)
    {
        ["BulkWord"] = "action",
        ["DoctorCheck"] = "check",
        ["DoctorLevel"] = "level",
        ["FindingLevel"] = "level",
        ["Health/status"] = null,
        ["HostKind"] = null,
        ["ItemState"] = "state",
        ["JobEvent/type"] = "what",
        ["JobState"] = "state",
        ["KeyRights"] = null,
        ["NotificationDelivery"] = "delivery",
        ["NotificationResult"] = "result",
        ["NotifiedResult"] = "result",
        ["PlanInUse"] = "classPlan",
        ["PollAnswer"] = "answer",
        ["PollReason"] = "reason",
        ["ProviderKind"] = "provider",
        ["SettledBy"] = "settledBy",
        ["SignatureFinding"] = "signature",
        ["TimelineCause"] = "by",
        ["TimelineEvent"] = "what",
        ["TroubleKind"] = "finding",
        ["Trust"] = "trust",
        ["WatchStatus"] = "watch",
        ["WebhookPause"] = "pausedBecause",
        ["WebhookState"] = "webhookState",
    };

    [Fact]
    public void Every_line_is_a_group_or_a_word_with_the_same_placeholders_in_both_languages()
    {
        var words = Read();

        Assert.True(words.Count > 400);
        Assert.All(words, word => Assert.Equal(Values(word.Value.English), Values(word.Value.Chinese)));
    }

    [Fact]
    public void Every_word_that_a_page_uses_exists()
    {
        var words = Read();
        var named = Directory.EnumerateFiles(Folder, "*.js", SearchOption.AllDirectories)
            .SelectMany(file => NamedWord().Matches(File.ReadAllText(file)).Select(match => match.Groups["key"].Value))
            .ToList();

        Assert.True(named.Count > 100);
        Assert.All(named, key => Assert.Contains(key, words));
    }

    [Fact]
    public void Every_enum_value_of_the_API_has_a_word()
    {
        var words = Read();
        var document = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "../openapi.json")))!;
        var enums = document["components"]!["schemas"]!.AsObject().SelectMany(schema => EnumsOf(schema.Key, schema.Value!)).ToList();

        Assert.True(enums.Count > 20);
        Assert.All(enums, one => Assert.Contains(one.Name, Groups));
        var missing = enums.Where(one => Groups[one.Name] is not null)
            .SelectMany(one => one.Values.Select(value => $"{Groups[one.Name]}.{value.Split('.')[^1]}"))
            .Where(key => !words.ContainsKey(key));
        Assert.Empty(missing);
    }

    [Fact]
    public void Every_kind_of_finding_of_the_API_has_a_word()
    {
        var words = Read();
        var document = JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "../openapi.json")))!;
        var kinds = (string)document["components"]!["schemas"]!["Finding"]!["properties"]!["kind"]!["description"]!;
        var named = Quoted().Matches(kinds).Select(match => match.Groups["word"].Value).ToList();

        Assert.True(named.Count >= 10);
        Assert.All(named, kind => Assert.Contains($"finding.{kind}", words));
    }

    // An enum is a schema, or part of a member's schema.
    private static IEnumerable<(string Name, string[] Values)> EnumsOf(string name, JsonNode schema)
    {
        if (schema["enum"] is JsonArray values)
            yield return (name, [.. values.Select(value => (string)value!)]);
        foreach (var (member, inner) in schema["properties"]?.AsObject() ?? [])
        {
            foreach (var one in EnumsOf($"{name}/{member}", inner!).Concat(inner!["items"] is { } items ? EnumsOf($"{name}/{member}", items) : []))
                yield return one;
        }
    }

    private static IEnumerable<string> Values(string text) => Value().Matches(text).Select(match => match.Value).Distinct().Order(StringComparer.Ordinal);

    private static Dictionary<string, (string English, string Chinese)> Read()
    {
        var words = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        var group = "";
        var text = File.ReadAllText(Path.Combine(Folder, "words.js"));
        foreach (var line in text[(text.IndexOf('`', text.IndexOf("export", StringComparison.Ordinal)) + 1)..text.LastIndexOf('`')].Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var word = Word().Match(line);
            Assert.True(word.Success, line);
            var name = word.Groups["name"].Value;
            if (word.Groups["indent"].Length == 0)
                group = name;
            if (word.Groups["english"].Success)
                words.Add(word.Groups["indent"].Length == 0 ? name : $"{group}.{name}", (word.Groups["english"].Value, word.Groups["chinese"].Value));
        }

        return words;
    }

    private static string Here([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex(@"^(?<indent>\t?)(?<name>[\w.]+)(?:: (?<english>.+) = (?<chinese>.+))?$")]
    private static partial Regex Word();

    [GeneratedRegex(@"\bt\('(?<key>[^']+)'")]
    private static partial Regex NamedWord();

    [GeneratedRegex(@"\{\w+\}")]
    private static partial Regex Value();

    [GeneratedRegex("`(?<word>[a-z]+[A-Za-z]*)`")]
    private static partial Regex Quoted();
}

using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

/// <summary>
/// Compares the output in a document with real output. JSON must have the same members in the same order with the same values, and
/// text the same lines. Times, generated keys and event ids may differ. <c>…</c> stands for omitted output. A line that starts with
/// a space continues the previous one.
/// </summary>
internal static partial class Sample
{
    private const string Elision = "…";

    /// <param name="shown">The lines of the document.</param>
    /// <param name="actual">The real output.</param>
    /// <param name="isStream">Whether more output may follow.</param>
    /// <param name="learned">Receives the generated values in the document, each with the real one in its place.</param>
    /// <returns>The first difference, or null.</returns>
    public static string? Difference(IReadOnlyList<string> shown, string actual, bool isStream, IDictionary<string, string> learned)
    {
        var expected = Joined(shown);
        var lines = actual.ReplaceLineEndings("\n").Split('\n').Where(line => line.Trim().Length > 0).ToList();
        var at = 0;
        for (var i = 0; i < expected.Count; i++)
        {
            if (expected[i] == Elision)
            {
                if (i == expected.Count - 1)
                    return null;
                while (at < lines.Count && LineDifference(expected[i + 1], lines[at], new Dictionary<string, string>()) is not null)
                    at++;
                continue;
            }

            if (at == lines.Count)
                return $"this line is missing: {expected[i]}";
            if (LineDifference(expected[i], lines[at], learned) is { } difference)
                return difference;
            at++;
        }

        return at == lines.Count || isStream ? null : $"this line is not shown: {lines[at]}";
    }

    private static List<string> Joined(IReadOnlyList<string> shown)
    {
        var joined = new List<string>();
        foreach (var line in shown.Where(line => line.Trim().Length > 0))
        {
            if (line[0] == ' ' && joined.Count > 0)
                joined[^1] += line;
            else
                joined.Add(line);
        }

        return joined;
    }

    private static string? LineDifference(string shown, string actual, IDictionary<string, string> learned)
    {
        var json = JsonStart().Match(shown);
        if (!json.Success)
            return TextDifference("the line", shown, actual, learned);
        var prefix = json.Groups["prefix"].Value;
        if (!actual.StartsWith(prefix, StringComparison.Ordinal))
            return $"the line does not begin with '{prefix}': {actual}";

        var expected = JsonNode.Parse(WithoutElisions(shown[prefix.Length..]));
        try
        {
            return NodeDifference("$", expected, JsonNode.Parse(actual[prefix.Length..]), learned);
        }
        catch (JsonException)
        {
            return $"the line is not JSON: {actual}";
        }
    }

    private static string? NodeDifference(string path, JsonNode? shown, JsonNode? actual, IDictionary<string, string> learned) => (shown, actual) switch
    {
        (JsonObject expected, JsonObject real) => MembersDifference(path, expected, real, learned),
        (JsonArray expected, JsonArray real) => ElementsDifference(path, expected, real, learned),
        (JsonValue expected, JsonValue real) when expected.GetValueKind() == JsonValueKind.String && real.GetValueKind() == JsonValueKind.String =>
            TextDifference(path, expected.GetValue<string>(), real.GetValue<string>(), learned),
        _ => JsonNode.DeepEquals(shown, actual) ? null : $"{path} is {Written(actual)}, not {Written(shown)}",
    };

    private static string? MembersDifference(string path, JsonObject shown, JsonObject actual, IDictionary<string, string> learned)
    {
        var real = actual.ToList();
        var at = 0;
        var elided = false;
        foreach (var (name, value) in shown)
        {
            if (name.StartsWith(Elision, StringComparison.Ordinal))
            {
                elided = true;
                continue;
            }

            while (elided && at < real.Count && real[at].Key != name)
                at++;
            elided = false;
            if (at == real.Count)
                return $"{path}.{name} is missing";
            if (real[at].Key != name)
                return $"{path} has '{real[at].Key}' where '{name}' is shown";
            if (NodeDifference($"{path}.{name}", value, real[at].Value, learned) is { } difference)
                return difference;
            at++;
        }

        return elided || at == real.Count ? null : $"{path}.{real[at].Key} is not shown";
    }

    private static string? ElementsDifference(string path, JsonArray shown, JsonArray actual, IDictionary<string, string> learned)
    {
        var isElided = shown is [.., JsonValue last] && last.GetValueKind() == JsonValueKind.String && last.GetValue<string>() == Elision;
        var count = isElided ? shown.Count - 1 : shown.Count;
        if (actual.Count < count || (actual.Count > count && !isElided))
            return $"{path} has {actual.Count} elements, not {count}";
        for (var i = 0; i < count; i++)
        {
            if (NodeDifference($"{path}[{i}]", shown[i], actual[i], learned) is { } difference)
                return difference;
        }

        return null;
    }

    private static string? TextDifference(string where, string shown, string actual, IDictionary<string, string> learned)
    {
        var pattern = Regex.Escape(Generated().Replace(shown, KindOf)).Replace(Elision, ".*", StringComparison.Ordinal);
        if (!Regex.IsMatch(Generated().Replace(actual, KindOf), $"^{pattern}$", RegexOptions.Singleline))
            return $"{where} is '{actual}', not '{shown}'";
        foreach (var (mine, real) in Generated().Matches(shown).Zip(Generated().Matches(actual)))
        {
            if (mine.Groups["key"].Success)
                learned[mine.Value] = real.Value;
        }

        return null;
    }

    private static string KindOf(Match match) => match.Groups["time"].Success ? "<time>" : match.Groups["address"].Success ? "<address>" : "<key>";

    private static string Written(JsonNode? node) => node?.ToJsonString() ?? "null";

    /// <summary>Makes valid JSON of the shown text: <c>…</c> outside of strings becomes a member or an element of that name.</summary>
    private static string WithoutElisions(string shown)
    {
        var json = new StringBuilder();
        var open = new Stack<char>();
        var inString = false;
        for (var at = 0; at < shown.Length; at++)
        {
            var character = shown[at];
            if (inString)
            {
                json.Append(character);
                if (character == '\\')
                    json.Append(shown[++at]);
                inString = character != '"';
                continue;
            }

            inString = character == '"';
            if (character is '{' or '[')
                open.Push(character);
            else if (character is '}' or ']')
                open.Pop();
            if (character == Elision[0])
                json.Append(open.Peek() == '{' ? $"\"{Elision}{at}\":null" : $"\"{Elision}\"");
            else
                json.Append(character);
        }

        return json.ToString();
    }

    [GeneratedRegex(@"^(?<prefix>([a-z]+: )?)(\{|\[[\{\[""\]])")]
    private static partial Regex JsonStart();

    [GeneratedRegex(
        @"(?<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z)|(?<key>\b\d{8}T\d{9}-[0-9a-f]{16,}\b|(?<![.\w-])[0-9a-f]{24,}\b|(?<=^id: [0-9]+-)[0-9a-f]{8}\b)|(?<address>\b(127\.0\.0\.1|localhost):\d+)")]
    private static partial Regex Generated();
}

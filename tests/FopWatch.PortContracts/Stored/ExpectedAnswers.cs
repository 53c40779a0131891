using System.Text.Json.Nodes;

namespace FopWatch.PortContracts.Stored;

/// <summary>Compares the answers of a store with the expected ones.</summary>
public static class ExpectedAnswers
{
    /// <summary>
    /// Asserts that all expected values are present. Other members of objects are not compared: a later version may answer more.
    /// </summary>
    public static void AssertIn(JsonNode? expected, JsonNode? actual)
    {
        var differences = new List<string>();
        Compare("", expected, actual, differences);
        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(20)));
    }

    private static void Compare(string at, JsonNode? expected, JsonNode? actual, List<string> differences)
    {
        switch (expected, actual)
        {
            case (JsonObject before, JsonObject now):
                foreach (var (name, value) in before)
                    Compare($"{at}/{name}", value, now[name], differences);
                break;
            case (JsonArray before, JsonArray now) when before.Count == now.Count:
                for (var i = 0; i < before.Count; i++)
                    Compare($"{at}/{i}", before[i], now[i], differences);
                break;
            default:
                if (!JsonNode.DeepEquals(expected, actual))
                    differences.Add($"{at} is {actual?.ToJsonString() ?? "not there"}, and was {expected?.ToJsonString() ?? "not there"}");
                break;
        }
    }
}

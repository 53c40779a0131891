using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FopWatch.Local.Demo;

/// <summary>Finds secrets in texts: plain, percent-encoded or in Base64, complete, or only the beginning or end of one.</summary>
internal sealed partial class PlantedSecrets(IEnumerable<string> secrets)
{
    private const int PieceLength = 8;

    // Commands encode a URL once, and some applications twice.
    private const int MaxDepth = 2;

    private readonly SearchValues<string> _pieces = SearchValues.Create(
        [.. secrets.Select(secret => secret.TrimEnd('=')).SelectMany(secret => (string[])[secret[..PieceLength], secret[^PieceLength..]]).Distinct()],
        StringComparison.Ordinal);

    /// <summary>Whether a text contains any secret.</summary>
    public bool AreIn(string text) => AreIn(text, MaxDepth);

    /// <summary>Whether a name or a string of a JSON document contains any secret.</summary>
    public bool AreInJson(string json)
    {
        using var document = JsonDocument.Parse(json);
        return AreIn(document.RootElement);
    }

    private bool AreIn(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().Any(member => AreIn(member.Name) || AreIn(member.Value)),
        JsonValueKind.Array => element.EnumerateArray().Any(AreIn),
        JsonValueKind.String => AreIn(element.GetString()!),
        _ => false,
    };

    private bool AreIn(string text, int depth) =>
        text.AsSpan().ContainsAny(_pieces)
        || (depth > 0
            && ((text.Contains('%', StringComparison.Ordinal) && AreIn(Uri.UnescapeDataString(text), depth - 1))
                || Base64().Matches(text).Any(run => AreIn(Decoded(run.Value), depth - 1))));

    private static string Decoded(string run)
    {
        var digits = run.Replace('-', '+').Replace('_', '/');
        return Encoding.UTF8.GetString(Convert.FromBase64String(digits[..(digits.Length / 4 * 4)]));
    }

    // Complete groups of digits: the rest is too short to be a secret.
    [GeneratedRegex("[A-Za-z0-9+_-]{12,}")]
    private static partial Regex Base64();
}

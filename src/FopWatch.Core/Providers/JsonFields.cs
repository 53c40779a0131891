using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Providers;

/// <summary>
/// Reads fields leniently, because providers write numbers as strings, nulls and empty texts, and omit fields (providers.md, sections 1 and 2). A
/// field that is absent, null or unusable is null. Nothing throws.
/// </summary>
internal static class JsonFields
{
    /// <summary>The longest description or error that is stored, in characters.</summary>
    public const int MaxProse = 16 * 1024;

    /// <summary>
    /// The most objects in a list. Each object is a command, and no job has nearly as many. An empty object has three bytes and takes hundreds in memory,
    /// so without a limit a small body could take much memory.
    /// </summary>
    public const int MaxObjects = 10_000;

    /// <summary>A field that is present and not null.</summary>
    public static JsonElement? Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null
            ? field
            : null;

    /// <summary>Whether a field is present, even if it is null.</summary>
    public static bool Has(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out _);

    /// <summary>The unescaped value of a string, or the raw text of any other value.</summary>
    public static string AsText(this JsonElement element)
    {
        var raw = JsonMarshal.GetRawUtf8Value(element);
        return element.ValueKind == JsonValueKind.String
            ? JsonText.Unescape(raw[1..^1], out _)
            : System.Text.Encoding.UTF8.GetString(raw);
    }

    /// <summary>A text that is not empty. Numbers count as texts.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } field && field.AsText() is { Length: > 0 } text
            ? text
            : null;

    /// <summary>Prose for the store: redacted, and cut to <see cref="MaxProse"/>. JSON counts as prose.</summary>
    private static string? Prose(this JsonElement element, string name, out bool cut)
    {
        cut = false;
        if (element.Field(name) is not { } field)
            return null;

        var text = field.ValueKind is JsonValueKind.Object or JsonValueKind.Array
            ? JsonText.Canonical(field)
            : CommandRedaction.Redact(field.AsText());
        cut = text.Length > MaxProse;
        return text.Length == 0 ? null : TextCut.Of(text, MaxProse);
    }

    /// <summary>
    /// The prose of a command: its description (<c>desc</c>) and its error: <c>error</c>, or else the <c>desc</c> of a failed command, as workflows and
    /// Wangsu write it.
    /// </summary>
    /// <param name="element">The command or its result.</param>
    /// <param name="stateOf">The state, given whether there is an error.</param>
    public static ProviderWords Words(this JsonElement element, Func<bool, ItemState> stateOf)
    {
        var description = element.Prose("desc", out var descriptionCut);
        var error = element.Prose("error", out var errorCut);
        var state = stateOf(error is not null);
        return error is null && state == ItemState.Failed
            ? new(state, description, description, descriptionCut)
            : new(state, description, error, errorCut);
    }

    /// <summary>A value as redacted JSON in canonical form.</summary>
    public static string? Json(this JsonElement element, string name) =>
        element.Field(name) is { } field ? JsonText.Canonical(field) : null;

    /// <summary>An integer, as a number or a string; null for anything else.</summary>
    public static long? Integer(this JsonElement element, string name)
    {
        if (element.Field(name) is not { ValueKind: JsonValueKind.Number or JsonValueKind.String } field)
            return null;

        var text = field.AsText();
        if (text.Length > JsonBody.MaxNumberLength)
            return null;
        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var integer))
            return integer;

        // Some serializers write 3 as 3.0.
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && decimal.IsInteger(number) && number is >= long.MinValue and <= long.MaxValue
                ? (long)number
                : null;
    }

    /// <summary>A non-negative integer.</summary>
    public static long? Count(this JsonElement element, string name) => element.Integer(name) is >= 0 and var count ? count : null;

    /// <summary>A boolean, as true or false, 1 or 0, or a string of one of these.</summary>
    public static bool? Flag(this JsonElement element, string name) => element.Field(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String when bool.TryParse(element.Text(name), out var flag) => flag,
        _ => element.Integer(name) switch { 1 => true, 0 => false, _ => null },
    };

    /// <summary>Reads the objects of a list without nulls. An absent or null list is empty.</summary>
    /// <returns>The problem; null if there is none. Other elements are a problem, because a job without them could look finished.</returns>
    public static string? ReadObjects(this JsonElement element, string name, out List<JsonElement> objects)
    {
        objects = [];
        if (element.Field(name) is not { } list)
            return null;
        if (list.ValueKind != JsonValueKind.Array)
            return $"{name} is not a list";

        foreach (var entry in list.EnumerateArray())
        {
            if (objects.Count == MaxObjects)
                return $"{name} has more than {MaxObjects} entries";
            if (entry.ValueKind == JsonValueKind.Object)
                objects.Add(entry);
            else if (entry.ValueKind != JsonValueKind.Null)
                return $"an entry of {name} is not an object";
        }

        return null;
    }

    /// <summary>The entries of an optional list, without nulls.</summary>
    public static IEnumerable<JsonElement> Entries(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Where(entry => entry.ValueKind != JsonValueKind.Null)
            : [];
}

/// <summary>The prose of a provider about a command.</summary>
/// <param name="State">The state of the command.</param>
/// <param name="Description">The description.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="ErrorCut">Whether <paramref name="Error"/> is only the beginning.</param>
internal readonly record struct ProviderWords(ItemState State, string? Description, string? Error, bool ErrorCut);

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Providers;

/// <summary>
/// Reads fields as leniently as the providers write them: numbers as strings, nulls, empty texts, missing fields
/// (providers.md, sections 1 and 2). A field that is absent, null or of no use is null. Nothing throws.
/// </summary>
internal static class JsonFields
{
    /// <summary>The longest description or error that is kept, in characters.</summary>
    public const int MaxProse = 16 * 1024;

    /// <summary>
    /// The most objects in a list of them. Each is a command, of which no job has nearly as many; an empty one is three bytes long
    /// and takes hundreds in memory, so without a limit a small body could take a lot.
    /// </summary>
    public const int MaxObjects = 10_000;

    /// <summary>A field that is there and not null.</summary>
    public static JsonElement? Field(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var field) && field.ValueKind != JsonValueKind.Null
            ? field
            : null;

    /// <summary>Whether there is a field of this name, null or not.</summary>
    public static bool Has(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out _);

    /// <summary>What a string means, or how any other value is spelt.</summary>
    public static string AsText(this JsonElement element)
    {
        var raw = JsonMarshal.GetRawUtf8Value(element);
        return element.ValueKind == JsonValueKind.String
            ? JsonText.Unescape(raw[1..^1], out _)
            : System.Text.Encoding.UTF8.GetString(raw);
    }

    /// <summary>A text that is not empty; numbers count as texts.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.String or JsonValueKind.Number } field && field.AsText() is { Length: > 0 } text
            ? text
            : null;

    /// <summary>Words for people, as they are kept: redacted and no longer than <see cref="MaxProse"/>. JSON counts as words.</summary>
    private static string? Prose(this JsonElement element, string name, out bool cut)
    {
        cut = false;
        if (element.Field(name) is not { } field)
            return null;

        var text = field.ValueKind is JsonValueKind.Object or JsonValueKind.Array
            ? JsonText.Canonical(field)
            : CommandRedaction.Redact(field.AsText());
        cut = text.Length > MaxProse;
        return text.Length == 0 ? null : Cut(text, MaxProse);
    }

    /// <summary>
    /// The words of a command: its <c>desc</c>, and why it failed. That is its <c>error</c>, or its <c>desc</c> where a failed one has no error, as
    /// workflows and Wangsu write it.
    /// </summary>
    /// <param name="element">The command or its result.</param>
    /// <param name="stateOf">How it stands, given whether it has an error.</param>
    public static ProviderWords Words(this JsonElement element, Func<bool, ItemState> stateOf)
    {
        var description = element.Prose("desc", out var descriptionCut);
        var error = element.Prose("error", out var errorCut);
        var state = stateOf(error is not null);
        return error is null && state == ItemState.Failed
            ? new(state, description, description, descriptionCut)
            : new(state, description, error, errorCut);
    }

    /// <summary>A value as JSON text in one spelling, redacted.</summary>
    public static string? Json(this JsonElement element, string name) =>
        element.Field(name) is { } field ? JsonText.Canonical(field) : null;

    /// <summary>An integer, be it a number or a string of one; null for anything else.</summary>
    public static long? Integer(this JsonElement element, string name)
    {
        if (element.Field(name) is not { ValueKind: JsonValueKind.Number or JsonValueKind.String } field)
            return null;

        var text = field.AsText();
        if (text.Length > JsonBody.MaxNumberLength)
            return null;
        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var integer))
            return integer;

        // 3.0 is what some serializers make of 3.
        return decimal.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            && decimal.IsInteger(number) && number is >= long.MinValue and <= long.MaxValue
                ? (long)number
                : null;
    }

    /// <summary>A count of something: an integer that is not negative.</summary>
    public static long? Count(this JsonElement element, string name) => element.Integer(name) is >= 0 and var count ? count : null;

    /// <summary>True or false, be it a boolean, 1 or 0, or a string of one of these.</summary>
    public static bool? Flag(this JsonElement element, string name) => element.Field(name)?.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String when bool.TryParse(element.Text(name), out var flag) => flag,
        _ => element.Integer(name) switch { 1 => true, 0 => false, _ => null },
    };

    /// <summary>The objects of a list, nulls left out; a list that is absent or null has none.</summary>
    /// <returns>Why it cannot be read, or null: leaving out what is no object could make a job look finished that is not.</returns>
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

    /// <summary>The entries of a list that may be absent, nulls left out.</summary>
    public static IEnumerable<JsonElement> Entries(this JsonElement element, string name) =>
        element.Field(name) is { ValueKind: JsonValueKind.Array } list
            ? list.EnumerateArray().Where(entry => entry.ValueKind != JsonValueKind.Null)
            : [];

    private static string Cut(string text, int length)
    {
        if (text.Length <= length)
            return text;

        var end = length - 1;
        if (char.IsHighSurrogate(text[end - 1]))
            end--;
        return string.Concat(text.AsSpan(0, end), "…");
    }
}

/// <summary>What a provider says of a command in words for people.</summary>
/// <param name="State">How the command stands.</param>
/// <param name="Description">The description.</param>
/// <param name="Error">Why it failed.</param>
/// <param name="ErrorCut">Whether that is only the beginning.</param>
internal readonly record struct ProviderWords(ItemState State, string? Description, string? Error, bool ErrorCut);

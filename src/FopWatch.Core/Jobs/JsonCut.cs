using System.Buffers;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using FopWatch.Providers;

namespace FopWatch.Jobs;

/// <summary>Shortens JSON to a number of bytes. It keeps what applications act on: members near the root, and short members.</summary>
/// <remarks>
/// <list type="number">
/// <item>If shortening arrays of more than 16 elements suffices, nothing else is shortened. They are cut to the same number of elements, the largest
/// that fits. A shorter array stays whole, because it may be a tuple.</item>
/// <item>Otherwise, or if that would leave half of the bytes unused, the members of an object share its bytes. A short member stays whole, and each
/// long member is shortened to an equal share of the rest by the same rules. If the share of a long member is too small, the longest members are left
/// out. Before them, members whose names differ only in digits are left out, if there are many. The elements of an array share likewise, but are left
/// out only from the end.</item>
/// <item>A string keeps its beginning. A number is never shortened.</item>
/// </list>
/// </remarks>
internal static partial class JsonCut
{
    // The smallest useful part of a string, an object or an array. A shorter value stays whole or is left out.
    private const int LeastShare = 64;

    // An array of at most this length may be a tuple, such as a point or a polygon, which is meaningless without its end.
    private const int ShortList = 16;

    // The most long members that share an object. More would leave too little of each.
    private const int MaxShares = 16;

    /// <summary>Cuts a result to a limit.</summary>
    /// <remarks>
    /// It is cut to every limit down to the requested one, as by a store that tries one after the other. A result that fits is not cut, so cutting a result
    /// that was cut before gives the same as cutting the whole. So merging cut facts is still a join.
    /// </remarks>
    /// <param name="limit">The limit, in bytes: one of <see cref="ResultLimit.All"/>.</param>
    /// <param name="json">The result; null if there is none.</param>
    /// <param name="before">The parts that are already removed.</param>
    public static (string? Json, ResultCut? Cut) To(int limit, string? json, ResultCut? before)
    {
        foreach (var one in ResultLimit.All)
        {
            if (one >= limit)
                (json, before) = Once(one, json, before);
        }

        return (json, before);
    }

    public static (string? Json, ResultCut? Cut) Once(int bytes, string? json, ResultCut? before)
    {
        if (json is null || Encoding.UTF8.GetByteCount(json) <= bytes)
            return (json, before);

        using var whole = Parse(Encoding.UTF8.GetBytes(json));
        var cut = before ?? new() { Whole = ResultCut.HashOf(json) };
        return Shortened(whole.RootElement, bytes) is { } kept
            ? Named(whole.RootElement, kept, cut, Math.Min(bytes / 4, ResultCut.MaxPointerBytes))
            : (null, new() { Whole = cut.Whole, Dropped = true });
    }

    /// <summary>Replaces every object and array below a number of levels by null.</summary>
    public static (string? Json, ResultCut? Cut) ToDepth(int levels, string? json, ResultCut? before)
    {
        if (json is null || !IsDeeper(Encoding.UTF8.GetBytes(json), levels))
            return (json, before);

        using var whole = Parse(Encoding.UTF8.GetBytes(json));
        var writer = new BoundedWriter(int.MaxValue, levels, int.MaxValue);
        writer.TryWrite(whole.RootElement);
        return Named(whole.RootElement, writer.Written, before ?? new() { Whole = ResultCut.HashOf(json) }, ResultCut.MaxPointerBytes);
    }

    private static (string, ResultCut) Named(JsonElement whole, byte[] kept, ResultCut before, int pointerBytes)
    {
        using var document = Parse(kept);
        return (Encoding.UTF8.GetString(kept), CutNames.Add(before, whole, document.RootElement, pointerBytes));
    }

    private static byte[]? Shortened(JsonElement value, int bytes)
    {
        var raw = JsonMarshal.GetRawUtf8Value(value);
        if (raw.Length <= bytes)
            return raw.ToArray();
        return value.ValueKind switch
        {
            JsonValueKind.String => ShortText(raw, bytes),
            JsonValueKind.Object or JsonValueKind.Array => Longer(WithShortLists(value, bytes), value, bytes),
            _ => null,
        };
    }

    private static byte[]? Longer(byte[]? shortLists, JsonElement value, int bytes) =>
        shortLists?.Length >= bytes / 2 ? shortLists
        : WithShares(value, bytes) is { } shares && shares.Length > (shortLists?.Length ?? 0) ? shares
        : shortLists;

    private static byte[]? WithShortLists(JsonElement value, int bytes)
    {
        if (Written(ShortList) is not { } kept)
            return null;

        // An element and its comma take at least two bytes.
        var (fits, tooLong) = (ShortList, Math.Max(ShortList, bytes / 2) + 1);
        while (fits + 1 < tooLong)
        {
            var length = fits + ((tooLong - fits) / 2);
            if (Written(length) is { } more)
                (fits, kept) = (length, more);
            else
                tooLong = length;
        }

        return kept;

        byte[]? Written(int longestList)
        {
            var writer = new BoundedWriter(longestList, int.MaxValue, bytes);
            return writer.TryWrite(value) ? writer.Written : null;
        }
    }

    private static byte[]? WithShares(JsonElement value, int bytes)
    {
        if (bytes < "{}".Length)
            return null;

        var isObject = value.ValueKind == JsonValueKind.Object;
        var least = Math.Max(LeastShare, bytes / MaxShares);
        var kept = new List<Part>();

        // The brackets take two bytes; the first part has no comma.
        var left = bytes - 1;
        foreach (var part in isObject ? Part.MembersOf(value).OrderBy(member => member.IsOneOfMany).ThenBy(member => member.Precedence) : Part.ElementsOf(value))
        {
            if (part.LeastCost(least) <= left)
            {
                left -= part.LeastCost(least);
                kept.Add(part);
            }
            else if (!isObject)
            {
                break;
            }
        }

        var shortened = new Dictionary<int, byte[]>();
        var (share, sharing) = (bytes - 1 - kept.Sum(part => part.Overhead), kept.Count);
        foreach (var part in kept.OrderBy(part => part.Size))
        {
            if (Shortened(part.Value, share / sharing--) is not { } one)
                continue;
            shortened[part.Order] = one;
            share -= one.Length;
        }

        return isObject ? ObjectOf(value, shortened) : ArrayOf(shortened);
    }

    private static byte[] ObjectOf(JsonElement whole, Dictionary<int, byte[]> values)
    {
        var json = new ArrayBufferWriter<byte>();
        json.Write("{"u8);
        var order = 0;
        foreach (var member in whole.EnumerateObject())
        {
            if (!values.TryGetValue(order++, out var value))
                continue;
            json.Write(json.WrittenCount > 1 ? ",\""u8 : "\""u8);
            json.Write(JsonMarshal.GetRawUtf8PropertyName(member));
            json.Write("\":"u8);
            json.Write(value);
        }

        json.Write("}"u8);
        return json.WrittenSpan.ToArray();
    }

    private static byte[] ArrayOf(Dictionary<int, byte[]> elements)
    {
        var json = new ArrayBufferWriter<byte>();
        json.Write("["u8);
        for (var i = 0; elements.TryGetValue(i, out var element); i++)
        {
            if (i > 0)
                json.Write(","u8);
            json.Write(element);
        }

        json.Write("]"u8);
        return json.WrittenSpan.ToArray();
    }

    private static byte[]? ShortText(ReadOnlySpan<byte> quoted, int bytes)
    {
        if (bytes < "\"\"".Length)
            return null;

        var characters = WholeCharacters(quoted[1..^1], bytes - 2);
        return [.. quoted[..(1 + characters)], (byte)'"'];
    }

    /// <summary>The length of the longest beginning of an escaped string that fits and splits no character, in bytes.</summary>
    private static int WholeCharacters(ReadOnlySpan<byte> text, int bytes)
    {
        var at = 0;
        while (true)
        {
            var next = at + LengthOf(text[at..]);
            if (next > bytes)
                return at;
            at = next;
        }

        static int LengthOf(ReadOnlySpan<byte> text) => text[0] switch
        {
            (byte)'\\' when text[1] != 'u' => 2,
            (byte)'\\' => IsSurrogate(text, "89aAbB"u8) && text.Length >= 12 && text[6] == '\\' && text[7] == 'u' && IsSurrogate(text[6..], "cCdDeEfF"u8) ? 12 : 6,
            < 0x80 => 1,
            < 0xE0 => 2,
            < 0xF0 => 3,
            _ => 4,
        };

        static bool IsSurrogate(ReadOnlySpan<byte> escape, ReadOnlySpan<byte> half) => escape[2] is (byte)'d' or (byte)'D' && half.Contains(escape[3]);
    }

    private static bool IsDeeper(ReadOnlySpan<byte> json, int levels)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray && reader.CurrentDepth >= levels)
                return true;
        }

        return false;
    }

    private static JsonDocument Parse(ReadOnlyMemory<byte> json) => JsonDocument.Parse(json, new() { MaxDepth = JsonBody.MaxDepth });

    /// <summary>A member of an object, or an element of an array.</summary>
    /// <param name="Order">The index among its siblings.</param>
    /// <param name="Overhead">The bytes of its name and separators.</param>
    /// <param name="Value">The value.</param>
    /// <param name="IsOneOfMany">Whether its name is one of many that differ only in digits, such as <c>frame00017</c>. Like the elements of an array, such
    /// members give way to members with a unique name, such as a verdict.</param>
    private readonly record struct Part(int Order, int Overhead, JsonElement Value, bool IsOneOfMany = false)
    {
        // An object with fewer members of a kind is a record, not a list.
        private const int Many = 16;

        public int Size => JsonMarshal.GetRawUtf8Value(Value).Length;

        /// <summary>Short scalars come first, then other members by size in powers of two.</summary>
        public int Precedence => Overhead + Size is var size && size <= LeastShare && !IsContainer ? 0 : 1 + BitOperations.Log2((uint)size);

        private bool IsContainer => Value.ValueKind is JsonValueKind.Object or JsonValueKind.Array;

        public static IEnumerable<Part> MembersOf(JsonElement value)
        {
            var members = value.EnumerateObject().Select((member, order) => (
                Kind: KindOf(member.Name),
                Part: new Part(order, JsonMarshal.GetRawUtf8PropertyName(member).Length + "\"\":,".Length, member.Value))).ToList();
            var counts = members.CountBy(member => member.Kind).ToDictionary();
            return members.Select(member => member.Part with { IsOneOfMany = counts[member.Kind] > Many });
        }

        private static string KindOf(string name) => JsonCut.Digits().Replace(name, "0");

        public static IEnumerable<Part> ElementsOf(JsonElement value) =>
            value.EnumerateArray().Select((element, order) => new Part(order, ",".Length, element));

        public int LeastCost(int least) => Overhead + (IsContainer || Value.ValueKind == JsonValueKind.String ? Math.Min(Size, least) : Size);
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Digits();

    /// <summary>Writes a value without whitespace, the ends of long arrays, and values that are nested too deep.</summary>
    private sealed class BoundedWriter(int longestList, int levels, int bytes)
    {
        private readonly ArrayBufferWriter<byte> _written = new();

        public byte[] Written => _written.WrittenSpan.ToArray();

        /// <returns>Whether it fits.</returns>
        public bool TryWrite(JsonElement value) => TryWrite(value, 1);

        private bool TryWrite(JsonElement value, int level) => value.ValueKind switch
        {
            JsonValueKind.Object or JsonValueKind.Array when level > levels => TryAppend("null"u8),
            JsonValueKind.Object => TryWriteObject(value, level),
            JsonValueKind.Array => TryWriteArray(value, level),
            _ => TryAppend(JsonMarshal.GetRawUtf8Value(value)),
        };

        private bool TryWriteObject(JsonElement value, int level)
        {
            var separator = "{\""u8;
            foreach (var member in value.EnumerateObject())
            {
                if (!TryAppend(separator) || !TryAppend(JsonMarshal.GetRawUtf8PropertyName(member)) || !TryAppend("\":"u8) || !TryWrite(member.Value, level + 1))
                    return false;
                separator = ",\""u8;
            }

            return TryAppend(separator[0] == '{' ? "{}"u8 : "}"u8);
        }

        private bool TryWriteArray(JsonElement value, int level)
        {
            var count = 0;
            foreach (var element in value.EnumerateArray())
            {
                if (count == longestList)
                    break;
                if (!TryAppend(count++ == 0 ? "["u8 : ","u8) || !TryWrite(element, level + 1))
                    return false;
            }

            return TryAppend(count == 0 ? "[]"u8 : "]"u8);
        }

        private bool TryAppend(ReadOnlySpan<byte> json)
        {
            if (_written.WrittenCount + (long)json.Length > bytes)
                return false;
            _written.Write(json);
            return true;
        }
    }
}

using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using FopWatch.Providers;

namespace FopWatch.Jobs;

/// <summary>
/// Shortens JSON by taking elements from the ends of its longest arrays, so that the beginning, every object and every scalar member stay:
/// what applications act on.
/// </summary>
/// <remarks>
/// All arrays are cut to the same length, the greatest with which the result fits. Hence cutting a result that was cut already is the same
/// as cutting the whole, and facts that were cut are still merged by a join. Linear in the length.
/// </remarks>
internal static class JsonCut
{
    // A string that is cut keeps this many bytes at least.
    private const int ShortestText = 64;

    /// <summary>A result as it may be kept.</summary>
    /// <param name="limit">How long it may be.</param>
    /// <param name="json">The result, without blanks; null if there is none.</param>
    /// <param name="before">What is gone of it already.</param>
    public static (string? Json, ResultCut? Cut) To(ResultLimit limit, string? json, ResultCut? before)
    {
        if (json is null || Encoding.UTF8.GetByteCount(json) <= limit.Arrays)
            return (json, before);

        var cut = before ?? new ResultCut { Whole = ResultCut.HashOf(json) };
        ReadOnlyMemory<byte> whole = Encoding.UTF8.GetBytes(json);
        var kept = new ListCutter(whole, LongestList(whole.Span, limit.Arrays)).Cut(ref cut);
        if (kept.Length > limit.Texts)
            kept = WithShortTexts(kept.Span, limit.Texts, ref cut);
        if (kept.Length > limit.Most)
            return (null, new() { Whole = cut.Whole, Dropped = true });
        return kept.Length == whole.Length ? (json, before) : (Encoding.UTF8.GetString(kept.Span), cut);
    }

    /// <summary>The greatest length of arrays with which the whole fits; 1 if it never does.</summary>
    private static int LongestList(ReadOnlySpan<byte> json, int bytes)
    {
        // By the length that arrays need for it to be kept: the bytes of what is kept. Greater lengths than can fit count as one.
        var sizes = new long[(bytes / 2) + 2];
        var open = new Stack<Frame>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.EndArray or JsonTokenType.EndObject:
                    Add(open.Pop().Reach, 1);
                    break;
                case JsonTokenType.PropertyName:
                    var comma = open.Peek().Count++ > 0 ? 1 : 0;
                    Add(open.Peek().Reach, reader.ValueSpan.Length + "\"\":".Length + comma);
                    break;
                default:
                    var reach = open.TryPeek(out var around) ? around.ReachOfNext : 0;
                    var separator = around is { IsList: true } && around.Count++ > 0 ? 1 : 0;
                    var isStart = reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject;
                    Add(reach, separator + (isStart ? 1 : reader.ValueSpan.Length + (reader.TokenType == JsonTokenType.String ? 2 : 0)));
                    if (isStart)
                        open.Push(new(reader.TokenType == JsonTokenType.StartArray, reach));
                    break;
            }
        }

        var kept = 0L;
        for (var length = 0; length < sizes.Length; length++)
        {
            kept += sizes[length];
            if (kept > bytes)
                return Math.Max(1, length);
        }

        return int.MaxValue;

        void Add(int reach, long size) => sizes[Math.Min(reach, sizes.Length - 1)] += size;
    }

    private static ReadOnlyMemory<byte> WithShortTexts(ReadOnlySpan<byte> json, int bytes, ref ResultCut cut)
    {
        var lengths = new List<int>();
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > ShortestText)
                lengths.Add(reader.ValueSpan.Length);
        }

        if (lengths.Count == 0)
            return json.ToArray();

        var (fits, tooLong) = (ShortestText, lengths.Max());
        while (fits + 1 < tooLong)
        {
            var length = fits + ((tooLong - fits) / 2);
            if (json.Length - lengths.Sum(text => (long)Math.Max(0, text - length)) <= bytes)
                fits = length;
            else
                tooLong = length;
        }

        var kept = new ArrayBufferWriter<byte>(json.Length);
        var copied = 0;
        reader = new(json, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.String || reader.ValueSpan.Length <= fits)
                continue;

            var start = (int)reader.TokenStartIndex + 1;
            kept.Write(json[copied..(start + WholeCharacters(reader.ValueSpan, fits))]);
            copied = start + reader.ValueSpan.Length;
        }

        kept.Write(json[copied..]);
        cut = cut with { TextBytes = fits };
        return kept.WrittenMemory;
    }

    /// <summary>How many of the first bytes of a string, as it is spelt, are whole characters.</summary>
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
            // Half a surrogate pair is no character.
            (byte)'\\' => text[2] is (byte)'d' or (byte)'D' && text[3] is (byte)'8' or (byte)'9' or (byte)'a' or (byte)'A' or (byte)'b' or (byte)'B' ? 12 : 6,
            < 0x80 => 1,
            < 0xE0 => 2,
            < 0xF0 => 3,
            _ => 4,
        };
    }

    /// <summary>An array or an object that is being read.</summary>
    /// <param name="isList">Whether it is an array.</param>
    /// <param name="reach">The greatest of the indices on the way to it: it is kept where arrays keep more elements than that.</param>
    private sealed class Frame(bool isList, int reach)
    {
        private int _nameBytes;

        public bool IsList => isList;

        public int Reach => reach;

        /// <summary>How many elements or members have begun.</summary>
        public int Count { get; set; }

        /// <summary>Its number in the order of the document.</summary>
        public int Order { get; init; }

        /// <summary>The member that is being read.</summary>
        public string Name { get; private set; } = "";

        /// <summary>How many bytes the pointer to it has.</summary>
        public int PointerBytes { get; init; }

        /// <summary>How many bytes the pointer to the element or member has that is being read.</summary>
        public int PointerBytesOfNext => PointerBytes + 1 + (isList ? Step.Length : _nameBytes);

        public int ReachOfNext => isList ? Math.Max(reach, Count) : reach;

        public string Step => isList
            ? (Count - 1).ToString(CultureInfo.InvariantCulture)
            : Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

        public void Begin(ReadOnlySpan<byte> name)
        {
            Name = JsonText.Unescape(name, out _);
            _nameBytes = name.Length + Name.Count(c => c is '~' or '/');
        }
    }

    private sealed class ListCutter(ReadOnlyMemory<byte> json, int longest)
    {
        private readonly ArrayBufferWriter<byte> _kept = new(json.Length);
        private readonly List<Frame> _open = [];

        // The first of them by what a further cut would leave, until the first that does not fit: where a further cut leaves an array
        // that is named, this one names it too, and knows how many elements are gone.
        private readonly SortedList<(int Reach, int Order), (ListCut Cut, int Bytes)> _named = [];
        private (int Reach, int Order) _firstUnnamed = (int.MaxValue, int.MaxValue);
        private int _pointerBytes;

        private int _copied;
        private int _started;
        private int _cut;

        public ReadOnlyMemory<byte> Cut(ref ResultCut cut)
        {
            if (longest == int.MaxValue)
                return json;

            // Results of earlier versions may have a name twice in one object.
            var before = cut.Lists.DistinctBy(list => list.At).ToDictionary(list => list.At, list => list.Elements, StringComparer.Ordinal);
            var reader = new Utf8JsonReader(json.Span, new JsonReaderOptions { MaxDepth = JsonBody.MaxDepth });
            while (reader.Read())
            {
                switch (reader.TokenType)
                {
                    case JsonTokenType.EndArray or JsonTokenType.EndObject:
                        _open.RemoveAt(_open.Count - 1);
                        break;
                    case JsonTokenType.PropertyName:
                        _open[^1].Begin(reader.ValueSpan);
                        break;
                    default:
                        Read(ref reader, before);
                        break;
                }
            }

            if (_cut == 0)
                return json;

            _kept.Write(json.Span[_copied..]);
            cut = cut with { Lists = [.. _named.Values.Select(named => named.Cut)], MoreLists = _cut - _named.Count };
            return _kept.WrittenMemory;
        }

        private void Read(ref Utf8JsonReader reader, Dictionary<string, int> before)
        {
            var reach = 0;
            var around = _open.Count > 0 ? _open[^1] : null;
            if (around is not null)
            {
                if (around.IsList && around.Count == longest)
                {
                    SkipRest(ref reader, around, before);
                    _open.RemoveAt(_open.Count - 1);
                    return;
                }

                reach = around.ReachOfNext;
                around.Count++;
            }

            if (reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject)
                _open.Add(new(reader.TokenType == JsonTokenType.StartArray, reach) { Order = _started++, PointerBytes = around?.PointerBytesOfNext ?? 0 });
        }

        private void SkipRest(ref Utf8JsonReader reader, Frame list, Dictionary<string, int> before)
        {
            // With the comma before it: the first element always stays.
            _kept.Write(json.Span[_copied..((int)reader.TokenStartIndex - 1)]);
            var elements = 0;
            while (reader.TokenType != JsonTokenType.EndArray)
            {
                reader.Skip();
                elements++;
                reader.Read();
            }

            _copied = (int)reader.TokenStartIndex;
            _cut++;
            Name(list, elements, before);
        }

        private void Name(Frame list, int elements, Dictionary<string, int> before)
        {
            var key = (list.Reach, list.Order);
            if (key.CompareTo(_firstUnnamed) > 0)
                return;
            if (list.PointerBytes > ResultCut.MaxPointerBytes)
            {
                // Without its pointer, which may be as long as the result, and there may be as many.
                while (_named.Count > 0 && _named.GetKeyAtIndex(_named.Count - 1).CompareTo(key) > 0)
                    Unname();
                _firstUnnamed = key;
                return;
            }

            var at = string.Concat(_open.Take(_open.Count - 1).Select(frame => "/" + frame.Step));
            _named.Add(key, (new(at, elements + before.GetValueOrDefault(at)), list.PointerBytes));
            _pointerBytes += list.PointerBytes;
            while (_named.Count > ResultCut.MaxLists || _pointerBytes > ResultCut.MaxPointerBytes)
                Unname();
        }

        private void Unname()
        {
            _firstUnnamed = _named.GetKeyAtIndex(_named.Count - 1);
            _pointerBytes -= _named.GetValueAtIndex(_named.Count - 1).Bytes;
            _named.RemoveAt(_named.Count - 1);
        }
    }
}

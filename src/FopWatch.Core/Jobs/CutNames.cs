using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using FopWatch.Providers;

namespace FopWatch.Jobs;

/// <summary>Lists the parts that a cut removed from a result.</summary>
internal static class CutNames
{
    /// <summary>The removed parts after a further cut.</summary>
    /// <param name="before">The parts that were removed before.</param>
    /// <param name="whole">The result before the cut.</param>
    /// <param name="kept">The result after the cut.</param>
    /// <param name="pointerBytes">The most bytes of all pointers together.</param>
    public static ResultCut Add(ResultCut before, JsonElement whole, JsonElement kept, int pointerBytes)
    {
        var differences = new Differences(pointerBytes);
        Compare(whole, kept, null, differences);
        var nearest = differences.Nearest.Select(one => one.ToPart()).ToList();
        if (before.Unnamed > 0)
            nearest = [.. nearest.Select(part => WithKnownCount(part, before))];
        var unnamed = differences.Count - nearest.Count;
        var parts = new List<PartCut>();
        foreach (var same in before.Parts.Where(part => IsIn(kept, part)).Concat(nearest).GroupBy(part => part.At, StringComparer.Ordinal).OrderBy(same => Steps(same.Key).Length))
        {
            var bytes = Encoding.UTF8.GetByteCount(same.Key);
            if (parts.Count == ResultCut.MaxParts || bytes > pointerBytes)
            {
                unnamed++;
                continue;
            }

            pointerBytes -= bytes;
            parts.Add(same.Aggregate(Merge));
        }

        return before with { Parts = [.. parts], Unnamed = unnamed > 0 ? unnamed : before.Unnamed };
    }

    // An earlier cut may have removed elements of this array without naming it.
    private static PartCut WithKnownCount(PartCut part, ResultCut before) =>
        before.Parts.Any(named => named.At == part.At) ? part : part with { Elements = null };

    private static PartCut Merge(PartCut earlier, PartCut later) => later.Dropped || earlier.Dropped
        ? new(earlier.At) { Dropped = true }
        : new(earlier.At)
        {
            Elements = earlier.Elements + later.Elements,
            TextBytes = later.TextBytes ?? earlier.TextBytes,
        };

    private static void Compare(JsonElement whole, JsonElement kept, Step? at, Differences differences)
    {
        if (JsonMarshal.GetRawUtf8Value(whole).SequenceEqual(JsonMarshal.GetRawUtf8Value(kept)))
            return;

        switch (whole.ValueKind, kept.ValueKind)
        {
            case (JsonValueKind.Object, JsonValueKind.Object):
                CompareMembers(whole, kept, at, differences);
                break;
            case (JsonValueKind.Array, JsonValueKind.Array):
                var index = 0;
                foreach (var (one, other) in whole.EnumerateArray().Zip(kept.EnumerateArray()))
                    Compare(one, other, Step.To((index++).ToString(CultureInfo.InvariantCulture), at), differences);
                if (whole.GetArrayLength() > index)
                    differences.Add(new(at) { Elements = whole.GetArrayLength() - index });
                break;
            case (JsonValueKind.String, JsonValueKind.String):
                var text = JsonText.Unescape(JsonMarshal.GetRawUtf8Value(kept)[1..^1], out _);
                differences.Add(new(at) { TextBytes = Encoding.UTF8.GetByteCount(text) });
                break;
            default:
                differences.Add(new(at) { Dropped = true });
                break;
        }
    }

    private static void CompareMembers(JsonElement whole, JsonElement kept, Step? at, Differences differences)
    {
        // The kept members are in the same order.
        var members = kept.EnumerateObject();
        var hasNext = members.MoveNext();
        foreach (var member in whole.EnumerateObject())
        {
            var name = JsonMarshal.GetRawUtf8PropertyName(member);
            var step = Step.To(JsonText.Unescape(name, out _), at);
            if (hasNext && JsonMarshal.GetRawUtf8PropertyName(members.Current).SequenceEqual(name))
            {
                Compare(member.Value, members.Current.Value, step, differences);
                hasNext = members.MoveNext();
            }
            else
            {
                differences.Add(new(step) { Dropped = true });
            }
        }
    }

    /// <summary>Whether a part that was named before is still there. The value around it may have been removed since.</summary>
    private static bool IsIn(JsonElement kept, PartCut part)
    {
        var steps = Steps(part.At);
        for (var i = 0; i < steps.Length; i++)
        {
            if (kept.ValueKind == JsonValueKind.Object && kept.TryGetProperty(steps[i], out var member))
                kept = member;
            else if (kept.ValueKind == JsonValueKind.Array && int.TryParse(steps[i], CultureInfo.InvariantCulture, out var index) && index < kept.GetArrayLength())
                kept = kept[index];
            else
                return part.Dropped && i == steps.Length - 1 && kept.ValueKind == JsonValueKind.Object;
        }

        return true;
    }

    private static string[] Steps(string pointer) => [.. pointer.Split('/').Skip(1)
        .Select(step => step.Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal))];

    /// <summary>A step of a pointer. The text is built only for named parts, because it is as long as all names around it.</summary>
    private sealed record Step(string Token, Step? Around, int Bytes, int Depth)
    {
        public static Step To(string name, Step? around)
        {
            var token = name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);
            return new(token, around, (around?.Bytes ?? 0) + 1 + Encoding.UTF8.GetByteCount(token), (around?.Depth ?? 0) + 1);
        }
    }

    /// <summary>The differences. There may be as many as a result has bytes, so only those that may be named are kept, and the rest are counted.</summary>
    private sealed class Differences(int pointerBytes)
    {
        // A part that was named before needs no further name, so twice as many suffice.
        private const int MostNamed = 2 * ResultCut.MaxParts;

        private readonly SortedDictionary<int, List<Difference>> _byDepth = [];

        public int Count { get; private set; }

        public IEnumerable<Difference> Nearest => _byDepth.Values.SelectMany(same => same).Take(MostNamed);

        public void Add(Difference one)
        {
            Count++;
            if (one.PointerBytes > pointerBytes)
                return;
            if (!_byDepth.TryGetValue(one.Depth, out var same))
                _byDepth.Add(one.Depth, same = []);
            if (same.Count < MostNamed)
                same.Add(one);
        }
    }

    private readonly record struct Difference(Step? At)
    {
        public int? Elements { get; init; }

        public int? TextBytes { get; init; }

        public bool Dropped { get; init; }

        public int PointerBytes => At?.Bytes ?? 0;

        public int Depth => At?.Depth ?? 0;

        public PartCut ToPart()
        {
            var pointer = new Stack<string>();
            for (var step = At; step is not null; step = step.Around)
                pointer.Push("/" + step.Token);
            return new(string.Concat(pointer)) { Elements = Elements, TextBytes = TextBytes, Dropped = Dropped };
        }
    }
}

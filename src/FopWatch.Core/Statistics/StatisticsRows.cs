namespace FopWatch.Statistics;

/// <summary>The stored rows of a source that an addition may change. Every store applies additions through this type.</summary>
/// <param name="Additions">The ids of the last additions, separated by spaces, oldest first; empty for none.</param>
/// <param name="Hours">The sums of the hours of the addition, in the form of <see cref="HourSums.ToJson"/>; an hour without a row is absent.</param>
/// <param name="Ages">All classes of the source, in the form of <see cref="StoredAges.Write"/>.</param>
public sealed record StatisticsRows(string Additions, IReadOnlyDictionary<DateTimeOffset, string> Hours, IReadOnlyDictionary<string, byte[]> Ages)
{
    /// <summary>How many additions are remembered per source.</summary>
    public const int RememberedAdditions = 128;

    /// <summary>The most classes that one addition replaces, so that all rows that it changes fit into one transaction of Table Storage.</summary>
    public const int MostDropped = 8;

    /// <summary>How far in the future a time may be. A later time comes from a wrong clock.</summary>
    public static readonly TimeSpan MostAhead = TimeSpan.FromDays(1);

    /// <summary>The last activity, in the form of <see cref="LatestActivity.Write"/>; empty for none.</summary>
    public string Latest { get; init; } = "";

    /// <summary>The classes that an addition deletes in favour of larger ones; at most <see cref="MostDropped"/>.</summary>
    public IReadOnlyList<string> Dropped { get; init; } = [];

    /// <summary>The new content of the rows that an addition changes; null if the addition was already made.</summary>
    public StatisticsRows? Changed(StatisticsDelta delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        var additions = Additions.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (additions.Contains(delta.Id))
            return null;

        var hours = new Dictionary<DateTimeOffset, string>();
        foreach (var (hour, sums) in delta.Hours)
        {
            var all = HourSums.FromJson(Hours.GetValueOrDefault(hour));
            all.Add(sums);
            hours[hour] = all.ToJson();
        }

        var ages = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        var (within, dropped) = WithinLimit(delta.Ages, delta.At);
        foreach (var (name, known) in within)
        {
            var isNewer = false;
            var stored = Ages.TryGetValue(name, out var bytes) ? StoredAges.Read(bytes, out isNewer) : null;
            if (!isNewer)
                ages[name] = (stored ?? StoredAges.None(delta.At)).With(known, delta.At).Write();
        }

        return new(string.Join(' ', additions.TakeLast(RememberedAdditions - 1).Append(delta.Id)), hours, ages)
        {
            Dropped = dropped,
            Latest = LatestActivity.Read(Latest).At(delta.At).With(delta.Latest).Write(),
        };
    }

    /// <summary>Reads the classes, weighted for a time.</summary>
    public static IReadOnlyList<KnownClass> Read(IEnumerable<KeyValuePair<string, byte[]>> ages, DateTimeOffset now) =>
        [.. ages.Select(row => (row.Key, Stored: StoredAges.Read(row.Value, out _)))
            .Where(row => row.Stored is not null && CommandClass.IsName(row.Key))
            .OrderBy(row => row.Key, StringComparer.Ordinal)
            .Select(row => new KnownClass(row.Key, row.Stored!.At(now)))];

    /// <summary>The first and the last hour that are kept.</summary>
    public static (DateTimeOffset First, DateTimeOffset Last) Kept(DateTimeOffset now) => (now - IStatistics.Lifetime, now + MostAhead);

    /// <summary>
    /// Whether nothing was added to a class in the hours that are kept. An unreadable class counts as old, a class of a newer version does not.
    /// </summary>
    public static bool IsOld(ReadOnlySpan<byte> ages, DateTimeOffset now) =>
        StoredAges.Read(ages, out var isNewer) is { } stored ? stored.Hour < Kept(now).First || stored.Hour > Kept(now).Last : !isNewer;

    private (Dictionary<string, KnownAges> Within, List<string> Dropped) WithinLimit(IReadOnlyDictionary<string, KnownAges> added, DateTimeOffset at)
    {
        var known = Ages.Keys.Where(name => name != CommandClass.Other).ToHashSet(StringComparer.Ordinal);
        var within = new Dictionary<string, KnownAges>(StringComparer.Ordinal);
        var dropped = new List<string>();
        Queue<(string Name, double Jobs)>? least = null;
        foreach (var (name, ages) in added.OrderBy(one => one.Key, StringComparer.Ordinal))
        {
            var to = HasPlace(name, ages.Jobs) ? name : CommandClass.Other;
            if (!within.TryGetValue(to, out var sum))
                within[to] = sum = new();
            sum.Add(ages);
        }

        return (within, dropped);

        bool HasPlace(string name, double jobs)
        {
            if (name == CommandClass.Other || known.Contains(name))
                return true;
            if (known.Count < CommandClass.MostClasses)
                return known.Add(name);
            least ??= new(Ages.Where(row => row.Key != CommandClass.Other && !added.ContainsKey(row.Key))
                .Select(row => (row.Key, JobsOf(row.Value))).OrderBy(one => one.Item2).ThenBy(one => one.Key, StringComparer.Ordinal).Take(MostDropped));
            if (!least.TryPeek(out var one) || !(one.Jobs < jobs))
                return false;
            dropped.Add(least.Dequeue().Name);
            known.Remove(one.Name);
            return known.Add(name);
        }

        // An unreadable class is worthless, and a class of a newer version is left alone.
        double JobsOf(byte[] ages) => StoredAges.Read(ages, out var isNewer) is { } stored ? stored.At(at).Jobs : isNewer ? double.MaxValue : 0;
    }
}

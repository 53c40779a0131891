using System.Buffers.Binary;

namespace FopWatch.Statistics;

/// <summary>The stored ages of a class, and the landmark of their weights.</summary>
public sealed class StoredAges
{
    /// <summary>The most bytes that <see cref="Write"/> returns.</summary>
    public const int MaxBytes = 2048;

    private const byte Version = 2;
    private const int HeadBytes = 25;

    // Version 1 has no separate sums of the last hour. They are part of the others, with the weight that they had then.
    private const byte VersionWithoutHour = 1;

    // Marks the first byte of a run whose numbers belong to the last hour.
    private const byte OfHour = 0x80;

    // The landmark moves rarely, because each move rounds all sums.
    private const double MostWeight = 4;

    // A time further ahead comes from a wrong clock. With it as landmark, new ages would hardly count.
    private static readonly TimeSpan MostAhead = TimeSpan.FromDays(1);

    private readonly KnownAges _before;
    private readonly KnownAges _ofHour;
    private readonly DateTimeOffset _landmark;
    private readonly double _knownBefore;

    /// <param name="before">The ages from before the last hour, weighted relative to the landmark.</param>
    /// <param name="ofHour">The ages of the last hour, each job as 1. Their weight depends on the final number of jobs in the hour.</param>
    /// <param name="landmark">The time at which an addition has weight 1.</param>
    /// <param name="hour">The last hour.</param>
    /// <param name="knownBefore">The jobs known before the last hour.</param>
    private StoredAges(KnownAges before, KnownAges ofHour, DateTimeOffset landmark, DateTimeOffset hour, double knownBefore) =>
        (_before, _ofHour, _landmark, Hour, _knownBefore) = (before, ofHour, landmark, hour, knownBefore);

    /// <summary>The last hour with an addition.</summary>
    public DateTimeOffset Hour { get; }

    /// <summary>Creates empty ages.</summary>
    /// <param name="now">The time.</param>
    public static StoredAges None(DateTimeOffset now) => new(new(), new(), StatisticsCollector.HourOf(now), StatisticsCollector.HourOf(now), 0);

    /// <summary>The ages, weighted for a time.</summary>
    public KnownAges At(DateTimeOffset now) => Sum((Sums(), 1 / Math.Max(KnownAges.WeightOf(now, _landmark), 1)));

    /// <summary>
    /// Adds ages. The contribution of an hour is bounded (<see cref="KnownAges.WeightOfHour"/>), and all its jobs have the same weight. An addition by a clock that
    /// is behind belongs to the last hour; otherwise two clocks that differ would start a new hour with each addition.
    /// </summary>
    /// <param name="ages">The ages to add.</param>
    /// <param name="at">The time of the addition.</param>
    public StoredAges With(KnownAges ages, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(ages);
        var hour = StatisticsCollector.HourOf(at);
        if (hour <= Hour && Hour - hour <= MostAhead)
            return new(_before, Sum((_ofHour, 1), (ages, 1)), _landmark, Hour, _knownBefore);

        var (before, landmark) = (Sums(), _landmark);
        var weight = KnownAges.WeightOf(hour, landmark);
        if (weight > MostWeight || landmark - hour > MostAhead)
            (before, landmark, weight) = (Sum((before, 1 / Math.Max(weight, 1))), hour, 1);
        return new(before, Sum((ages, 1)), landmark, hour, before.Jobs / Math.Max(weight, 1));
    }

    /// <summary>The stored form, at most <see cref="MaxBytes"/> long.</summary>
    public byte[] Write()
    {
        var bytes = new byte[MaxBytes];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), _landmark.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(9), Hour.UtcTicks);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(17), ToSingle(_ofHour.All));
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(21), ToSingle(_knownBefore));
        var end = WriteRuns(bytes, HeadBytes, _before, 0);
        return bytes[..WriteRuns(bytes, end, _ofHour, OfHour)];
    }

    /// <summary>Reads the form of <see cref="Write"/>.</summary>
    /// <param name="bytes">The stored form.</param>
    /// <param name="isNewer">Whether a newer version wrote it. Then leave it alone.</param>
    /// <returns>The ages; null if they cannot be read.</returns>
    public static StoredAges? Read(ReadOnlySpan<byte> bytes, out bool isNewer)
    {
        isNewer = bytes is [> Version, ..];
        if (bytes.Length < HeadBytes || bytes[0] is not (Version or VersionWithoutHour))
            return null;
        if (TimeOf(bytes[1..]) is not { } landmark || TimeOf(bytes[9..]) is not { } hour)
            return null;
        var known = BinaryPrimitives.ReadSingleLittleEndian(bytes[21..]);
        var buckets = AgeBuckets.Quarters.Count;
        double[][] before = [new double[buckets], new double[buckets], new double[buckets]];
        double[][] ofHour = [new double[buckets], new double[buckets], new double[buckets]];
        for (var rest = bytes[HeadBytes..]; !rest.IsEmpty;)
        {
            var (from, sums) = (rest[0] & ~OfHour, (rest[0] & OfHour) == 0 ? before : ofHour);
            if (rest.Length < 2 || from + rest[1] > buckets || rest.Length < 2 + (12 * rest[1]))
                return null;
            var count = rest[1];
            rest = rest[2..];
            for (var bucket = from; bucket < from + count; bucket++, rest = rest[12..])
            {
                for (var sum = 0; sum < sums.Length; sum++)
                    sums[sum][bucket] = BinaryPrimitives.ReadSingleLittleEndian(rest[(4 * sum)..]);
            }
        }

        return AreSums([known]) && before.All(sum => AreSums(sum)) && ofHour.All(sum => AreSums(sum))
            ? new(KnownAges.OfSums(before[0], before[1], before[2]), KnownAges.OfSums(ofHour[0], ofHour[1], ofHour[2]), landmark, hour, known)
            : null;
    }

    private KnownAges Sums() =>
        Sum((_before, 1), (_ofHour, KnownAges.WeightOf(Hour, _landmark) * KnownAges.WeightOfHour(_ofHour.All, _knownBefore)));

    private static KnownAges Sum(params ReadOnlySpan<(KnownAges Ages, double Weight)> parts)
    {
        var sum = new KnownAges();
        foreach (var (ages, weight) in parts)
            sum.Add(ages, weight);
        return sum;
    }

    /// <summary>Writes runs of non-zero sums: the start of each run, its length and its numbers.</summary>
    private static int WriteRuns(byte[] bytes, int at, KnownAges ages, byte mark)
    {
        for (var from = 0; from < ages.Buckets.Count;)
        {
            var count = 0;
            while (from + count < ages.Buckets.Count && !IsZero(ages, from + count))
                count++;
            if (count == 0)
            {
                from++;
                continue;
            }

            (bytes[at], bytes[at + 1]) = ((byte)(from | mark), (byte)count);
            at += 2;
            for (var bucket = from; bucket < from + count; bucket++, at += 12)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), ToSingle(ages.Reached[bucket]));
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at + 4), ToSingle(ages.Over[bucket]));
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at + 8), ToSingle(ages.Seconds[bucket]));
            }

            from += count;
        }

        return at;
    }

    private static bool IsZero(KnownAges ages, int bucket) =>
        ToSingle(ages.Reached[bucket]) == 0 && ToSingle(ages.Over[bucket]) == 0 && ToSingle(ages.Seconds[bucket]) == 0;

    // Rounding may leave a negative sum.
    private static float ToSingle(double sum) => (float)Math.Clamp(sum, 0, 1e30);

    private static bool AreSums(ReadOnlySpan<double> sums)
    {
        foreach (var sum in sums)
        {
            if (!double.IsFinite(sum) || sum < 0)
                return false;
        }

        return true;
    }

    private static DateTimeOffset? TimeOf(ReadOnlySpan<byte> bytes) =>
        BinaryPrimitives.ReadInt64LittleEndian(bytes) is var ticks and >= 0 && ticks <= DateTimeOffset.MaxValue.UtcTicks ? new(ticks, TimeSpan.Zero) : null;
}

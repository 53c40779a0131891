using System.Buffers.Binary;

namespace FopWatch.Statistics;

/// <summary>The ages of a class as a store keeps them, with what their weights are relative to.</summary>
public sealed class StoredAges
{
    /// <summary>The most bytes of <see cref="Write"/>.</summary>
    public const int MaxBytes = 1024;

    private const byte Version = 1;
    private const int HeadBytes = 25;

    // The landmark moves rarely: each move rounds all sums.
    private const double MostWeight = 4;

    // A landmark that is further ahead than this is a wrong clock's: by it, new ages would hardly count.
    private static readonly TimeSpan MostAhead = TimeSpan.FromDays(1);

    private readonly KnownAges _sums;
    private readonly DateTimeOffset _landmark;
    private readonly double _jobsOfHour;
    private readonly double _knownBefore;

    private StoredAges(KnownAges sums, DateTimeOffset landmark, DateTimeOffset hour, double jobsOfHour, double knownBefore) =>
        (_sums, _landmark, Hour, _jobsOfHour, _knownBefore) = (sums, landmark, hour, jobsOfHour, knownBefore);

    /// <summary>The hour of the last addition.</summary>
    public DateTimeOffset Hour { get; }

    /// <summary>Nothing is known.</summary>
    /// <param name="now">The time.</param>
    public static StoredAges None(DateTimeOffset now) => new(new(), StatisticsCollector.HourOf(now), StatisticsCollector.HourOf(now), 0, 0);

    /// <summary>The ages as they count at a time.</summary>
    public KnownAges At(DateTimeOffset now)
    {
        var ages = new KnownAges();
        ages.Add(_sums, 1 / Math.Max(KnownAges.WeightOf(now, _landmark), 1));
        return ages;
    }

    /// <summary>These and others. How much an hour may add is bounded: <see cref="KnownAges.WeightOfHour"/>.</summary>
    /// <param name="ages">What is added.</param>
    /// <param name="at">When.</param>
    public StoredAges With(KnownAges ages, DateTimeOffset at)
    {
        ArgumentNullException.ThrowIfNull(ages);
        var (sums, landmark) = (new KnownAges(), _landmark);
        var weight = KnownAges.WeightOf(at, landmark);
        if (weight > MostWeight || landmark - at > MostAhead)
        {
            sums.Add(_sums, 1 / Math.Max(weight, 1));
            (landmark, weight) = (at, 1);
        }
        else
        {
            sums.Add(_sums);
        }

        var hour = StatisticsCollector.HourOf(at);
        var (before, known) = hour == Hour ? (_jobsOfHour, _knownBefore) : (0, _sums.Jobs / Math.Max(KnownAges.WeightOf(at, _landmark), 1));
        var jobs = Math.Max(ages.Jobs, 0);
        sums.Add(ages, weight * ShareOf(jobs, before, known));
        return new(sums, landmark, hour, before + jobs, known);
    }

    /// <summary>The stored form: at most <see cref="MaxBytes"/>.</summary>
    public byte[] Write()
    {
        var bytes = new byte[MaxBytes];
        bytes[0] = Version;
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(1), _landmark.UtcTicks);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(9), Hour.UtcTicks);
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(17), ToSingle(_jobsOfHour));
        BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(21), ToSingle(_knownBefore));
        var at = HeadBytes;
        for (var from = 0; from < _sums.Buckets.Count;)
        {
            // Runs of what is not zero: where it begins, its length, its numbers.
            var count = 0;
            while (from + count < _sums.Buckets.Count && !IsZero(from + count))
                count++;
            if (count == 0)
            {
                from++;
                continue;
            }

            (bytes[at], bytes[at + 1]) = ((byte)from, (byte)count);
            at += 2;
            for (var bucket = from; bucket < from + count; bucket++, at += 12)
            {
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at), ToSingle(_sums.Reached[bucket]));
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at + 4), ToSingle(_sums.Over[bucket]));
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(at + 8), ToSingle(_sums.Seconds[bucket]));
            }

            from += count;
        }

        return bytes[..at];
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <param name="bytes">The stored form.</param>
    /// <param name="isNewer">Whether a newer version wrote it: then it is left alone.</param>
    /// <returns>The ages; null if they cannot be read.</returns>
    public static StoredAges? Read(ReadOnlySpan<byte> bytes, out bool isNewer)
    {
        isNewer = bytes is [> Version, ..];
        if (bytes.Length < HeadBytes || bytes[0] != Version)
            return null;
        if (TimeOf(bytes[1..]) is not { } landmark || TimeOf(bytes[9..]) is not { } hour)
            return null;
        var (jobs, known) = (BinaryPrimitives.ReadSingleLittleEndian(bytes[17..]), BinaryPrimitives.ReadSingleLittleEndian(bytes[21..]));
        var buckets = AgeBuckets.Quarters.Count;
        var (reached, over, seconds) = (new double[buckets], new double[buckets], new double[buckets]);
        for (var rest = bytes[HeadBytes..]; !rest.IsEmpty;)
        {
            if (rest.Length < 2 || rest[0] + rest[1] > buckets || rest.Length < 2 + (12 * rest[1]))
                return null;
            var (from, count) = (rest[0], rest[1]);
            rest = rest[2..];
            for (var bucket = from; bucket < from + count; bucket++, rest = rest[12..])
            {
                reached[bucket] = BinaryPrimitives.ReadSingleLittleEndian(rest);
                over[bucket] = BinaryPrimitives.ReadSingleLittleEndian(rest[4..]);
                seconds[bucket] = BinaryPrimitives.ReadSingleLittleEndian(rest[8..]);
            }
        }

        return AreSums([jobs, known]) && AreSums(reached) && AreSums(over) && AreSums(seconds)
            ? new(KnownAges.OfSums(reached, over, seconds), landmark, hour, jobs, known)
            : null;
    }

    /// <summary>The weight of further jobs of an hour, so that all of the hour weigh what <see cref="KnownAges.WeightOfHour"/> says.</summary>
    private static double ShareOf(double jobs, double before, double known)
    {
        var further = jobs > 0 ? jobs : 1;
        return Math.Clamp((Weighted(before + further) - Weighted(before)) / further, 0, 1);

        double Weighted(double all) => all * KnownAges.WeightOfHour(all, known);
    }

    private bool IsZero(int bucket) => ToSingle(_sums.Reached[bucket]) == 0 && ToSingle(_sums.Over[bucket]) == 0 && ToSingle(_sums.Seconds[bucket]) == 0;

    // What was added before is taken out again by additions of the rest, which may leave less than nothing by rounding.
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

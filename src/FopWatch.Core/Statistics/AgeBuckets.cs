namespace FopWatch.Statistics;

/// <summary>The ages that statistics tell apart: 80 buckets of a quarter of an octave each, from a second to twelve days.</summary>
public static class AgeBuckets
{
    /// <summary>How many there are.</summary>
    public const int Count = 80;

    private const double PerOctave = 4;

    private static readonly double[] Lower = [0, .. Enumerable.Range(1, Count).Select(bucket => Math.Pow(2, bucket / PerOctave))];

    /// <summary>The bucket of an age: the first has what is younger than a second, too, and the last what is older than twelve days.</summary>
    /// <param name="seconds">The age in seconds.</param>
    public static int Of(double seconds)
    {
        if (!(seconds > 1))
            return 0;

        // The logarithm may be wrong by its last bit, so that a boundary would belong to the bucket before it.
        var bucket = (int)Math.Min(Count - 1, PerOctave * Math.Log2(seconds));
        return bucket < Count - 1 && seconds >= Lower[bucket + 1] ? bucket + 1 : bucket;
    }

    /// <summary>The least age of a bucket in seconds; of <see cref="Count"/>, where the last one ends.</summary>
    public static double From(int bucket) => Lower[bucket];
}

namespace FopWatch.Statistics;

/// <summary>Logarithmic buckets of job ages, from 1 second to 12 days.</summary>
public sealed class AgeBuckets
{
    private const int Octaves = 20;

    private readonly int _perOctave;
    private readonly double[] _lower;

    private AgeBuckets(int perOctave)
    {
        _perOctave = perOctave;
        _lower = [0, .. Enumerable.Range(1, Octaves * perOctave).Select(bucket => Math.Pow(2, bucket / (double)perOctave))];
    }

    /// <summary>80 buckets of a quarter of an octave each: few enough to be stored for each class.</summary>
    public static AgeBuckets Quarters { get; } = new(4);

    /// <summary>Finer buckets, for exact ages that are not stored.</summary>
    public static AgeBuckets Fine { get; } = new(32);

    /// <summary>The number of buckets.</summary>
    public int Count => _lower.Length - 1;

    /// <summary>The bucket of an age. The first bucket includes ages below 1 s, the last bucket all greater ages.</summary>
    /// <param name="seconds">The age, in seconds.</param>
    public int Of(double seconds)
    {
        if (!(seconds > 1))
            return 0;

        // The last bit of the logarithm may be wrong, on either side of a boundary.
        var bucket = (int)Math.Min(Count - 1, _perOctave * Math.Log2(seconds));
        if (seconds < _lower[bucket])
            return bucket - 1;
        return bucket < Count - 1 && seconds >= _lower[bucket + 1] ? bucket + 1 : bucket;
    }

    /// <summary>The lower bound of a bucket, in seconds. For <see cref="Count"/>, the upper bound of the last bucket.</summary>
    /// <param name="bucket">From 0 to <see cref="Count"/>.</param>
    public double From(int bucket) => _lower[bucket];

    /// <summary>The width of a bucket, in seconds.</summary>
    /// <param name="bucket">From 0 to <see cref="Count"/> - 1.</param>
    public double Width(int bucket) => _lower[bucket + 1] - _lower[bucket];
}

namespace FopWatch.Statistics;

/// <summary>The survival function of n exact ages, each of which counts as 1/n. A job of age 0 ended at once, and counts as unfinished at age 0.</summary>
public sealed class GivenAges : ISurvivalCurve
{
    private readonly double[] _sorted;
    private readonly double[] _sums;

    /// <summary>Creates the function.</summary>
    /// <param name="seconds">At least one age, in seconds; each finite and at least 0.</param>
    public GivenAges(IEnumerable<double> seconds)
    {
        _sorted = [.. seconds];
        ArgumentOutOfRangeException.ThrowIfZero(_sorted.Length, nameof(seconds));
        Array.Sort(_sorted);
        _sums = new double[_sorted.Length + 1];
        for (var i = 0; i < _sorted.Length; i++)
            _sums[i + 1] = _sums[i] + _sorted[i];
    }

    /// <summary>The ages, ascending.</summary>
    public IReadOnlyList<double> Sorted => _sorted;

    /// <inheritdoc/>
    public double Unfinished(double seconds) => (_sorted.Length - Over(seconds)) / (double)_sorted.Length;

    /// <inheritdoc/>
    public double RestrictedMean(double seconds)
    {
        var over = Over(seconds);
        return (_sums[over] + ((_sorted.Length - over) * seconds)) / _sorted.Length;
    }

    /// <summary>The number of ages up to and including an age; 0 for age 0.</summary>
    private int Over(double seconds)
    {
        if (seconds <= 0)
            return 0;
        var (low, high) = (0, _sorted.Length);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = _sorted[middle] <= seconds ? (middle + 1, high) : (low, middle);
        }

        return low;
    }
}

using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>
/// Finds the cheapest plan at a price per poll, by a dynamic programme over a logarithmic grid of ages, from the deadline backwards. The cost of a job is the
/// time from its end to the poll that finds it, in seconds, plus the price of each of its polls.
/// </summary>
public sealed class PollProgramme
{
    private const double PerOctave = 96;

    // Grid steps are at most the longest wait divided by this.
    private const double LeastSteps = 8;

    // Enough for nine days at the default Max. Older jobs are polled at the longest wait.
    private const int MostAges = 12_000;

    // Ages have milliseconds.
    private const int Decimals = 3;

    private const double Rounding = 1e-6;

    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(2);

    private readonly double _heard;
    private readonly double _shortest;
    private readonly double _longest;
    private readonly double _deadline;
    private readonly double[] _grid;
    private readonly double[] _unfinished;
    private readonly double[] _means;
    private readonly PollSpending _tail;
    private readonly double[] _least;
    private readonly double[] _most;

    /// <param name="curve">The survival function of the jobs.</param>
    /// <param name="settings">The limits. The longest wait is the greater of <c>First</c> and <c>Max</c>; the shortest is 2 s, or <c>First</c> if that is less.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="least">A lower bound of the wait by age, in addition to that of the settings.</param>
    /// <param name="most">An upper bound of the wait by age, in addition to that of the settings.</param>
    public PollProgramme(
        ISurvivalCurve curve,
        PollSettings settings,
        double heard,
        Func<double, double>? least = null,
        Func<double, double>? most = null)
    {
        ArgumentNullException.ThrowIfNull(curve);
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentOutOfRangeException.ThrowIfNegative(heard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(heard, 1);
        _heard = heard;
        _longest = Math.Max(settings.Max.TotalSeconds, settings.First.TotalSeconds);
        _shortest = Math.Min(ShortestWait.TotalSeconds, settings.First.TotalSeconds);
        _deadline = settings.Deadline.TotalSeconds;
        _grid = Grid();
        _unfinished = Array.ConvertAll(_grid, curve.Unfinished);
        _means = Array.ConvertAll(_grid, curve.RestrictedMean);
        _least = Array.ConvertAll(_grid, age => Math.Clamp(least?.Invoke(age) ?? _shortest, _shortest, _longest));
        _most = Array.ConvertAll(_grid, age => Math.Clamp(most?.Invoke(age) ?? _longest, _shortest, _longest));
        _tail = PollSpending.OfTail(curve, heard, _grid[^1], _longest, _deadline);
    }

    /// <summary>The cheapest plan.</summary>
    /// <param name="price">The price of a poll, in seconds of delay; more than 0.</param>
    public LearnedPlan Best(double price)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(price);
        var next = new int[_grid.Length];
        var cost = new double[_grid.Length];
        cost[^1] = (price * _tail.Polls) + _tail.Delay;
        for (var at = _grid.Length - 2; at >= 0; at--)
        {
            var least = double.PositiveInfinity;

            // The cost of a step has the Monge property (jobs unfinished at its start times its end), so the next poll of a younger job is never later.
            var last = at < _grid.Length - 2 ? next[at + 1] : at + 1;
            for (var to = at + 1; to <= last; to++)
            {
                var wait = _grid[to] - _grid[at];
                if (wait < _least[at] - Rounding && to < _grid.Length - 1)
                    continue;
                if (wait > _most[at] + Rounding && !double.IsPositiveInfinity(least))
                    break;
                var step = PollSpending.OfStep(_heard, wait, _unfinished[at], _unfinished[to], _means[to] - _means[at]);
                var sum = (price * step.Polls) + step.Delay + cost[to];
                if (sum < least)
                    (least, next[at]) = (sum, to);
            }

            cost[at] = least;
        }

        return new(_grid, next, _shortest, _longest, _deadline);
    }

    private double[] Grid()
    {
        var grid = new List<double> { 0 };
        for (var age = Math.Max(_shortest, 0.001); age < _deadline && grid.Count < MostAges; age += Math.Min(age * (Math.Pow(2, 1 / PerOctave) - 1), _longest / LeastSteps))
            grid.Add(Math.Round(age, Decimals));
        if (grid.Count < MostAges)
            grid.Add(_deadline);
        return [.. grid];
    }
}

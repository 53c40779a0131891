using FopWatch.Watching;

namespace FopWatch.Core.Tests.Statistics;

/// <summary>
/// The least mean delay of any plan for the true ages at a given number of polls, computed independently: every pair of ages of a fine grid, sums over the
/// ages themselves, and interpolation between the two plans with the closest numbers of polls.
/// </summary>
internal sealed class Optimum
{
    private const double PerOctave = 64;
    private const int Steps = 17;

    private readonly double _heard;
    private readonly double _longest;
    private readonly double[] _grid;
    private readonly double[] _open;
    private readonly double[] _seconds;

    public Optimum(IReadOnlyList<double> sorted, PollSettings settings, double heard)
    {
        (_heard, _longest) = (heard, settings.Max.TotalSeconds);
        var grid = new List<double> { 0 };
        for (var age = 2d; age < sorted[^1]; age += Math.Min(age * (Math.Pow(2, 1 / PerOctave) - 1), _longest / 16))
            grid.Add(age);
        grid.Add(sorted[^1]);
        _grid = [.. grid];
        (_open, _seconds) = (new double[_grid.Length], new double[_grid.Length]);
        var (over, sum) = (0, 0d);
        for (var at = 0; at < _grid.Length; at++)
        {
            while (over < sorted.Count && sorted[over] <= _grid[at])
                sum += sorted[over++];
            _open[at] = 1 - (over / (double)sorted.Count);
            _seconds[at] = (sum + ((sorted.Count - over) * _grid[at])) / sorted.Count;
        }
    }

    public double DelayAt(double polls)
    {
        var (low, high) = (1e-3, 1e5);
        var (more, fewer) = (At(low), At(high));
        for (var step = 0; step < Steps; step++)
        {
            var price = Math.Sqrt(low * high);
            var tried = At(price);
            if (tried.Polls > polls)
                (low, more) = (price, tried);
            else
                (high, fewer) = (price, tried);
        }

        return fewer.Delay + ((more.Delay - fewer.Delay) * (polls - fewer.Polls) / Math.Max(more.Polls - fewer.Polls, 1e-9));
    }

    private (double Polls, double Delay) At(double price)
    {
        var best = new (double Cost, double Polls, double Delay)[_grid.Length];
        for (var from = _grid.Length - 2; from >= 0; from--)
        {
            best[from].Cost = double.PositiveInfinity;
            for (var to = from + 1; to < _grid.Length; to++)
            {
                var wait = _grid[to] - _grid[from];
                if (wait > _longest + 1e-6 && best[from].Cost < double.PositiveInfinity)
                    break;
                if (wait < 2 && to < _grid.Length - 1)
                    continue;
                var polls = _open[to] + ((1 - _heard) * (_open[from] - _open[to]));
                var delay = (1 - _heard) * ((_open[from] * wait) - (_seconds[to] - _seconds[from]));
                var cost = (price * polls) + delay + best[to].Cost;
                if (cost < best[from].Cost)
                    best[from] = (cost, polls + best[to].Polls, delay + best[to].Delay);
            }
        }

        return (best[0].Polls, best[0].Delay);
    }
}

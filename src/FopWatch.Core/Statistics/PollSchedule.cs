using FopWatch.Watching;

namespace FopWatch.Statistics;

/// <summary>When to poll the jobs of a class, and what that comes to: the plan that costs least at a price for a poll.</summary>
/// <remarks>
/// A job costs the seconds from its end to the poll that finds it, and the price of each of its polls. A dynamic programme from the deadline backwards
/// finds for each age of a grid the best next one. A job whose notification arrives costs neither after its end.
/// </remarks>
public sealed class PollSchedule
{
    /// <summary>The least wait between two polls.</summary>
    public const double LeastWait = 2;

    private const double PerOctave = 32;

    private readonly double[] _grid;
    private readonly int[] _next;

    private PollSchedule(double[] grid, int[] next, Spending expected) => (_grid, _next, Expected) = (grid, next, expected);

    /// <summary>What a job comes to.</summary>
    public Spending Expected { get; }

    /// <summary>The age at which a job is to be polled next.</summary>
    /// <param name="age">Its age in seconds, unfinished.</param>
    /// <returns>The age; null beyond the deadline.</returns>
    public double? After(double age)
    {
        var at = Array.BinarySearch(_grid, age);
        if (at < 0)
            at = ~at - 1;
        if (at >= _grid.Length - 1)
            return null;

        // Between two ages of the grid the wait is that of the younger one, moved along.
        var next = _grid[_next[at]];
        return Math.Min(Math.Max(next, age + LeastWait), _grid[^1]);
    }

    /// <summary>The ages at which a job is polled that is never notified and never over.</summary>
    public IEnumerable<double> Ages()
    {
        for (var at = 0; at < _grid.Length - 1;)
            yield return _grid[at = _next[at]];
    }

    /// <summary>The plan that costs least.</summary>
    /// <param name="curve">How long the jobs take.</param>
    /// <param name="settings">The longest wait and the deadline.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="price">How many seconds of delay a poll is worth; more than 0.</param>
    public static PollSchedule Best(AgeCurve curve, PollSettings settings, double heard, double price)
    {
        ArgumentNullException.ThrowIfNull(curve);
        ArgumentNullException.ThrowIfNull(settings);
        var grid = GridOf(settings);
        var unheard = 1 - heard;
        var unfinished = Array.ConvertAll(grid, curve.Unfinished);
        var seconds = Array.ConvertAll(grid, curve.SecondsUntil);
        var cost = new double[grid.Length];
        var (polls, delay) = (new double[grid.Length], new double[grid.Length]);
        var next = new int[grid.Length];
        var longest = Math.Max(settings.Max.TotalSeconds, settings.First.TotalSeconds);
        for (var at = grid.Length - 2; at >= 0; at--)
        {
            var least = double.PositiveInfinity;
            for (var to = at + 1; to < grid.Length; to++)
            {
                var wait = grid[to] - grid[at];
                if (wait < LeastWait && to < grid.Length - 1)
                    continue;
                if (wait > longest + 1e-6 && !double.IsPositiveInfinity(least))
                    break;
                var (polled, late) = Step(at, to);
                var sum = (price * polled) + late + cost[to];
                if (sum < least)
                    (least, next[at], polls[at], delay[at]) = (sum, to, polled + polls[to], late + delay[to]);
            }

            cost[at] = least;
        }

        return new(grid, next, new(polls[0], delay[0]));

        (double Polls, double Delay) Step(int from, int to) => (
            unfinished[to] + (unheard * (unfinished[from] - unfinished[to])),
            unheard * ((unfinished[from] * (grid[to] - grid[from])) - (seconds[to] - seconds[from])));
    }

    private static double[] GridOf(PollSettings settings)
    {
        var (longest, deadline) = (Math.Max(settings.Max.TotalSeconds, settings.First.TotalSeconds), settings.Deadline.TotalSeconds);
        var grid = new List<double> { 0 };
        for (var age = Math.Min(LeastWait, deadline); age < deadline; age += Math.Min(age * (Math.Pow(2, 1 / PerOctave) - 1), longest / 8))
            grid.Add(age);
        grid.Add(deadline);
        return [.. grid];
    }
}

/// <summary>What the polls of a job come to.</summary>
/// <param name="Polls">How many.</param>
/// <param name="Delay">From its end to the poll that finds it, in seconds.</param>
public readonly record struct Spending(double Polls, double Delay);

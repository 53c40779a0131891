namespace FopWatch.Watching;

/// <summary>When to poll the jobs of a class, by their age: what was learned from jobs before them.</summary>
public sealed class LearnedPlan
{
    /// <summary>The polls that <see cref="Towards"/> moves.</summary>
    private const int MostBetween = 64;

    /// <summary>The ages of the grid are in milliseconds; a time in ticks may be less than the one that it stands for.</summary>
    private const double Rounding = 0.0005;

    private readonly double[] _grid;
    private readonly int[] _next;
    private readonly double _shortest;
    private readonly double _longest;
    private readonly double _deadline;

    /// <param name="grid">Ages in seconds, ascending, from 0.</param>
    /// <param name="next">For each of them but the last, the index of the age at which a job is polled next.</param>
    /// <param name="shortest">The shortest wait in seconds.</param>
    /// <param name="longest">The longest wait, and every wait after the last age of the grid.</param>
    /// <param name="deadline">The age at the last poll.</param>
    internal LearnedPlan(double[] grid, int[] next, double shortest, double longest, double deadline)
    {
        (_grid, _next, _shortest, _longest, _deadline) = (grid, next, shortest, longest, deadline);
        var ages = new List<double>();
        for (var at = 0; at < grid.Length - 1;)
            ages.Add(grid[at = next[at]]);
        Ages = new(ages, longest, deadline);
    }

    /// <summary>The ages at which a job is polled that is never over.</summary>
    public PollAges Ages { get; }

    /// <summary>The wait for the next poll, without jitter.</summary>
    /// <param name="age">The age of the job: the time since its watch started.</param>
    public TimeSpan WaitAt(TimeSpan age)
    {
        // A job that a clock is behind of is as old as a new one.
        var seconds = Math.Max(age.TotalSeconds, 0);
        var at = AtOrBefore(seconds + Rounding);
        var wait = at < _grid.Length - 1 ? _grid[_next[at]] - seconds : _longest;
        return TimeSpan.FromSeconds(Math.Clamp(wait, _shortest, _longest));
    }

    /// <summary>A plan that polls a job that is never over at ages between those of this one and those of another.</summary>
    /// <param name="other">A plan on the same grid, with more polls.</param>
    /// <param name="share">How far it is from this one to the other; from 0 to 1.</param>
    internal LearnedPlan Towards(LearnedPlan other, double share)
    {
        var next = (int[])other._next.Clone();
        var (at, mine, theirs) = (0, 0, 0);
        for (var i = 0; i < MostBetween; i++)
        {
            (mine, theirs) = (_next[mine], other._next[theirs]);
            if (mine == theirs || Math.Max(mine, theirs) >= _grid.Length - 1)
                break;
            var to = AtOrBefore(_grid[mine] + (share * (_grid[theirs] - _grid[mine])));
            while (_grid[to] - _grid[at] > _longest)
                to--;
            if (to <= at || _grid[to] - _grid[at] < _shortest)
                break;
            next[at] = to;
            at = to;
        }

        return new(_grid, next, _shortest, _longest, _deadline);
    }

    private int AtOrBefore(double seconds)
    {
        var found = Array.BinarySearch(_grid, seconds);
        return found >= 0 ? found : ~found - 1;
    }
}

using FopWatch.Statistics;

namespace FopWatch.Watching;

/// <summary>The poll plan of a class of jobs by age, learned from earlier jobs.</summary>
public sealed class LearnedPlan
{
    // The number of sequences of varied waits over which On takes the mean.
    private const int Courses = 8;

    // After this number of polls the variations have averaged out.
    private const int Varied = 24;

    // Its multiples modulo 1 are spread evenly over the unit interval, whatever part of the sequence is taken.
    private const double GoldenSection = 0.6180339887498949;

    // Grid ages are in milliseconds, and a time in ticks may be slightly less than the grid age that it represents.
    private const double Rounding = 0.0005;

    private readonly double[] _grid;
    private readonly int[] _next;
    private readonly double _shortest;
    private readonly double _longest;
    private readonly double _deadline;

    /// <param name="grid">Ages in seconds, ascending, from 0.</param>
    /// <param name="next">For each age except the last, the index of the age of the next poll.</param>
    /// <param name="shortest">The shortest wait, in seconds.</param>
    /// <param name="longest">The longest wait, and every wait after the last age of the grid, in seconds.</param>
    /// <param name="deadline">The age at the last poll, in seconds.</param>
    internal LearnedPlan(double[] grid, int[] next, double shortest, double longest, double deadline)
    {
        (_grid, _next, _shortest, _longest, _deadline) = (grid, next, shortest, longest, deadline);
        var ages = new List<double>();
        for (var at = 0; at < grid.Length - 1;)
            ages.Add(grid[at = next[at]]);
        Ages = new(ages, longest, deadline);
    }

    /// <summary>The ages at which a job that never ends is polled.</summary>
    public PollAges Ages { get; }

    /// <summary>The wait for the next poll, without jitter.</summary>
    /// <param name="age">The age of the job: the time since its watch started.</param>
    public TimeSpan WaitAt(TimeSpan age)
    {
        // If the clock is behind the start of the job, the job counts as new.
        var seconds = Math.Max(age.TotalSeconds, 0);
        var at = AtOrBefore(seconds + Rounding);
        var wait = at < _grid.Length - 1 ? _grid[_next[at]] - seconds : _longest;
        return TimeSpan.FromSeconds(Math.Clamp(wait, _shortest, _longest));
    }

    /// <summary>A plan whose polls lie between those of this plan and those of another.</summary>
    /// <param name="other">A plan on the same grid, with more polls.</param>
    /// <param name="share">The position between this plan (0) and the other (1).</param>
    internal LearnedPlan Towards(LearnedPlan other, double share)
    {
        var next = new int[_next.Length];
        for (var at = 0; at < next.Length; at++)
        {
            var (mine, theirs) = (_next[at], other._next[at]);
            var to = mine == theirs ? mine : AtOrBefore(_grid[mine] + (share * (_grid[theirs] - _grid[mine])));
            next[at] = to <= at || _grid[to] - _grid[at] < _shortest ? Math.Max(mine, theirs) : to;
        }

        return new(_grid, next, _shortest, _longest, _deadline);
    }

    /// <summary>The ages at which a job that never ends is polled, if another plan decides the first poll.</summary>
    /// <param name="first">The age at the first poll, in seconds; more than 0.</param>
    public PollAges AgesAfter(double first)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(first);
        var ages = new List<double> { Math.Min(first, _deadline) };
        while (ages[^1] < _grid[^1])
            ages.Add(Math.Min(ages[^1] + WaitAt(TimeSpan.FromSeconds(ages[^1])).TotalSeconds, _deadline));
        return new(ages, _longest, _deadline);
    }

    /// <summary>The expected polls and delay of a host, in which each wait except the first varies.</summary>
    /// <param name="curve">How long the jobs take.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    /// <param name="first">The age at the first poll, in seconds, if another plan decides it; null for this plan's.</param>
    internal PollSpending On(ISurvivalCurve curve, double heard, double? first = null)
    {
        var spent = default(PollSpending);
        for (var course = 0; course < Courses; course++)
            spent += 1.0 / Courses * Along((course + 0.5) / Courses, curve, heard, first ?? WaitAt(TimeSpan.Zero).TotalSeconds);
        return spent;
    }

    private PollSpending Along(double chance, ISurvivalCurve curve, double heard, double first)
    {
        var (spent, before, unfinished, mean) = (default(PollSpending), 0d, curve.Unfinished(0), 0d);
        var age = Math.Min(first, _deadline);
        for (var polls = 1; unfinished > 0; polls++)
        {
            var (left, area) = (curve.Unfinished(age), curve.RestrictedMean(age));
            spent += PollSpending.OfStep(heard, age - before, unfinished, left, area - mean);
            (before, unfinished, mean) = (age, left, area);
            if (age >= _deadline)
                return spent;
            var wait = WaitAt(TimeSpan.FromSeconds(age)).TotalSeconds;
            if (polls >= Varied && wait >= _longest)
                return spent + PollSpending.OfTail(curve, heard, age, _longest, _deadline);
            chance = (chance + GoldenSection) % 1;
            age = Math.Min(age + (polls < Varied ? wait * (1 - PollPlan.Jitter + (2 * PollPlan.Jitter * chance)) : wait), _deadline);
        }

        return spent;
    }

    private int AtOrBefore(double seconds)
    {
        var found = Array.BinarySearch(_grid, seconds);
        return found >= 0 ? found : ~found - 1;
    }
}

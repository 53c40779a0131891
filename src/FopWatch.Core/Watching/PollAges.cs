using FopWatch.Statistics;

namespace FopWatch.Watching;

/// <summary>The ages, without jitter, at which a job is polled that never ends and is never notified.</summary>
/// <param name="first">The first ages, in seconds, ascending.</param>
/// <param name="wait">The wait between the ages that follow, in seconds.</param>
/// <param name="deadline">The age at the last poll, in seconds.</param>
public sealed class PollAges(IReadOnlyList<double> first, double wait, double deadline)
{
    // Polls beyond this number are not computed one by one.
    private const int Many = 20_000;

    /// <summary>The ages of the fixed plan: <c>First</c>, <c>Factor</c>, <c>Max</c>, <c>Deadline</c>.</summary>
    public static PollAges Fixed(PollSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var (age, wait, longest) = (0d, settings.First.TotalSeconds, settings.Max.TotalSeconds);
        var ages = new List<double>();
        while (age + wait < settings.Deadline.TotalSeconds && ages.Count < Many)
        {
            ages.Add(age += wait);
            if (wait >= longest)
                break;
            wait = Math.Min(wait * settings.Factor, longest);
        }

        return new(ages, wait, settings.Deadline.TotalSeconds);
    }

    /// <summary>All ages up to the deadline.</summary>
    public IEnumerable<double> All()
    {
        var age = 0d;
        foreach (var next in first)
            yield return age = next;
        while (age < deadline)
            yield return age = Math.Min(age + wait, deadline);
    }

    /// <summary>The first ages, and whether more follow.</summary>
    /// <param name="most">The most ages to return.</param>
    public (IReadOnlyList<double> Ages, bool AreCut) UpTo(int most)
    {
        var ages = All().Take(most + 1).ToList();
        return ages.Count > most ? (ages[..most], true) : (ages, false);
    }

    /// <summary>The wait between the last poll up to an age and the next poll, in seconds.</summary>
    /// <param name="age">The age, in seconds.</param>
    public double WaitAt(double age)
    {
        var (low, high) = (0, first.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            (low, high) = first[middle] <= age ? (middle + 1, high) : (low, middle);
        }

        return low == first.Count ? wait : first[low] - (low == 0 ? 0 : first[low - 1]);
    }

    /// <summary>The expected polls and delay of polls at these ages.</summary>
    /// <param name="curve">How long the jobs take.</param>
    /// <param name="heard">The share of jobs whose notification arrives; at least 0, less than 1.</param>
    public PollSpending On(ISurvivalCurve curve, double heard)
    {
        ArgumentNullException.ThrowIfNull(curve);
        var (spent, before) = (default(PollSpending), 0d);
        foreach (var (number, age) in All().Index())
        {
            if (curve.Unfinished(before) <= 0)
                return spent;
            if (number == Many)
                return spent + PollSpending.OfTail(curve, heard, before, wait, deadline);
            spent += PollSpending.OfStep(curve, heard, before, age);
            before = age;
        }

        return spent;
    }
}

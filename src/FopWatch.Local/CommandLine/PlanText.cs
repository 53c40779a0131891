using System.Globalization;
using FopWatch.Statistics;

namespace FopWatch.Local.CommandLine;

/// <summary>The output that both forms of <c>plan</c> share, within 80 columns.</summary>
internal static class PlanText
{
    public const int Width = 80;
    public const int MostBars = 24;

    private const int WidestBar = 40;
    private const int MostWaits = 12;

    /// <summary>Writes why the fixed plan is used.</summary>
    public static void WriteReason(Terminal terminal, string reason) => terminal.WriteText($"{char.ToUpperInvariant(reason[0])}{reason[1..]}.");

    /// <summary>Writes ranges of ages, with a bar for each.</summary>
    /// <param name="terminal">Where to write them.</param>
    /// <param name="bars">The ranges in seconds (the last one can be open: infinity), the label of each bar, and its relative length.</param>
    public static void WriteBars(Terminal terminal, IReadOnlyCollection<(double From, double To, string Label, double Length)> bars)
    {
        var most = bars.Select(bar => bar.Length).Append(0).Max();
        foreach (var (from, to, label, length) in bars)
        {
            var marks = most > 0 ? (int)Math.Ceiling(WidestBar * (length / most)) : 0;
            var end = double.IsPositiveInfinity(to) ? "or more" : $"to {Time(to),8}";
            terminal.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Time(from),8} {end,-11} {label,8} {new string('#', marks)}").TrimEnd());
        }
    }

    /// <summary>Writes the first ages at which a job is polled.</summary>
    /// <param name="terminal">Where to write them.</param>
    /// <param name="ages">The ages in seconds.</param>
    /// <param name="areCut">Whether there are further ages.</param>
    public static void WritePolls(Terminal terminal, IReadOnlyList<double> ages, bool areCut)
    {
        var before = 0d;
        foreach (var age in ages.Take(MostWaits))
        {
            terminal.WriteLine($"{Time(age),8}  after {Time(age - before)}");
            before = age;
        }

        if (ages.Count > MostWaits)
        {
            terminal.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"     ...  {ages.Count - MostWaits} more up to {Time(ages[^1])}{(areCut ? ", and later ones" : "")}"));
            terminal.WriteLine($"          --json lists {(areCut ? string.Create(CultureInfo.InvariantCulture, $"the first {ages.Count}") : "all of them")}.");
        }
    }

    /// <summary>The end of a range of ages. The last bucket holds all greater ages too.</summary>
    public static double EndOf(double seconds) => seconds < AgeBuckets.Quarters.From(AgeBuckets.Quarters.Count) ? seconds : double.PositiveInfinity;

    public static string Time(double seconds) => seconds switch
    {
        < 1 => Number(seconds * 1000, "ms"),
        < 120 => Number(seconds, "s"),
        < 7200 => Number(seconds / 60, "min"),
        < 172_800 => Number(seconds / 3600, "h"),
        _ => Number(seconds / 86_400, "d"),
    };

    private static string Number(double number, string unit) =>
        number.ToString(number < 10 ? "0.##" : number < 100 ? "0.#" : "0", CultureInfo.InvariantCulture) + " " + unit;
}

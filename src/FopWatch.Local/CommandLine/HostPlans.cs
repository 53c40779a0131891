using System.Globalization;
using FopWatch.Client;
using FopWatch.Statistics;

namespace FopWatch.Local.CommandLine;

/// <summary>Shows the plans of a running host.</summary>
/// <param name="terminal">Where to write them.</param>
/// <param name="ofClass">The class to show with its ages and polls; null for none.</param>
/// <param name="all">Whether to show every class like that.</param>
internal sealed class HostPlans(Terminal terminal, string? ofClass = null, bool all = false)
{
    private const string AllJobs = "all jobs";
    private const int MostNames = 10;

    /// <summary>Writes the plans of all sources.</summary>
    /// <exception cref="UsageException">No source has the class.</exception>
    public void Write(PlanReport report)
    {
        if (report.Sources.Count == 0)
        {
            terminal.WriteText("The host has no sources.");
            return;
        }

        var classes = report.Sources.SelectMany(ClassesOf).ToList();
        if (ofClass is not null && !classes.Exists(IsShown))
            throw new UsageException($"No source shown has a class '{ofClass}'. {ClassesIn(classes)}");
        foreach (var (number, source) in report.Sources.Index())
        {
            if (number > 0)
                terminal.WriteLine();
            Write(source);
        }

        if (classes.Count > 0)
            WriteNotes(report);
    }

    private void Write(SourcePlanReport source)
    {
        terminal.WriteText(new Piece(source.Name, Terminal.Bold), source.Plan == "fixed" ? ": the fixed plan." : ": learned plans.");
        if (source.Reason is { } reason)
            PlanText.WriteReason(terminal, reason);
        if (source.Heard is { } heard)
        {
            terminal.WriteText(string.Create(CultureInfo.InvariantCulture, $"Notified: {heard.Share:0.#%} of {heard.Of} jobs in 7 days"));
            terminal.WriteText(string.Create(CultureInfo.InvariantCulture, $"          ({heard.Low:0.#%} to {heard.High:0.#%} at 95% confidence)."));
        }
        else
        {
            terminal.WriteText("Notified: not known yet. Jobs of the last 2 to 3 hours are not counted.");
        }

        if (source.OfSource is null)
        {
            terminal.WriteText("No job with a known age has ended.");
            return;
        }

        terminal.WriteLine();
        WriteTable(ClassesOf(source));

        // A single class equals all jobs.
        foreach (var one in all && source.Classes.Count == 1 ? source.Classes : ClassesOf(source).Where(IsShown))
        {
            terminal.WriteLine();
            Write(one);
        }
    }

    private void WriteTable(IEnumerable<ClassPlanReport> classes)
    {
        var table = new TextTable(terminal, "class", "known", "plan", "polls", "delay", "fixed plan", "overdue") { HasNumbers = true, MostWidth = PlanText.Width };
        foreach (var one in classes)
        {
            table.Add(
                NameOf(one),
                one.Known.ToString("0", CultureInfo.InvariantCulture),
                one.Plan,
                Polls(one.ExpectedPolls),
                PlanText.Time(one.ExpectedDelay),
                $"{Polls(one.Fixed.ExpectedPolls)}, {PlanText.Time(one.Fixed.ExpectedDelay)}",
                one.OverdueAfter is { } overdue ? PlanText.Time(overdue) : "-");
        }

        table.Write();
    }

    private void WriteNotes(PlanReport report)
    {
        terminal.WriteLine();
        terminal.WriteText("Polls and delay are means over known jobs. Jobs are overdue from the age shown.");
        if (report.Sources.Any(source => source.Classes.Any(one => one.Known < PlanLearner.LeastJobs)))
        {
            terminal.WriteText(string.Create(
                CultureInfo.InvariantCulture,
                $"A class with fewer than {PlanLearner.LeastJobs} known jobs uses the plan of all jobs. A known job"));
            terminal.WriteText(string.Create(
                CultureInfo.InvariantCulture,
                $"loses half its weight in a week, so it takes {KnownAges.ADayFor(PlanLearner.LeastJobs):0.0} jobs a day to keep {PlanLearner.LeastJobs} known."));
        }

        if (ofClass is null && !all)
        {
            terminal.WriteText("--class CLASS shows how long its jobs took and when they are polled; --all shows");
            terminal.WriteText("it for every class.");
        }
    }

    private void Write(ClassPlanReport one)
    {
        terminal.WriteText(new Piece(NameOf(one), Terminal.Bold), string.Create(
            CultureInfo.InvariantCulture, $": {one.Known:0} known {(Math.Round(one.Known) == 1 ? "job" : "jobs")}"));
        terminal.WriteText("Shares of jobs by their age at the end. An end found by a poll is");
        terminal.WriteText("spread over the time since the previous poll.");
        PlanText.WriteBars(terminal, Bars(one.Histogram));
        if (one.Optimum is { } optimum)
        {
            terminal.WriteText(string.Create(
                CultureInfo.InvariantCulture,
                $"Optimum: {PlanText.Time(optimum.ExpectedDelay)} mean delay at {Polls(one.ExpectedPolls)} polls; efficiency {one.Efficiency:0.00}."));
        }

        terminal.WriteText(one.OverdueAfter is { } overdue ? $"A job is overdue after {PlanText.Time(overdue)}." : "No job counts as overdue: too few jobs are known.");
        terminal.WriteText(one.Plan == "source" && one.Class is not null
            ? "The plan of all jobs polls a job at these ages:"
            : $"The {one.Plan} plan polls a job at these ages:");

        // Earlier versions do not send whether the list was cut.
        PlanText.WritePolls(terminal, one.Ages, one.AgesCut || one.Ages.Count >= Overviews.PlanReportReader.MostAges);
    }

    private static IEnumerable<ClassPlanReport> ClassesOf(SourcePlanReport source) => source.OfSource is { } whole ? [whole, .. source.Classes] : [];

    private bool IsShown(ClassPlanReport one) => all || NameOf(one) == ofClass;

    /// <summary>Merges neighbouring ranges until there are few enough to show.</summary>
    private static List<(double From, double To, string Label, double Length)> Bars(IReadOnlyList<AgeRange> ranges)
    {
        var size = 1;
        while (ranges.Count > PlanText.MostBars * size)
            size *= 2;
        return [.. ranges.Chunk(size).Select(some =>
        {
            var share = some.Sum(range => range.Share);
            return (some[0].From, PlanText.EndOf(some[^1].To), share.ToString("0.0%", CultureInfo.InvariantCulture), share);
        })];
    }

    private static string ClassesIn(List<ClassPlanReport> classes)
    {
        var names = classes.Select(NameOf).Distinct(StringComparer.Ordinal).ToList();
        return names.Count == 0 ? "No class is known yet."
            : $"The classes are {string.Join(", ", names.Take(MostNames))}{(names.Count > MostNames ? " …; 'plan' lists all of them" : "")}.";
    }

    private static string NameOf(ClassPlanReport one) => one.Class ?? AllJobs;

    private static string Polls(double polls) => polls.ToString("0.00", CultureInfo.InvariantCulture);
}

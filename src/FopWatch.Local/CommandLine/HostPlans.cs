using System.Globalization;
using FopWatch.Overviews;

namespace FopWatch.Local.CommandLine;

/// <summary>Shows the plans of a running host.</summary>
/// <param name="terminal">Where.</param>
internal sealed class HostPlans(Terminal terminal)
{
    /// <summary>Writes the plans of all sources.</summary>
    public void Write(PlanReport report)
    {
        foreach (var (number, source) in report.Sources.Index())
        {
            if (number > 0)
                terminal.WriteLine();
            Write(source);
        }

        if (report.Sources.Count == 0)
            terminal.WriteText("The host has no sources.");
    }

    private void Write(SourcePlanReport source)
    {
        var plan = source.Plan == PlanInUse.Fixed ? "the fixed plan" : "learned plans";
        terminal.WriteText(new Piece(source.Name, Terminal.Bold), $": {plan}{(source.Reason is { } reason ? $": {reason}" : "")}.");
        terminal.WriteText(source.Heard is { } heard
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Notified: {heard.Share:0.#%} of {heard.Of} jobs in 7 days ({heard.Low:0.#%} to {heard.High:0.#%} at 95 % confidence).")
            : "Notified: not known yet. Jobs of the last 2 to 3 hours do not count.");
        if (source.OfSource is not { } all)
        {
            terminal.WriteText("No job has ended whose age is known.");
            return;
        }

        terminal.WriteLine();
        WriteTable([all, .. source.Classes]);

        // Where there is one class, it is all of them.
        foreach (var one in source.Classes.Count == 1 ? source.Classes : [all, .. source.Classes])
        {
            terminal.WriteLine();
            Write(one, all);
        }
    }

    private void WriteTable(IEnumerable<ClassPlanReport> classes)
    {
        var table = new TextTable(terminal, "class", "known", "plan", "polls", "delay", "fixed plan") { HasNumbers = true };
        foreach (var one in classes)
        {
            table.Add(
                NameOf(one),
                one.Known.ToString("0", CultureInfo.InvariantCulture),
                WordOf(one.Plan),
                Polls(one.ExpectedPolls),
                PlanText.Time(one.ExpectedDelay),
                $"{Polls(one.Fixed.ExpectedPolls)}, {PlanText.Time(one.Fixed.ExpectedDelay)}");
        }

        table.Write();
    }

    private void Write(ClassPlanReport one, ClassPlanReport all)
    {
        terminal.WriteText(new Piece(NameOf(one), Terminal.Bold), string.Create(
            CultureInfo.InvariantCulture, $": {one.Known:0} known {(Math.Round(one.Known) == 1 ? "job" : "jobs")}"));
        PlanText.WriteBars(terminal, Bars(one.Histogram));
        if (one.Optimum is { } optimum)
        {
            terminal.WriteText(string.Create(
                CultureInfo.InvariantCulture,
                $"Optimum: {PlanText.Time(optimum.ExpectedDelay)} mean delay at {Polls(one.ExpectedPolls)} polls; efficiency {one.Efficiency:0.00}."));
        }

        if (one.Plan == PlanInUse.Source && !ReferenceEquals(one, all))
        {
            terminal.WriteText("Polled by the plan of all jobs.");
            return;
        }

        terminal.WriteText($"The {WordOf(one.Plan)} plan polls a job at these ages:");
        PlanText.WritePolls(terminal, one.Ages, isWhole: one.Ages.Count < PlanReportReader.MostAges);
    }

    /// <summary>So few that they can be looked at: neighbouring ranges are one where there are more.</summary>
    private static List<(double From, double To, string Label, double Length)> Bars(IReadOnlyList<AgeRange> ranges)
    {
        var size = 1;
        while (ranges.Count > PlanText.MostBars * size)
            size *= 2;
        return [.. ranges.Chunk(size).Select(some =>
        {
            var share = some.Sum(range => range.Share);
            return (some[0].From, some[^1].To, share.ToString("0.0%", CultureInfo.InvariantCulture), share);
        })];
    }

    private static string NameOf(ClassPlanReport one) => one.Class ?? "all jobs";

    private static string Polls(double polls) => polls.ToString("0.00", CultureInfo.InvariantCulture);

    private static string WordOf(PlanInUse plan) => plan switch
    {
        PlanInUse.Learned => "learned",
        PlanInUse.Source => "source",
        _ => "fixed",
    };
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;
using FopWatch.Statistics;

namespace FopWatch.Local.CommandLine;

/// <summary><c>plan</c>: shows when a running host polls jobs, or when a plan learned from a file would.</summary>
internal static class PlanCommand
{
    // From this share on, the unused polls are a matter of rounding.
    private const double MostUnused = 0.8;

    private const string More = """
        Shows the plans of a running host. For each source and class, it shows the number of known jobs, the plan that polls them,
        its cost beside that of the fixed plan, and the age at which a job is overdue. --class and --all also show how long the jobs took
        and the ages at which they are polled. With --ages, shows the plan that is learned from a file.

        Times are [d.]hh:mm:ss, or a number with the unit ms, s, m, h or d. A number without a unit is in seconds.

        FILE has the completion age of one job on each line: the seconds from its registration to its end, such as 92.5. Blank lines and
        lines that begin with # are skipped.

        The learned plan makes no more polls than the fixed plan would have made for the given jobs, or than --polls-per-job allows on average.
        The fixed plan is used with fewer than 20 ages, or if no job had ended by --deadline. Without --polls-per-job, it is also used if
        the learned plan would save less than 3 % of its delay.

        Expected polls and delay are means over all given ages. Delay is the time from the end of a job to the poll that finds it. A job
        older than --deadline is polled until the deadline and has no delay. --heard is the share of jobs whose end is notified. These jobs
        need no poll after their end and have no delay, so with a larger share, fewer jobs depend on polls.

        Efficiency is the optimum's delay divided by the plan's. The optimum is the least mean delay of any plan for exactly the given ages,
        with as many polls, the same limits, and the same choice of poll ages (96 per octave, at most an eighth of --max apart). A small
        file has random gaps that only the optimum can use. With fewer than 20 ages, neither is shown.

        Examples:
          $ fopwatch plan
          $ fopwatch plan --url https://fopwatch.example.com --source media --class avthumb/mp4
          $ fopwatch plan --ages ages.txt
          $ fopwatch plan --ages ages.txt --first 30s --max 5m --polls-per-job 4
          $ fopwatch plan --ages ages.txt --heard 0.95 --json

        Exit codes:
          0  shown, even if it is the fixed plan
          2  wrong usage, unreadable ages, unknown source or class, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var file = new Option<string>("--ages")
        {
            Description = "Ask no host, but learn a plan from a file with one completion age in seconds on each line; - for standard input.",
            HelpName = "FILE",
        };
        var source = new Option<string?>("--source") { Description = "Only the plans of this source.", HelpName = "NAME" };
        var ofClass = new Option<string?>("--class") { Description = "Show how long the jobs of this class took, and when they are polled.", HelpName = "CLASS" };
        var all = new Option<bool>("--all") { Description = "Show the same for every class." };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new ExplainedCommand("plan", "Shows when jobs are polled: by a running host, or by a plan learned from a file.", More) { file };
        var options = new PlanOptions();
        options.AddTo(command);
        var host = new HostOptions();
        host.AddTo(command);
        command.Options.Add(source);
        command.Options.Add(ofClass);
        command.Options.Add(all);
        command.Options.Add(json);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            if (result.GetValue(file) is not { } path)
                return await ShowHostAsync(result, cancellationToken);
            if ((host.Given(result) ?? Array.Find((Option[])[source, ofClass, all], option => result.GetResult(option) is { Implicit: false })?.Name) is { } ofHost)
                throw new UsageException($"--ages and {ofHost} exclude each other. {ofHost} is for the plans of a host.");
            var settings = options.ReadSettings(result);
            var ages = await AgesFile.ReadAsync(terminal, path, cancellationToken);
            var comparison = PlanComparison.Of(ages, settings, options.Heard(result), options.PollsPerJob(result));
            if (result.GetValue(json))
                terminal.Output.WriteLine(JsonSerializer.Serialize(comparison, PlanJson.Default.PlanComparison));
            else
                Write(terminal, ages, comparison, options.Heard(result), options.PollsPerJob(result));
            return ExitCodes.Ok;
        }));
        return command;

        async Task<int> ShowHostAsync(ParseResult result, CancellationToken cancellationToken)
        {
            if (options.Given(result) is { } given)
                throw new UsageException($"{given} needs --ages. A host uses its own settings.");
            if (result.GetValue(source) is { } name && string.IsNullOrWhiteSpace(name))
                throw new UsageException("--source is empty. Leave it out to show all sources.");
            var shown = result.GetValue(ofClass);
            if (shown is not null && result.GetValue(all))
                throw new UsageException("--class and --all exclude each other.");
            if (result.GetValue(json) && (shown is not null || result.GetValue(all)))
                throw new UsageException($"{(shown is null ? "--all" : "--class")} and --json exclude each other. JSON has every class.");
            using var client = host.Connect(result, terminal);
            var report = await client.PlanAsync(result.GetValue(source), cancellationToken);
            if (result.GetValue(json))
                terminal.Output.WriteLine(JsonSerializer.Serialize(report, FopWatchJson.TypeOf<PlanReport>()));
            else
                new HostPlans(terminal, shown, result.GetValue(all)).Write(report);
            return ExitCodes.Ok;
        }
    }

    private static void Write(Terminal terminal, GivenAges ages, PlanComparison comparison, double heard, double? pollsPerJob)
    {
        var count = ages.Sorted.Count;
        terminal.WriteText(new Piece(string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "age" : "ages")}"), Terminal.Bold), ". Jobs by their age at the end:");
        PlanText.WriteBars(terminal, Bars(ages));
        terminal.WriteLine();

        if (comparison.Reason is { } reason)
            PlanText.WriteReason(terminal, reason);
        terminal.WriteText(new($"The {comparison.Plan} plan", Terminal.Bold), " polls a job at these ages:");
        PlanText.WritePolls(terminal, comparison.Ages, comparison.AgesCut == true);
        terminal.WriteLine();

        var table = new TextTable(terminal, "plan", "polls a job", "mean delay", "of the fixed plan's") { HasNumbers = true };
        var fixedDelay = comparison.FixedPlan.ExpectedDelay;
        if (comparison.Plan == PlanComparison.Learned)
            Add("learned", comparison.ExpectedPolls, comparison.ExpectedDelay);
        Add("fixed", comparison.FixedPlan.ExpectedPolls, fixedDelay);
        var isEnough = count >= PlanLearner.LeastJobs && comparison.ExpectedDelay > 0;
        if (isEnough)
            Add("optimum", comparison.ExpectedPolls, comparison.OptimalDelay);
        table.Write();
        if (isEnough)
            terminal.WriteText(string.Create(CultureInfo.InvariantCulture, $"Efficiency: {comparison.Efficiency:0.00}"));
        if (comparison.ExceedsPollsPerJob == true)
        {
            terminal.WriteText(comparison.Plan == PlanComparison.Learned
                ? "No learned plan makes as few polls as --polls-per-job allows, because no wait may be longer than --max."
                : "The fixed plan makes more polls than --polls-per-job allows.");
        }

        if (comparison.Plan == PlanComparison.Learned && comparison.ExpectedPolls < MostUnused * pollsPerJob)
            terminal.WriteText("More of the polls of --polls-per-job cannot be used, because of the shortest wait.");
        if (heard > 0)
        {
            terminal.WriteText(string.Create(CultureInfo.InvariantCulture, $"Means are over all jobs. {(decimal)heard:0.############%} of them are notified when they end."));
            terminal.WriteText("They need no poll after their end, and have no delay.");
        }

        void Add(string name, double polls, double delay) => table.Add(
            name,
            polls.ToString("0.00", CultureInfo.InvariantCulture),
            PlanText.Time(delay),
            fixedDelay > 0 ? (delay / fixedDelay).ToString("0%", CultureInfo.InvariantCulture) : "-");
    }

    private static List<(double From, double To, string Label, double Length)> Bars(GivenAges ages)
    {
        var buckets = AgeBuckets.Quarters;
        var (first, last) = (buckets.Of(ages.Sorted[0]), buckets.Of(ages.Sorted[^1]));
        var size = 1;
        while ((last / size) - (first / size) >= PlanText.MostBars)
            size *= 2;
        var counts = ages.Sorted.CountBy(age => buckets.Of(age) / size).ToDictionary();
        var bars = new List<(double From, double To, string Label, double Length)>();
        for (var bar = first / size; bar <= last / size; bar++)
        {
            var count = counts.GetValueOrDefault(bar);
            bars.Add((buckets.From(bar * size), PlanText.EndOf(buckets.From(Math.Min((bar + 1) * size, buckets.Count))), count.ToString(CultureInfo.InvariantCulture), count));
        }

        return bars;
    }
}

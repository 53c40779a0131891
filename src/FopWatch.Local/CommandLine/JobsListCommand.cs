using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class JobsListCommand
{
    private const int DefaultTop = 50;
    private const int PageSize = 100;

    private const string More = """
        Lists jobs that match all filters, newest first. Times are UTC.

        Examples:
          $ fopwatch jobs list
          $ fopwatch jobs list --source media --state failed,partiallyFailed --since 1d
          $ fopwatch jobs list --metadata lesson=42 --json | jq -r .id

        Exit codes:
          0  shown, even if there is none
          2  wrong usage, unknown source, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var top = WholeNumber.Option("--top", 1, 1_000_000, $"The most jobs to show (default: {DefaultTop}).");
        var json = new Option<bool>("--json") { Description = "Print the jobs as JSON, one per line." };
        var command = new ExplainedCommand("list", "Lists jobs, newest first.", More);
        var filters = new JobFilterOptions();
        filters.AddTo(command);
        command.Options.Add(top);
        command.Options.Add(json);
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            var filter = filters.Read(result, terminal.Time);
            using var client = host.Connect(result, terminal);
            await ListAsync(terminal, client, filter, result.GetValue(top) ?? DefaultTop, result.GetValue(json), cancellationToken);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static async Task ListAsync(Terminal terminal, FopWatchClient client, JobFilter filter, int top, bool json, CancellationToken cancellationToken)
    {
        var (jobs, unreadable, left) = (new List<WatchedJob>(), new List<string>(), top);
        string? continuation = null;
        do
        {
            var page = await client.ListPageAsync(filter, Math.Min(left, PageSize), continuation, cancellationToken);
            unreadable.AddRange(page.Unreadable ?? []);
            left -= page.Jobs.Count;
            continuation = page.Continuation;
            if (!json)
            {
                jobs.AddRange(page.Jobs);
                continue;
            }

            foreach (var job in page.Jobs)
                terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(job, FopWatchJson.TypeOf<WatchedJob>())));
        }
        while (continuation is not null && left > 0);

        if (!json)
            Show(terminal, jobs, withSource: filter.Source is null);
        if (unreadable.Count > 0)
            terminal.WriteErrorLine(new Piece($"The host cannot read the stored jobs with these references: {string.Join(", ", unreadable)}.", Terminal.Wrong));
        if (continuation is not null)
            terminal.WriteErrorLine(string.Create(CultureInfo.InvariantCulture, $"There may be more than {top}. Raise --top to see them."));
    }

    private static void Show(Terminal terminal, List<WatchedJob> jobs, bool withSource)
    {
        if (jobs.Count == 0)
        {
            terminal.WriteErrorLine("No job matches the filters.");
            return;
        }

        string[] columns = ["id", "state", "registered", "next"];
        var table = new TextTable(terminal, withSource ? ["source", .. columns] : columns);
        foreach (var job in jobs)
        {
            Piece[] cells = [job.Id, Terminal.State(job.State), MomentText.Of(job.RegisteredAt), Next(job)];
            table.Add(withSource ? [job.Source, .. cells] : cells);
        }

        table.Write();
    }

    private static string Next(WatchedJob job) => job.Watch switch
    {
        WatchStatus.Watching when job.NextPollAt is { } next => $"{(job.Overdue ? "overdue, " : "")}poll {next.UtcDateTime.ToString("HH:mm", CultureInfo.InvariantCulture)}",
        WatchStatus.Stopped => "stopped",
        WatchStatus.GivenUp => "given up",
        _ => "",
    };
}

using System.CommandLine;
using System.Globalization;
using FopWatch.Client;
using FopWatch.Contracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>watch</c>: shows the events of a running host as they happen.</summary>
internal static class WatchCommand
{
    private const string More = """
        Examples:
          $ fopwatch watch
          $ fopwatch watch --source media --from start
          $ fopwatch watch --json | jq -r 'select(.data.settled) | .subject + " " + .data.state'

        Times are UTC.
        It runs until Ctrl-C, and then prints where to continue. If the connection is lost, it reconnects after the last event, so that
        none is missed.

        Exit codes:
          0  ended by Ctrl-C
          2  wrong usage, unknown source, or refused by the host
          5  the output cannot be written
        """;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var source = new Option<string?>("--source") { Description = "Only the events of this source.", HelpName = "NAME" };
        var from = new Option<string?>("--from")
        {
            Description = "Where to begin: 'start', or after the event of this position (default: now).",
            HelpName = "start|POSITION",
        };
        from.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && token.Value != "start" && !EventPosition.TryParse(token.Value, out _))
                result.AddError($"--from: '{token.Value}' is neither 'start' nor the position of an event.");
        });
        var json = new Option<bool>("--json") { Description = "Print the CloudEvents as they are, one a line." };
        var command = new ExplainedCommand("watch", "Shows the events of a running host as they happen.", More) { source, from, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            if (result.GetValue(source) is { } name && string.IsNullOrWhiteSpace(name))
                throw new UsageException("--source is empty. Leave it out to watch all sources.");
            using var client = host.Connect(result, terminal);
            var after = result.GetValue(from) is { } place ? place == "start" ? "0" : place : null;
            return await WatchAsync(terminal, client, result.GetValue(source), after, result.GetValue(json), cancellationToken);
        }));
        return command;
    }

    private static async Task<int> WatchAsync(
        Terminal terminal,
        FopWatchClient client,
        string? source,
        string? after,
        bool json,
        CancellationToken cancellationToken)
    {
        string? last = null;
        var lost = false;
        try
        {
            await foreach (var item in client.EventsAsync(after, source, cancellationToken))
            {
                switch (item)
                {
                    case EventStreamLost broken:
                        lost = true;
                        Note(terminal, string.Create(CultureInfo.InvariantCulture, $"{broken.Failure.Message.TrimEnd('.')}; retrying in {broken.RetryIn.TotalSeconds:0.0} s"));
                        break;
                    case EventStreamOpened when lost:
                        lost = false;
                        Note(terminal, "connected again");
                        break;
                    case EventStreamOpened:
                        Note(terminal, "connected");
                        break;
                    case EventCursorMoved:
                        break;
                    default:
                        last = item.Cursor;
                        Show(terminal, item, json);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is how it ends.
        }
        catch (FopWatchRefusedException e) when (source is not null && e.Problem.Errors is [{ Element: "source" }])
        {
            terminal.WriteErrorLine(new Piece($"--source: the host has no source '{source}'. Source names are case-sensitive.", Terminal.Wrong));
            return ExitCodes.Refused;
        }

        if (last is not null)
            Note(terminal, $"the last event was {last}; --from {last} goes on after it");
        return ExitCodes.Ok;
    }

    private static void Show(Terminal terminal, EventStreamItem item, bool json)
    {
        switch (item)
        {
            case EventReceived received when json:
                terminal.Output.WriteLine(DisplayText.CleanJson(received.Json));
                break;
            case EventReceived received:
                ShowJob(terminal, received.Event);
                break;
            case EventsPurged purged:
                Note(terminal, $"earlier events were deleted: {purged.Json}");
                break;
            case EventsRestarted restarted:
                Note(
                    terminal,
                    $"the host's event log is another one, or was restored from a backup; the events since the two differ follow: {restarted.Json}");
                break;
            case EventUnreadable unreadable:
                Note(terminal, $"an event of type '{unreadable.Type}' that this version cannot read");
                break;
        }
    }

    private static void ShowJob(Terminal terminal, JobEvent told)
    {
        var job = told.Data;
        var error = job.Items.Select(item => item.Error).FirstOrDefault(text => text is not null) ?? TrackedJobs.ErrorOf(job);
        terminal.WriteText(
            new Piece(told.Time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture), Terminal.Dim),
            "  ",
            job.Source,
            "  ",
            new Piece(job.Id, Terminal.Bold),
            "  ",
            Terminal.State(job.State),
            "  ",
            Counts(job.Counts),
            new Piece(error is null ? "" : $"  {DisplayText.Cut(error, 200)}", Terminal.Wrong));
    }

    private static string Counts(JobCounts counts)
    {
        var parts = new List<string>();
        Add(counts.Succeeded, "ok");
        Add(counts.Failed, "failed");
        Add(counts.Running, "open");
        Add(counts.Total - counts.Succeeded - counts.Failed - counts.Running, "skipped");
        return parts.Count == 0 ? "no commands" : string.Join(", ", parts);

        void Add(int count, string what)
        {
            if (count > 0)
                parts.Add(string.Create(CultureInfo.InvariantCulture, $"{count} {what}"));
        }
    }

    /// <summary>What is not an event goes to the standard error.</summary>
    private static void Note(Terminal terminal, string text) => terminal.WriteErrorLine(new Piece($"-- {text}", Terminal.Dim));
}

using System.Globalization;
using FopWatch.Client;
using FopWatch.Contracts;

namespace FopWatch.Local.CommandLine;

/// <summary>Prints the events of a running host, one per line, as they happen.</summary>
internal sealed class WatchedEvents(Terminal terminal, FopWatchClient client, bool json)
{
    /// <summary>Prints events until Ctrl-C.</summary>
    /// <param name="after">Where to begin.</param>
    /// <param name="source">Only the events of this source; null for all.</param>
    /// <param name="cancellationToken">Ctrl-C.</param>
    /// <returns>The cursor of the last event; null if none came.</returns>
    /// <exception cref="FopWatchException">The host refuses.</exception>
    public async Task<string?> RunAsync(string? after, string? source, CancellationToken cancellationToken)
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
                        Note(terminal, "reconnected");
                        break;
                    case EventStreamOpened:
                        Note(terminal, "connected");
                        break;
                    case EventCursorMoved:
                        break;
                    default:
                        last = item.Cursor;
                        Show(item);
                        break;
                }
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Ctrl-C is the normal end.
        }

        return last;
    }

    private void Show(EventStreamItem item)
    {
        switch (item)
        {
            case EventReceived received when json:
                terminal.Output.WriteLine(DisplayText.CleanJson(received.Json));
                break;
            case EventReceived received:
                ShowJob(received.Event);
                break;
            case EventsPurged purged:
                Note(terminal, $"earlier events were deleted: {purged.Json}");
                break;
            case EventsRestarted restarted:
                Note(
                    terminal,
                    $"the host's event log was replaced or restored from a backup; the events since the two logs differ follow: {restarted.Json}");
                break;
            case EventUnreadable unreadable:
                Note(terminal, $"this version cannot read an event of type '{unreadable.Type}'");
                break;
        }
    }

    private void ShowJob(JobEvent told)
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
            new Piece(error is null ? "" : $"  {TextCut.Of(error, 200)}", Terminal.Wrong));
    }

    internal static string Counts(JobCounts counts)
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

    /// <summary>Notes go to standard error; only events go to standard output.</summary>
    internal static void Note(Terminal terminal, string text) => terminal.WriteErrorLine(new Piece($"-- {text}", Terminal.Dim));
}

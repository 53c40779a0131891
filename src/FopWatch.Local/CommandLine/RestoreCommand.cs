using System.CommandLine;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>restore</c>: restores a backup to a new data folder.</summary>
internal static class RestoreCommand
{
    private const string More = """
        The data folder must be new or empty, and not used by a running host. The backup is checked first, and a backup of an earlier version
        is upgraded. The data folder gets the whole backup or nothing: after a killed restore, run the command again.

        A host started on the restored folder continues from the moment of the backup. Overdue polls are made at the rate of each source.
        Register the ids again that were registered after the backup; registering a known id again is safe. Clients of the event stream
        receive 'fopwatch.events.restarted', then the events since the two logs differ. See docs/operating.md.

        Example:
          $ fopwatch restore before-upgrade.db --data /var/lib/fopwatch

        Exit codes:
          0    restored and checked
          1    the backup is damaged; nothing was restored
          2    wrong usage
          3    this version cannot read the file as a backup, or the folder is not empty, in use or not writable
          5    the output cannot be written; the backup was restored
          130  Ctrl-C; nothing was restored
        """;

    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The backup file." };
        var data = PlaceOptions.Data();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new ExplainedCommand("restore", "Restores a backup to a new data folder.", More) { file, data, json };
        command.SetAction((result, cancellationToken) => DataCopyCommand.RunAsync(
            terminal,
            result,
            result.GetValue(json),
            "Restored to",
            () => DataCopy.Restore(
                PlaceOptions.PathOf("FILE", result.GetValue(file)),
                PlaceOptions.PathOf("--data", result.GetValue(data)),
                cancellationToken)));
        return command;
    }
}

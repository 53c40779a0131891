using System.CommandLine;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>restore</c>: puts a backup into a new data folder.</summary>
internal static class RestoreCommand
{
    private const string More = """
        The data folder has to be new or empty, and no host may be running on it. The backup is checked before it is used.

        A host that is then started on the folder goes on from the moment of the backup. Polls that have become due are made at the rate of
        each source. Register ids again that were registered since: those that are known already are not doubled. Clients of the event
        stream are sent the events since the two logs differ, after 'fopwatch.events.restarted'. docs/operating.md has the details.

        Example:
          $ fopwatch restore before-upgrade.db --data /var/lib/fopwatch

        Exit codes:
          0    restored and checked
          1    the backup is damaged; nothing was restored
          2    wrong usage
          3    the file is not a backup that this version reads, or the folder is not empty, is in use, or cannot be written to
          130  Ctrl-C; nothing was restored
        """;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var file = new Argument<string>("FILE") { Description = "The backup." };
        var data = PlaceOptions.Data();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new ExplainedCommand("restore", "Puts a backup into a new data folder.", More) { file, data, json };
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

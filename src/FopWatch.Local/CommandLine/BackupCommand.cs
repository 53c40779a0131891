using System.CommandLine;
using System.Globalization;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>backup</c>: copies the data folder of a host that may be running.</summary>
internal static class BackupCommand
{
    private const string More = """
        The copy is one SQLite file with everything that the data folder holds at one moment: jobs, watches, events, quarantine. The host
        goes on meanwhile. The copy is checked (PRAGMA integrity_check), and appears under its name only when it is whole. Settings are
        not in it: keep fopwatch.json elsewhere.

        TARGET is the file to write, or an existing folder. In a folder the name is fopwatch-<UTC time>.db. No file is overwritten. The file
        has mode 0600: it holds ids, and bodies of notifications with their secrets.

        Examples:
          $ fopwatch backup /var/backups/fopwatch
          $ fopwatch backup before-upgrade.db --data /var/lib/fopwatch

        Exit codes:
          0    copied and checked
          1    the database is damaged; there is no copy
          2    wrong usage
          3    the data folder cannot be read, or the file cannot be written
          130  Ctrl-C; there is no copy
        """;

    /// <summary>The command.</summary>
    public static Command Create(Terminal terminal)
    {
        var target = new Argument<string>("TARGET") { Description = "The file to write, or an existing folder to write it to." };
        var data = PlaceOptions.Data();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new ExplainedCommand("backup", "Copies the data folder, also of a running host, to one file.", More) { target, data, json };
        command.SetAction((result, cancellationToken) => DataCopyCommand.RunAsync(
            terminal,
            result,
            result.GetValue(json),
            "Copied to",
            () => DataCopy.Backup(
                PlaceOptions.PathOf("--data", result.GetValue(data)),
                FileOf(terminal, PlaceOptions.PathOf("TARGET", result.GetValue(target))),
                cancellationToken)));
        return command;
    }

    private static string FileOf(Terminal terminal, string target)
    {
        if (Directory.Exists(target))
            return Path.Combine(target, $"fopwatch-{terminal.Time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}.db");
        if (Path.EndsInDirectorySeparator(target))
            throw new UsageException($"'{target}' is not an existing folder.");
        if (Path.Exists(target))
            throw new UsageException($"'{target}' exists already, and a backup overwrites nothing.");
        return target;
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using FopWatch.Sqlite;

namespace FopWatch.Local.CommandLine;

/// <summary><c>backup</c>: copies the data folder of a host that may be running.</summary>
internal static partial class BackupCommand
{
    private const int MostInASecond = 100;

    private const string More = """
        Writes a consistent copy of the data folder to one SQLite file: jobs, watches, events and quarantine. The host keeps running. The copy
        is checked (PRAGMA integrity_check) and gets its name only when it is complete. It does not contain the settings: back up
        fopwatch.json separately.

        TARGET is the file to write, or an existing folder other than the data folder. In a folder, the file is named fopwatch-<UTC time>.db.
        An existing file is never overwritten. The file has mode 0600, because it holds ids, and notifications with secrets in them. A killed
        backup leaves a file that ends in .partial. The next backup to the same place names it on standard error: delete it.

        Examples:
          $ fopwatch backup /var/backups/fopwatch
          $ fopwatch backup before-upgrade.db --data /var/lib/fopwatch

        Exit codes:
          0    copied and checked
          1    the database is damaged; no copy was written
          2    wrong usage
          3    the data folder cannot be read, or the file cannot be written
          5    the output cannot be written; the copy was written
          130  Ctrl-C; no copy was written
        """;

    public static Command Create(Terminal terminal)
    {
        var target = new Argument<string>("TARGET") { Description = "The file to write, or an existing folder." };
        var data = PlaceOptions.Data();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new ExplainedCommand("backup", "Copies the data folder to one file, while the host is running or stopped.", More) { target, data, json };
        command.SetAction((result, cancellationToken) => DataCopyCommand.RunAsync(
            terminal,
            result,
            result.GetValue(json),
            "Copied to",
            () => DataCopy.Backup(
                PlaceOptions.PathOf("--data", result.GetValue(data)),
                FilesOf(terminal, PlaceOptions.PathOf("TARGET", result.GetValue(target))),
                cancellationToken),
            name => NameInFolder().IsMatch(name) || name == Path.GetFileName(result.GetValue(target))));
        return command;
    }

    [GeneratedRegex(@"^fopwatch-\d{8}T\d{6}Z(-\d+)?\.db$", RegexOptions.CultureInvariant)]
    private static partial Regex NameInFolder();

    /// <summary>The file, or candidates of which the first free one is used, because several backups can be made in one second.</summary>
    private static IReadOnlyList<string> FilesOf(Terminal terminal, string target)
    {
        if (Directory.Exists(target))
        {
            var name = Path.Combine(target, $"fopwatch-{terminal.Time.GetUtcNow().ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}");
            return [$"{name}.db", .. Enumerable.Range(2, MostInASecond - 1).Select(number => string.Create(CultureInfo.InvariantCulture, $"{name}-{number}.db"))];
        }

        if (Path.EndsInDirectorySeparator(target))
            throw new UsageException($"'{target}' is not an existing folder.");
        if (Path.Exists(target))
            throw new UsageException($"'{target}' already exists. A backup never overwrites a file.");
        return [target];
    }
}

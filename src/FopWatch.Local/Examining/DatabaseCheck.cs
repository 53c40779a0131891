using FopWatch.Diagnosis;
using FopWatch.Sqlite;
using FopWatch.Wording;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Examining;

/// <summary>Examines the database: damage, its write-ahead log, and how long a commit takes.</summary>
/// <param name="folder">The data folder.</param>
/// <param name="store">The open store; null if no host has opened it.</param>
internal sealed class DatabaseCheck(string folder, SqliteStore? store) : IDoctorCheck
{
    /// <summary>How long the check for damage may run. It is less than the limit of a step.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(8);

    private static readonly TimeSpan SlowCommit = TimeSpan.FromSeconds(1);

    /// <summary>The writer restarts the log at a quarter of this size.</summary>
    private const long LargeLog = 512L << 20;

    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.Database, null, ExamineAsync)];

    private static DoctorFinding Damaged => Finding(
        DoctorLevel.Trouble, $"The database is damaged: its check (PRAGMA quick_check) fails.", $"Jobs may be unreadable, and commits may fail.",
        $"Stop the host. Then restore a backup, or recover the file (sqlite3 .recover).");

    internal static DoctorFinding? OfLog(long length) => length <= LargeLog ? null : Finding(
        DoctorLevel.Warning, $"The write-ahead log of the database has grown to {DataFolderCheck.Size(length)}.",
        $"It uses disk space, and slows down reads and the next start.",
        $"Check whether another program, such as a backup or sqlite3, keeps the database open, and whether the disk is too slow.");

    private static DoctorFinding Finding(DoctorLevel level, Sentence what, Sentence? why = null, Sentence? fix = null) =>
        new() { Check = DoctorCheck.Database, Level = level, What = what, Why = why, Fix = fix };

    private static DoctorFinding Skipped(Sentence permission) =>
        Finding(DoctorLevel.Skipped, $"The database was not examined: this user has no permission {permission}.", fix: DataFolderCheck.AsHost);

    /// <summary>
    /// Whether this user may not use the database or the files beside it. Closing a file drops the locks of this process on it, so this is asked only after
    /// SQLite has failed, and where no store is open.
    /// </summary>
    private static bool IsDenied(string path)
    {
        foreach (var file in (string[])[path, $"{path}-wal", $"{path}-shm"])
        {
            try
            {
                new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete).Dispose();
            }
            catch (UnauthorizedAccessException)
            {
                return true;
            }
            catch (IOException)
            {
                // It does not exist, or the trouble is another one.
            }
        }

        return false;
    }

    private async Task<IReadOnlyList<DoctorFinding>> ExamineAsync(CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, SqliteDatabase.FileName);
        try
        {
            switch (DataFolder.HasDatabase(folder))
            {
                case null:
                    return [Skipped($"to read the data folder")];
                case false:
                    return [Finding(DoctorLevel.Info, $"There is no database yet. The host creates it when it starts.")];
            }
        }
        catch (StoreOpenException)
        {
            return [Finding(DoctorLevel.Skipped, $"The database was not examined: the data folder cannot be read.")];
        }

        if (store?.Database.Damage is not null)
            return [Damaged];

        TimeSpan? commit = null;
        if (store is not null)
        {
            await store.Database.CheckWritesAsync(cancellationToken);
            var began = TimeProvider.System.GetTimestamp();
            await store.Database.WriteAsync(Schema.Touch, cancellationToken);
            commit = TimeProvider.System.GetElapsedTime(began);
        }

        WholeCheckResult checkedFor;
        try
        {
            checkedFor = WholeCheck.Run(path, Longest, cancellationToken);
        }
        catch (SqliteException) when (store is null && IsDenied(path))
        {
            return [Skipped($"to use the database")];
        }
        catch (SqliteException e)
        {
            return [Finding(DoctorLevel.Trouble, $"The database cannot be read: {e.Reason()}.", $"The host cannot use it.", $"Check the file, its owner and its mode.")];
        }

        if (checkedFor == WholeCheckResult.Damaged)
            return [Damaged];
        var found = new List<DoctorFinding>();
        var log = new FileInfo($"{path}-wal") is { Exists: true } file ? file.Length : 0;
        if (OfLog(log) is { } large)
            found.Add(large);
        if (commit > SlowCommit)
        {
            found.Add(Finding(
                DoctorLevel.Warning, $"A commit took {commit.Value.TotalSeconds:0.0} s.",
                $"A notification is answered only once it is committed.", $"Check what else uses the disk, and whether the disk is fast enough for the load."));
        }

        if (found.Count == 0)
        {
            Sentence whole = checkedFor == WholeCheckResult.Whole
                ? (Sentence)$"No page of the database is damaged"
                : (Sentence)$"No damaged page was found in {Longest.TotalSeconds:0} s; the database is too large to check completely";
            Sentence sizes = $"{whole}. Its size is {DataFolderCheck.Size(new FileInfo(path).Length)}, and that of its write-ahead log {DataFolderCheck.Size(log)}.";
            found.Add(Finding(DoctorLevel.Pass, commit is { } took ? (Sentence)$"{sizes} A commit took {took.TotalMilliseconds:0} ms." : sizes));
        }

        return found;
    }
}

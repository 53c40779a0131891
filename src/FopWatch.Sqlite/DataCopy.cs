using System.Globalization;
using System.Text.RegularExpressions;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>Copies the database of a data folder to a file, even while a host uses it, and such a file to a new data folder.</summary>
internal static partial class DataCopy
{
    private const int PagesAtOnce = 1024;
    private const int InstructionsBetweenLooks = 10_000;

    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Copies the database to a file, consistent at one moment. Hosts keep reading and writing. The file gets its name only when it is
    /// complete and checked.
    /// </summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="files">The file to write, or several names in one folder, of which the first free one is used. No file is overwritten.</param>
    /// <param name="cancellationToken">Cancels, and leaves no file.</param>
    /// <exception cref="StoreOpenException">The folder has no database of FopWatch, or the file cannot be written or would be in the data folder.</exception>
    /// <exception cref="DamagedCopyException">The copy fails SQLite's check: the database is damaged.</exception>
    public static CopiedData Backup(string folder, IReadOnlyList<string> files, CancellationToken cancellationToken)
    {
        var database = Path.Combine(folder, SqliteDatabase.FileName);
        if (DataFolder.HasDatabase(folder) is not true and var has)
        {
            throw new StoreOpenException(has is null
                ? $"The data folder '{folder}' cannot be read: permission denied. Run the command as the user of the host."
                : $"The data folder '{folder}' has no {SqliteDatabase.FileName}.");
        }

        RefuseOtherThanFile(database);
        return Copy(
            database,
            files,
            source => Schema.IsOfFopWatch(source) ? null : Schema.OfAnotherProgram(database),
            partial => IsWithin(folder, partial)
                ? new($"'{files[0]}' would be in the data folder '{folder}', and be lost with it. Give a file elsewhere, best on another disk.")
                : null,
            (_, format) => format,
            isLocked: false,
            cancellationToken);
    }

    /// <summary>
    /// Copies a file that <see cref="Backup"/> wrote to a data folder, for the next host that starts on it, and upgrades the copy. Deletes what a killed
    /// restore left in the folder.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="folder">The data folder, which must be empty. It is created if it does not exist.</param>
    /// <param name="cancellationToken">Cancels, and leaves no database.</param>
    /// <exception cref="StoreOpenException">
    /// The file is not a backup, is incomplete, or is from a newer FopWatch; or the folder is not empty, in use, or not writable.
    /// </exception>
    /// <exception cref="DamagedCopyException">The copy fails SQLite's check: the file is damaged.</exception>
    public static CopiedData Restore(string file, string folder, CancellationToken cancellationToken)
    {
        if (Directory.Exists(file))
            throw new StoreOpenException($"'{file}' is a folder. Give the backup file.");
        if (!Path.Exists(file))
            throw new StoreOpenException($"'{file}': there is no such file.");
        RefuseOtherThanFile(file);

        // LockEmpty deletes the partial files of a killed restore, and this file could be one.
        var target = File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(file);
        if (target.StartsWith($"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder))}{Path.DirectorySeparatorChar}", StringComparison.Ordinal)
            || (DataFolder.IsPartial(Path.GetFileName(target)) && IsWithin(folder, target)))
            throw new StoreOpenException($"'{file}' is in the data folder '{folder}'. Move it elsewhere first.");
        using var held = DataFolder.LockEmpty(folder);
        var copied = Copy(
            file,
            [Path.Combine(folder, SqliteDatabase.FileName)],
            source => Schema.ReadableVersion(source, file, Schema.Migrations) == 0 ? new($"'{file}' is an empty database.")
                : Schema.Missing(source) is { } missing ? new($"'{file}' is no whole database of FopWatch: it lacks the {missing}.")
                : null,
            _ => null,
            (copy, _) =>
            {
                Schema.Migrate(copy, file, Schema.Migrations);
                return Schema.Migrations.Count;
            },
            isLocked: true,
            cancellationToken);
        held.Keep();
        return copied;
    }

    /// <summary>
    /// The files beside a backup that look like those of killed backups. They are not deleted, because another backup may be writing one of them, and a name alone
    /// does not tell whose file it is.
    /// </summary>
    /// <param name="backup">The backup.</param>
    /// <param name="isOfBackup">Whether a file name is one that a backup to the same place may have.</param>
    public static IReadOnlyList<string> LeftBeside(string backup, Func<string, bool> isOfBackup)
    {
        try
        {
            return
            [
                .. Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(backup))!, $"*{DataFolder.PartialSuffix}")
                    .Where(file => PartialName().Match(Path.GetFileName(file)) is { Success: true } match && isOfBackup(match.Groups[1].Value))
                    .Order(StringComparer.Ordinal),
            ];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A folder that can be written to, but not listed.
            return [];
        }
    }

    /// <param name="from">The database.</param>
    /// <param name="names">The candidate names of the copy.</param>
    /// <param name="refuse">Returns why the database must not be copied, or null.</param>
    /// <param name="refusePlace">Returns why the copy must not be in the folder of a file, or null.</param>
    /// <param name="finish">Completes a copy with a format, and returns the resulting format.</param>
    /// <param name="isLocked">Whether the folder of the copy is locked, so that no other process takes its name.</param>
    /// <param name="cancellationToken">Cancels the copy.</param>
    private static CopiedData Copy(
        string from,
        IReadOnlyList<string> names,
        Func<SqliteSession, StoreOpenException?> refuse,
        Func<string, StoreOpenException?> refusePlace,
        Func<SqliteSession, long, long> finish,
        bool isLocked,
        CancellationToken cancellationToken)
    {
        var to = names[0];
        var partial = $"{to}.{Path.GetRandomFileName()}{DataFolder.PartialSuffix}";
        var reading = true;
        try
        {
            using (var source = SqliteSession.Open(from, SqliteOpenMode.ReadOnly, BusyTimeout))
            {
                if (refuse(source) is { } refused)
                    throw refused;
                if (names.All(Path.Exists))
                    throw Exists(to);
                var format = source.Snapshot(session =>
                {
                    // The first read fixes the moment of the copy.
                    var format = Convert.ToInt64(session.Scalar("PRAGMA user_version"), CultureInfo.InvariantCulture);
                    session.Scalar("SELECT count(*) FROM sqlite_schema");
                    reading = false;
                    DataFolder.CreatePrivate(partial);
                    if (refusePlace(partial) is { } misplaced)
                        throw misplaced;
                    using var target = SqliteSession.Open(partial, SqliteOpenMode.ReadWrite, BusyTimeout);
                    CopyPages(session, target, cancellationToken);

                    // A single file, without a separate log.
                    target.Scalar("PRAGMA journal_mode = DELETE");
                    Check(target, from, cancellationToken);
                    return finish(target, format);
                });
                to = Name(partial, names, isLocked);
                return new(to, new FileInfo(to).Length, format);
            }
        }
        catch (SqliteException failure) when (failure.SqliteErrorCode == raw.SQLITE_INTERRUPT && cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (SqliteException failure) when (failure.IsDamage())
        {
            throw reading && failure.SqliteErrorCode == raw.SQLITE_NOTADB
                ? new StoreOpenException($"'{from}' is not an SQLite database.", failure)
                : new DamagedCopyException(from, failure);
        }
        catch (SqliteException failure)
        {
            throw new StoreOpenException($"{(reading ? $"'{from}' cannot be read" : $"'{from}' cannot be copied to '{to}'")}: {failure.Reason()}.", failure);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new StoreOpenException($"'{to}' cannot be written: {Reason(failure)}.", failure);
        }
        finally
        {
            // Deleting a file in a folder that does not exist is an error.
            string[] left = [partial, $"{partial}-journal", $"{partial}-wal", $"{partial}-shm"];
            foreach (var one in left.Where(File.Exists))
                File.Delete(one);
        }
    }

    /// <summary>Gives the copy the first free name.</summary>
    private static string Name(string partial, IReadOnlyList<string> names, bool isLocked)
    {
        foreach (var name in names)
        {
            try
            {
                // A move that is not to overwrite looks first and moves then. Only the creation of a file takes a name from all others.
                if (!isLocked)
                    DataFolder.CreatePrivate(name);
            }
            catch (IOException) when (Path.Exists(name))
            {
                // Another process has taken the name.
                continue;
            }

            try
            {
                File.Move(partial, name, overwrite: !isLocked);
            }
            catch when (!isLocked)
            {
                File.Delete(name);
                throw;
            }

            return name;
        }

        throw Exists(names[0]);
    }

    /// <summary>Whether a file with a unique name is in or below a folder, through any path or link.</summary>
    private static bool IsWithin(string folder, string file)
    {
        file = Path.GetFullPath(file);
        for (var above = Path.GetDirectoryName(file); above is not null; above = Path.GetDirectoryName(above))
        {
            if (File.Exists(Path.Combine(folder, Path.GetRelativePath(above, file))))
                return true;
        }

        return false;
    }

    private static void RefuseOtherThanFile(string file)
    {
        if (FileKind.OtherThanFile(file) is { } other)
            throw new StoreOpenException($"'{file}' is {other}, not a regular file.");
    }

    private static StoreOpenException Exists(string to) => new($"'{to}' already exists. Give the name of a new file.");

    private static void CopyPages(SqliteSession source, SqliteSession target, CancellationToken cancellationToken)
    {
        var handle = target.Connection.Handle!;
        using var backup = raw.sqlite3_backup_init(handle, "main", source.Connection.Handle, "main");
        SqliteException.ThrowExceptionForRC(backup.IsInvalid ? raw.sqlite3_errcode(handle) : raw.SQLITE_OK, handle);
        int result;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            result = raw.sqlite3_backup_step(backup, PagesAtOnce);
        }
        while (result == raw.SQLITE_OK);
        if (result != raw.SQLITE_DONE)
            throw new SqliteException(raw.sqlite3_errstr(result).utf8_to_string(), result & 0xFF, result);
    }

    /// <exception cref="DamagedCopyException">Pages or indexes are damaged.</exception>
    private static void Check(SqliteSession copy, string from, CancellationToken cancellationToken)
    {
        raw.sqlite3_progress_handler(
            copy.Connection.Handle, InstructionsBetweenLooks, _ => cancellationToken.IsCancellationRequested ? 1 : 0, null);
        if (copy.Scalar("PRAGMA integrity_check(1)") is not "ok")
            throw new DamagedCopyException(from);
    }

    /// <summary>The name of an incomplete copy: that of the copy, what <see cref="Path.GetRandomFileName"/> gave, and the suffix.</summary>
    [GeneratedRegex(@"^(.+)\.[a-z0-9]{8}\.[a-z0-9]{3}\.partial$", RegexOptions.CultureInvariant)]
    private static partial Regex PartialName();

    private static string Reason(Exception failure) => failure switch
    {
        UnauthorizedAccessException => "permission denied",
        DirectoryNotFoundException => "there is no such folder",
        PathTooLongException => "the name is too long",
        _ => "the file system reports an error; the disk may be full or read-only",
    };
}

/// <summary>A copy of a database.</summary>
/// <param name="File">The file.</param>
/// <param name="Bytes">The size in bytes.</param>
/// <param name="Format">The version of the format in <see cref="Schema"/>.</param>
internal sealed record CopiedData(string File, long Bytes, long Format);

/// <summary>A database is damaged, so its copy is useless. The message is for the operator.</summary>
internal sealed class DamagedCopyException(string from, Exception? innerException = null) : Exception(
    $"'{from}' is damaged: its copy fails SQLite's check (PRAGMA integrity_check). The copy was deleted. Use an older backup, or recover the file (sqlite3 .recover).",
    innerException);

using System.Globalization;
using FopWatch.Jobs;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>Distinguishes failures of the store from errors of a single statement.</summary>
internal static class SqliteFailures
{
    /// <summary>
    /// Whether the whole store is unavailable (locked, full, damaged, unreachable). Other failures concern a single statement, and must not
    /// affect other calls.
    /// </summary>
    public static bool IsUnavailable(this SqliteException failure) => failure.SqliteErrorCode is not
        (raw.SQLITE_CONSTRAINT or raw.SQLITE_TOOBIG or raw.SQLITE_MISMATCH or raw.SQLITE_MISUSE or raw.SQLITE_RANGE);

    /// <summary>Whether pages are damaged.</summary>
    public static bool IsDamage(this SqliteException failure) => failure.SqliteErrorCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;

    /// <summary>Whether the connection can be used again after a rollback.</summary>
    public static bool LeavesConnectionUsable(this SqliteException failure) => failure.SqliteErrorCode is
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED or raw.SQLITE_FULL or raw.SQLITE_INTERRUPT or raw.SQLITE_READONLY;

    /// <summary>The exception for callers.</summary>
    public static StoreUnavailableException ToUnavailable(this SqliteException failure) =>
        new($"The store is unavailable: {failure.Reason()}.", failure);

    /// <summary>What failed, in words.</summary>
    public static string Reason(this SqliteException failure) => failure.SqliteErrorCode switch
    {
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => "another program has locked the database",
        raw.SQLITE_FULL => "the disk is full",
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => "the database is damaged",
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_AUTH => "this user has no permission to write to the database",
        raw.SQLITE_CANTOPEN => "the database file cannot be opened",
        raw.SQLITE_IOERR when failure.SqliteExtendedErrorCode == raw.SQLITE_IOERR_SHMSIZE =>
            string.Create(CultureInfo.InvariantCulture, $"the disk is full, so the index of the write-ahead log has no room (SQLite error {raw.SQLITE_IOERR_SHMSIZE})"),
        raw.SQLITE_IOERR => string.Create(CultureInfo.InvariantCulture, $"the file system reports an error (SQLite error {failure.SqliteExtendedErrorCode})"),
        _ => string.Create(CultureInfo.InvariantCulture, $"SQLite reports error {failure.SqliteExtendedErrorCode}"),
    };
}

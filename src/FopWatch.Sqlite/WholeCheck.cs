using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>The result of a check of the whole database.</summary>
internal enum WholeCheckResult
{
    /// <summary>The whole database was checked. Nothing is damaged.</summary>
    Whole,

    /// <summary>No damage was found within the time limit.</summary>
    Part,

    /// <summary>Something is damaged.</summary>
    Damaged,
}

/// <summary>Looks for damaged pages of a database file on a separate connection, so that no other read waits for it.</summary>
internal static class WholeCheck
{
    private const int InstructionsBetweenLooks = 10_000;

    /// <summary>Checks a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="longest">The time limit, in real time.</param>
    /// <param name="cancellationToken">Ends the check as the time limit does.</param>
    /// <exception cref="SqliteException">The file cannot be read.</exception>
    public static WholeCheckResult Run(string path, TimeSpan longest, CancellationToken cancellationToken)
    {
        var (time, began) = (TimeProvider.System, TimeProvider.System.GetTimestamp());
        using var session = SqliteSession.Open(path, SqliteOpenMode.ReadOnly, TimeSpan.FromSeconds(1));
        raw.sqlite3_progress_handler(
            session.Connection.Handle, InstructionsBetweenLooks, _ => cancellationToken.IsCancellationRequested || time.GetElapsedTime(began) > longest ? 1 : 0, null);
        try
        {
            return session.Scalar("PRAGMA quick_check(1)") is "ok" ? WholeCheckResult.Whole : WholeCheckResult.Damaged;
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_INTERRUPT)
        {
            return WholeCheckResult.Part;
        }
        catch (SqliteException e) when (e.IsDamage())
        {
            return WholeCheckResult.Damaged;
        }
    }
}

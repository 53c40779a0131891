using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>
/// Looks for damaged pages, and keeps the result until the host restarts. At the start, a check covers as much of the database as is
/// possible in a third of a second, because the start waits for it. Later checks take one second at most, and cover one table after the
/// other.
/// </summary>
internal sealed class DamageCheck(TimeProvider time)
{
    private const int InstructionsBetweenLooks = 10_000;

    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestAtStart = TimeSpan.FromSeconds(1) / 3;

    private volatile string? _found;
    private string _lastTable = "";

    /// <summary>The damage, for the operator; null if none was found.</summary>
    public string? Found => _found;

    /// <summary>Records the failure of a statement if it reports damaged pages.</summary>
    public void Seen(SqliteException failure)
    {
        if (failure.IsDamage())
            _found ??= "The database is damaged: SQLite found an invalid page. Stop the host. Then restore a backup, or recover the file (sqlite3 .recover)";
    }

    public void CheckAll(SqliteSession session) => Check(session, "PRAGMA quick_check(1)", LongestAtStart);

    /// <summary>Checks the next table.</summary>
    /// <returns>The name of the table.</returns>
    public string CheckNext(SqliteSession session)
    {
        const string Tables = "SELECT min(name) FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name > $1";
        _lastTable = session.Scalar(Tables, _lastTable) as string ?? session.Scalar(Tables, "") as string ?? "";
        if (_lastTable.Length > 0)
            Check(session, $"PRAGMA quick_check('{_lastTable}')", Longest);
        return _lastTable;
    }

    private void Check(SqliteSession session, string pragma, TimeSpan longest)
    {
        var began = time.GetTimestamp();
        raw.sqlite3_progress_handler(session.Connection.Handle, InstructionsBetweenLooks, _ => time.GetElapsedTime(began) > longest ? 1 : 0, null);
        try
        {
            if (session.Scalar(pragma) is string and not "ok")
                _found ??= "The database is damaged: its check (PRAGMA quick_check) fails. Stop the host. Then restore a backup, or recover the file (sqlite3 .recover)";
        }
        catch (SqliteException e) when (e.SqliteErrorCode == raw.SQLITE_INTERRUPT)
        {
            // Nothing was found within the time limit.
        }
        catch (SqliteException e) when (e.IsDamage())
        {
            Seen(e);
        }
        finally
        {
            raw.sqlite3_progress_handler(session.Connection.Handle, 0, null, null);
        }
    }
}

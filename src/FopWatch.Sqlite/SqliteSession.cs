using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>A connection with its prepared statements. Used by one thread at a time.</summary>
internal sealed class SqliteSession : IDisposable
{
    private readonly Dictionary<(string Sql, int Number), SqliteCommand> _commands = [];
    private readonly Dictionary<string, SqliteStatement> _statements = new(StringComparer.Ordinal);
    private WriteTransaction? _transaction;

    // Each connection is used by one thread at a time, so SQLite need not lock it, and its memory statistics are not used. In a process
    // that has already used SQLite, this has no effect.
    static SqliteSession()
    {
        Batteries_V2.Init();
        raw.sqlite3_config(raw.SQLITE_CONFIG_MULTITHREAD);
        raw.sqlite3_config(raw.SQLITE_CONFIG_MEMSTATUS, 0);
    }

    private SqliteSession(SqliteConnection connection) => Connection = connection;

    public SqliteConnection Connection { get; }

    /// <summary>Whether a transaction is open. Some failures (disk full, I/O) end it.</summary>
    public bool InTransaction => raw.sqlite3_get_autocommit(Connection.Handle) == 0;

    /// <summary>The rowid of the row that was inserted last.</summary>
    public long LastInsertedRow => raw.sqlite3_last_insert_rowid(Connection.Handle);

    /// <summary>The number of pages written since the last call.</summary>
    public int TakePagesWritten()
    {
        const int PagesWritten = 9; // SQLITE_DBSTATUS_CACHE_WRITE
        return raw.sqlite3_db_status(Connection.Handle, PagesWritten, out var pages, out _, resetFlg: 1) == raw.SQLITE_OK ? pages : 0;
    }

    /// <summary>Moves the pages of the write-ahead log that can be moved without waiting into the database.</summary>
    /// <returns>The number of pages in the log, and how many of them are now in the database; null if it failed, or another connection is doing it.</returns>
    public (int Logged, int Moved)? Checkpoint() =>
        raw.sqlite3_wal_checkpoint_v2(Connection.Handle, "main", raw.SQLITE_CHECKPOINT_PASSIVE, out var logged, out var moved) == raw.SQLITE_OK ? (logged, moved) : null;

    /// <summary>Opens a connection.</summary>
    /// <param name="path">The database file.</param>
    /// <param name="mode">Whether the connection may write and create the file.</param>
    /// <param name="busyTimeout">How long to wait for a lock of another connection.</param>
    /// <exception cref="SqliteException">The file cannot be opened.</exception>
    public static SqliteSession Open(string path, SqliteOpenMode mode, TimeSpan busyTimeout)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            // Besides SQLite's own waiting, the client retries a busy statement for this time, in seconds. 1 is the minimum.
            DefaultTimeout = 1,
        }.ToString());
        var session = new SqliteSession(connection);
        try
        {
            connection.Open();
            session.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA busy_timeout = {(int)busyTimeout.TotalMilliseconds}"));
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    /// <summary>The transaction that <see cref="Begin"/> began last.</summary>
    public WriteTransaction Transaction => _transaction ?? throw new InvalidOperationException("No transaction has begun.");

    /// <summary>The prepared statement for SQL that runs with every commit. It is the same instance each time.</summary>
    public SqliteStatement Statement(string sql)
    {
        if (!_statements.TryGetValue(sql, out var statement))
            _statements.Add(sql, statement = new(Connection.Handle!, sql));
        return statement;
    }

    /// <summary>The prepared statement with its parameters <c>$1</c>, <c>$2</c> … bound to these values.</summary>
    public SqliteCommand Command(string sql, params ReadOnlySpan<object?> values) => Command(0, sql, values);

    /// <summary>The prepared statement with a number, so that several statements with the same text can be read at once.</summary>
    public SqliteCommand Command(int number, string sql, params ReadOnlySpan<object?> values)
    {
        if (!_commands.TryGetValue((sql, number), out var command))
        {
            command = Connection.CreateCommand();
            command.CommandText = sql;
            for (var i = 1; i <= values.Length; i++)
                command.Parameters.Add(new SqliteParameter { ParameterName = string.Create(CultureInfo.InvariantCulture, $"${i}") });
            _commands.Add((sql, number), command);
        }

        for (var i = 0; i < values.Length; i++)
            command.Parameters[i].Value = values[i] is ReadOnlyMemory<byte> bytes ? ToArray(bytes) : values[i] ?? DBNull.Value;
        return command;
    }

    /// <summary>Runs a statement, and returns the number of changed rows.</summary>
    public int Execute(string sql, params ReadOnlySpan<object?> values) => Command(sql, values).ExecuteNonQuery();

    /// <summary>The single value of a statement; null for no row and for NULL.</summary>
    public object? Scalar(string sql, params ReadOnlySpan<object?> values) => Command(sql, values).ExecuteScalar() is { } value and not DBNull ? value : null;

    public void Begin()
    {
        _transaction = new();
        Execute("BEGIN IMMEDIATE");
    }

    /// <summary>Commits the transaction that <see cref="Begin"/> began.</summary>
    public void Commit() => Transaction.Commit(this);

    /// <summary>Reads with several statements from one snapshot.</summary>
    public T Snapshot<T>(Func<SqliteSession, T> read)
    {
        Execute("BEGIN");
        try
        {
            return read(this);
        }
        finally
        {
            Rollback();
        }
    }

    /// <summary>Rolls back the open transaction, if there is one.</summary>
    public void Rollback()
    {
        if (InTransaction)
            Execute("ROLLBACK");
    }

    public void Dispose()
    {
        foreach (var command in _commands.Values)
            command.Dispose();
        foreach (var statement in _statements.Values)
            statement.Dispose();
        Connection.Dispose();
    }

    // The client binds only arrays. Most bodies are arrays already.
    private static byte[] ToArray(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Array is { } array && array.Length == bytes.Length ? array : bytes.ToArray();
}

using System.Globalization;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>A prepared statement that is bound and run without the client's objects, for SQL that runs with every commit.</summary>
internal sealed class SqliteStatement : IDisposable
{
    private const int MostParameters = 16;

    private readonly sqlite3 _database;
    private readonly sqlite3_stmt _statement;

    // SQLite numbers named parameters in order of occurrence; 0 is a parameter that does not occur.
    private readonly int[] _parameters;

    /// <param name="database">The connection.</param>
    /// <param name="sql">One statement with parameters <c>$1</c>, <c>$2</c> …</param>
    /// <exception cref="SqliteException">The statement cannot be prepared.</exception>
    public SqliteStatement(sqlite3 database, string sql)
    {
        _database = database;
        Check(raw.sqlite3_prepare_v3(database, sql, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
        _parameters = [.. Enumerable.Range(1, MostParameters)
            .Select(number => raw.sqlite3_bind_parameter_index(_statement, string.Create(CultureInfo.InvariantCulture, $"${number}")))];
    }

    /// <summary>Whether the statement has a parameter of this number.</summary>
    public bool Has(int parameter) => parameter <= _parameters.Length && _parameters[parameter - 1] > 0;

    public SqliteStatement Bind(int parameter, long value)
    {
        Check(raw.sqlite3_bind_int64(_statement, _parameters[parameter - 1], value));
        return this;
    }

    public SqliteStatement Bind(int parameter, long? value)
    {
        Check(value is { } number ? raw.sqlite3_bind_int64(_statement, _parameters[parameter - 1], number) : raw.sqlite3_bind_null(_statement, _parameters[parameter - 1]));
        return this;
    }

    public SqliteStatement Bind(int parameter, string value)
    {
        Check(raw.sqlite3_bind_text(_statement, _parameters[parameter - 1], value));
        return this;
    }

    public SqliteStatement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        Check(value.IsEmpty ? raw.sqlite3_bind_zeroblob(_statement, _parameters[parameter - 1], 0) : raw.sqlite3_bind_blob(_statement, _parameters[parameter - 1], value));
        return this;
    }

    /// <summary>Advances to the next row. Call <see cref="Reset"/> after the last row wanted.</summary>
    /// <returns>Whether there is a row. If not, the statement can be bound again.</returns>
    /// <exception cref="SqliteException">The statement failed.</exception>
    public bool Step()
    {
        var code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW)
            return true;
        var reset = raw.sqlite3_reset(_statement);
        Check(code == raw.SQLITE_DONE ? reset : code);
        return false;
    }

    /// <summary>Runs a statement without result rows.</summary>
    /// <returns>The number of changed rows.</returns>
    /// <exception cref="SqliteException">The statement failed.</exception>
    public int Run()
    {
        while (Step())
        {
        }

        return raw.sqlite3_changes(_database);
    }

    /// <summary>Whether the statement returns a row.</summary>
    /// <exception cref="SqliteException">The statement failed.</exception>
    public bool Any()
    {
        if (!Step())
            return false;
        Reset();
        return true;
    }

    public void Reset() => raw.sqlite3_reset(_statement);

    public long Number(int column) => raw.sqlite3_column_int64(_statement, column);

    public string Text(int column) => raw.sqlite3_column_text(_statement, column).utf8_to_string();

    public byte[] Bytes(int column) => raw.sqlite3_column_blob(_statement, column).ToArray();

    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    public void Dispose() => _statement.Dispose();

    private void Check(int code)
    {
        if (code != raw.SQLITE_OK)
            SqliteException.ThrowExceptionForRC(code, _database);
    }
}

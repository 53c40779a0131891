using System.Threading.Channels;
using FopWatch.Sqlite;
using Microsoft.Data.Sqlite;

namespace FopWatch.Load.Bare;

internal interface IBodyTable : IDisposable
{
    Task InsertAsync(byte[] body);
}

internal sealed class SingleBodyTable(string folder) : IBodyTable
{
    private readonly BodyInsert _insert = new(folder);
    private readonly Lock _writing = new();

    public Task InsertAsync(byte[] body)
    {
        lock (_writing)
            _insert.Execute(body);
        return Task.CompletedTask;
    }

    public void Dispose() => _insert.Dispose();
}

internal sealed class GroupedBodyTable : IBodyTable
{
    private const int MostAtOnce = 4096;

    private readonly BodyInsert _insert;
    private readonly Channel<(byte[] Body, TaskCompletionSource Committed)> _waiting = Channel.CreateBounded<(byte[], TaskCompletionSource)>(MostAtOnce);
    private readonly Thread _writer;

    public GroupedBodyTable(string folder)
    {
        _insert = new(folder);
        _writer = new(Write) { IsBackground = true };
        _writer.Start();
    }

    public async Task InsertAsync(byte[] body)
    {
        var committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync((body, committed));
        await committed.Task;
    }

    public void Dispose()
    {
        _waiting.Writer.Complete();
        _writer.Join();
        _insert.Dispose();
    }

    private void Write()
    {
        var batch = new List<TaskCompletionSource>();
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            _insert.Begin();
            while (batch.Count < MostAtOnce && _waiting.Reader.TryRead(out var next))
            {
                _insert.Execute(next.Body);
                batch.Add(next.Committed);
            }

            _insert.Commit();
            batch.ForEach(committed => committed.SetResult());
            batch.Clear();
        }
    }
}

/// <summary>Uses the durability and the settings of the embedded host: a write-ahead log, synced at every commit.</summary>
internal sealed class BodyInsert : IDisposable
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _insert, _begin, _commit;
    private readonly SqliteParameter _body, _at;

    public BodyInsert(string folder)
    {
        _connection = new($"Data Source={Path.Combine(folder, "bodies.db")};Pooling=False");
        _connection.Open();
        foreach (var statement in (ReadOnlySpan<string>)
            ["PRAGMA journal_mode=WAL", SqliteDatabase.WriterPragmas, "CREATE TABLE IF NOT EXISTS bodies(id INTEGER PRIMARY KEY, body BLOB, at INTEGER)"])
        {
            using var command = _connection.CreateCommand();
            command.CommandText = statement;
            command.ExecuteNonQuery();
        }

        (_insert, _begin, _commit) = (_connection.CreateCommand(), _connection.CreateCommand(), _connection.CreateCommand());
        _insert.CommandText = "INSERT INTO bodies(body, at) VALUES ($body, $at)";
        _begin.CommandText = "BEGIN IMMEDIATE";
        _commit.CommandText = "COMMIT";
        _body = _insert.Parameters.Add("$body", SqliteType.Blob);
        _at = _insert.Parameters.Add("$at", SqliteType.Integer);
    }

    public void Begin() => _begin.ExecuteNonQuery();

    public void Execute(byte[] body)
    {
        (_body.Value, _at.Value) = (body, TimeProvider.System.GetUtcNow().Ticks);
        _insert.ExecuteNonQuery();
    }

    public void Commit() => _commit.ExecuteNonQuery();

    public void Dispose()
    {
        foreach (var command in (ReadOnlySpan<SqliteCommand>)[_insert, _begin, _commit])
            command.Dispose();
        _connection.Dispose();
    }
}

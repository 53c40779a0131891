using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// Moves the write-ahead log into the database beside the commits. A checkpoint writes and syncs thousands of pages; within a commit, all
/// requests of the moment would wait for it. Only the writer can begin the log anew, so it moves the rest: what was written meanwhile.
/// </summary>
internal sealed class Checkpoints : IDisposable
{
    /// <summary>How many pages are written to the log before they are moved: 32 MB. A start after a crash still reads them in no time.</summary>
    public const int Pages = 8000;

    // What the first pass leaves is large where it took long; the second leaves little.
    private const int Passes = 2;

    private readonly string _path;
    private readonly HeldFolder _folder;
    private readonly SqliteStoreOptions _options;
    private readonly SemaphoreSlim _due = new(0);
    private readonly Thread _thread;
    private volatile State _state;
    private volatile bool _closed;
    private long _written;

    /// <param name="path">The database file.</param>
    /// <param name="folder">The folder that holds it.</param>
    /// <param name="options">The limits.</param>
    public Checkpoints(string path, HeldFolder folder, SqliteStoreOptions options)
    {
        (_path, _folder, _options) = (path, folder, options);
        _thread = new(Run) { IsBackground = true, Name = "fopwatch checkpoints" };
        _thread.Start();
    }

    private enum State
    {
        Idle,
        Moving,
        RestIsLeft,
    }

    /// <summary>For the writer to call between two transactions.</summary>
    public void Written(SqliteSession session)
    {
        _written += session.TakePagesWritten();
        if (_state == State.RestIsLeft)
        {
            // That it fails shows at the next commit, as with SQLite's own checkpoints.
            _written = session.Checkpoint() is var (logged, moved) ? logged - moved : 0;
            _state = State.Idle;
        }
        else if (_state == State.Idle && _written >= Pages)
        {
            _state = State.Moving;
            _due.Release();
        }
    }

    /// <summary>Ends it. The log stays as it is.</summary>
    public void Dispose()
    {
        _closed = true;
        _due.Release();
        _thread.Join();
    }

    private void Run()
    {
        SqliteSession? session = null;
        try
        {
            while (true)
            {
                _due.Wait();
                if (_closed)
                    return;
                Move(ref session);
                _state = State.RestIsLeft;
            }
        }
        finally
        {
            session?.Dispose();
        }
    }

    private void Move(ref SqliteSession? session)
    {
        try
        {
            if (session is null)
            {
                // The path may lead to another database by now.
                _folder.Check();
                session = SqliteSession.Open(_path, SqliteOpenMode.ReadWrite, _options.BusyTimeout);
                session.Execute(SqliteDatabase.WriterPragmas);
            }

            for (var pass = 0; pass < Passes && !_closed; pass++)
                session.Checkpoint();
            _folder.FlushDatabase();
        }
        catch (Exception failure) when (failure is SqliteException or StoreUnavailableException or IOException)
        {
            // The writer's own attempt will fail too, or do all of it.
            session?.Dispose();
            session = null;
        }
    }
}

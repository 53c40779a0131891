using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// Moves the write-ahead log into the database, concurrently with commits. A checkpoint writes and syncs thousands of pages; within a
/// commit, all current requests would wait for it. Only the writer can restart the log, so it moves the pages that were written meanwhile.
/// </summary>
internal sealed class Checkpoints : IDisposable
{
    /// <summary>
    /// How many pages are written to the log before they are moved: 32 MB. After a crash, a start still reads them quickly.
    /// </summary>
    public const int Pages = 8000;

    // A long first pass leaves many pages; the second leaves few.
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

    /// <summary>Called by the writer between two transactions.</summary>
    public void Written(SqliteSession session)
    {
        _written += session.TakePagesWritten();
        if (_state == State.RestIsLeft)
        {
            // A failure shows at the next commit, as with SQLite's own checkpoints.
            _written = session.Checkpoint() is var (logged, moved) ? logged - moved : 0;
            _state = State.Idle;
        }
        else if (_state == State.Idle && _written >= Pages)
        {
            _state = State.Moving;
            _due.Release();
        }
    }

    /// <summary>Ends the thread. The log stays as it is.</summary>
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
                // The path may meanwhile lead to another database.
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
            // The writer's own checkpoint will fail too, or move all pages.
            session?.Dispose();
            session = null;
        }
    }
}

using System.Collections.Concurrent;
using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// A few read-only connections. In WAL mode they neither wait for the writer nor hold it up, and every read sees all commits
/// that returned before it began. Reads beyond their number wait in the order in which they came.
/// </summary>
internal sealed class ReadPool(string path, int places, TimeSpan busyTimeout, Action checkPlace, Action<SqliteException> failed) : IDisposable
{
    private readonly SemaphoreSlim _places = new(places);
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private volatile bool _disposed;

    /// <summary>Reads on the caller's thread. Whatever can be done with what was read is to be done afterwards: others may wait.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public async ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteStore));
        await _places.WaitAsync(cancellationToken);
        SqliteSession? session = null;
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(SqliteStore));
            if (!_idle.TryTake(out session))
            {
                // The path may lead to another database by now.
                checkPlace();
                session = SqliteSession.Open(path, SqliteOpenMode.ReadOnly, busyTimeout);
            }

            var answer = read(session);
            _idle.Add(session);
            session = null;
            return answer;
        }
        catch (SqliteException failure) when (failure.IsUnavailable())
        {
            failed(failure);
            throw failure.ToUnavailable();
        }
        finally
        {
            // Not put back: whatever state it is in, the next read opens a new one.
            session?.Dispose();
            _places.Release();
            if (_disposed)
                Close();
        }
    }

    /// <summary>Closes the connections; one that is reading is closed when it is done.</summary>
    public void Dispose()
    {
        _disposed = true;
        Close();
    }

    private void Close()
    {
        while (_idle.TryTake(out var session))
            session.Dispose();
    }
}

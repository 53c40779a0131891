using System.Collections.Concurrent;
using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// A few read-only connections. In WAL mode, they neither wait for the writer nor block it, and every read sees all commits that returned
/// before it began. Further reads wait in the order of arrival.
/// </summary>
internal sealed class ReadPool(string path, int places, TimeSpan busyTimeout, Action checkPlace, Action<SqliteException> failed) : IDisposable
{
    private readonly SemaphoreSlim _places = new(places);
    private readonly ConcurrentBag<SqliteSession> _idle = [];
    private volatile bool _disposed;

    /// <summary>Reads on the caller's thread. Process the result after the read: others may be waiting.</summary>
    /// <exception cref="StoreUnavailableException">The store is unavailable.</exception>
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
                // The path may meanwhile lead to another database.
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
            // Its state is unknown, so it is not reused. The next read opens a new one.
            session?.Dispose();
            _places.Release();
            if (_disposed)
                Close();
        }
    }

    /// <summary>Closes the connections. A busy one is closed when its read ends.</summary>
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

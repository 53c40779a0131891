using FopWatch.Api;
using Microsoft.AspNetCore.Connections;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Closes connections above the limit. Kestrel's own limit logs a line per closed connection, so a fast client could fill the disk. This
/// one logs their number at most once a minute.
/// </summary>
internal sealed class ConnectionLimit(OpenFiles files, TimeProvider time, ILogger<ConnectionLimit> logger)
{
    private readonly Tally _closed = new();
    private int _open;

    /// <summary>Runs a connection unless too many are open. The server closes the connection when this returns.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        try
        {
            if (Interlocked.Increment(ref _open) <= files.Connections)
                await next(connection);
            else if (_closed.Add(time) is { } count)
                logger.ConnectionsClosed(files.Connections, count);
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}

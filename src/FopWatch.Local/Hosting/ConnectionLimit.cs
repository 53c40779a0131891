using FopWatch.Api;
using Microsoft.AspNetCore.Connections;

namespace FopWatch.Local.Hosting;

/// <summary>
/// Closes connections in excess of the most that may be open. Kestrel's own limit logs a line for each of them, so that whoever connects fast
/// enough could fill the disk; this one logs their number once a minute at most.
/// </summary>
internal sealed class ConnectionLimit(OpenFiles files, TimeProvider time, ILogger<ConnectionLimit> logger)
{
    private readonly Tally _closed = new();
    private int _open;

    /// <summary>Runs a connection unless too many are open. The server closes one that returns.</summary>
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

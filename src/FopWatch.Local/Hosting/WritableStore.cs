using FopWatch.Api;
using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Sqlite;

namespace FopWatch.Local.Hosting;

/// <summary>
/// A host is not ready when its store cannot be written to, for example on a full disk: it could not accept a notification.
/// </summary>
internal sealed class WritableStore(SqliteStore store, Troubles troubles, SteadyTime time) : IReadinessCheck
{
    public async ValueTask<DateTimeOffset?> CheckAsync(CancellationToken cancellationToken)
    {
        troubles.CheckClock(time);
        await store.Database.CheckWritesAsync(cancellationToken);
        return null;
    }
}

using FopWatch.Api;
using FopWatch.Clocks;
using FopWatch.Diagnosis;
using FopWatch.Sqlite;

namespace FopWatch.Local.Hosting;

/// <summary>A store that can be read and not written to, as on a full disk, could not take a notification.</summary>
internal sealed class WritableStore(SqliteStore store, Troubles troubles, SteadyTime time) : IReadinessCheck
{
    public async ValueTask<DateTimeOffset?> CheckAsync(CancellationToken cancellationToken)
    {
        troubles.CheckClock(time);
        await store.Database.CheckWritesAsync(cancellationToken);
        return null;
    }
}

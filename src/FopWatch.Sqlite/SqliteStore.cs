using System.Runtime.InteropServices;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Sqlite;

/// <summary>
/// The embedded host's store: one SQLite file in a data folder. What a call has confirmed survives a crash of the process and of
/// the machine. Any number of callers may use it at once; of two hosts on one folder the second is refused.
/// </summary>
internal sealed partial class SqliteStore : IJobStore, IDueIndex, IOutbox, IQuarantine, IAsyncDisposable
{
    // Short enough that the commits of others don't wait long for one: a row is in eleven indexes.
    private const int PurgeAtOnce = 32;

    // These are small, and in one index.
    private const int TombstonesAtOnce = 256;

    private readonly TimeProvider _time;

    private SqliteStore(SqliteDatabase database, TimeProvider time)
    {
        Database = database;
        _time = time;
        Events = new(database);
        ClockMarks = new(database);
    }

    /// <inheritdoc/>
    public JobReferences References => Database.References;

    /// <summary>The published events, in the same file.</summary>
    public EventLog Events { get; }

    /// <summary>What a later process compares its clock with.</summary>
    public ClockMarks ClockMarks { get; }

    /// <summary>The file.</summary>
    internal SqliteDatabase Database { get; }

    /// <summary>Opens the store of a data folder; makes both where they don't exist, and brings an older file up to date.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="time">The clock of time-outs, and of when refused events are tried again.</param>
    /// <param name="options">The limits; the defaults if null.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="StoreOpenException">
    /// The folder is in use by another host or cannot be written to, or its file is no database, another program's, or a newer
    /// FopWatch's.
    /// </exception>
    public static async Task<SqliteStore> OpenAsync(
        string folder, TimeProvider time, SqliteStoreOptions? options = null, CancellationToken cancellationToken = default)
    {
        // A log that a crash left behind is read here, and a migration may take its time.
        var opening = Task.Run(() => new SqliteStore(SqliteDatabase.Open(folder, time, options ?? new()), time), CancellationToken.None);
        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Nobody will ever close what is still being opened.
            _ = opening.ContinueWith(
                opened => opened.Result.DisposeAsync().AsTask(),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>
    /// Deletes jobs that settled before a time, except those with events still to be published and those that are watched again. Open
    /// jobs stay for ever. Those with an outcome leave tombstones; tombstones that are old enough are deleted. Jobs that settled later than now, by a clock that was ahead, count as settled now.
    /// </summary>
    /// <param name="settledBefore">The time.</param>
    /// <param name="now">The time now.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How many were deleted.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have been deleted.</exception>
    public async ValueTask<int> PurgeAsync(DateTimeOffset settledBefore, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await Database.DeleteAsync((session, _) => ClampSome(session, now.UtcTicks), 0, cancellationToken);
        var oldest = (now - Tombstone.Lifetime).UtcTicks;
        await Database.DeleteAsync((session, _) => PurgeTombstones(session, oldest), 0, cancellationToken);
        return await Database.DeleteAsync(
            (session, after) => PurgeSome(session, settledBefore.UtcTicks, now.UtcTicks, after), (SettledAt: 0L, Seq: 0L), cancellationToken);
    }

    /// <summary>Finishes what is waiting to be written, and closes the file. Followers of <see cref="Events"/> come to their end.</summary>
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Events.Close();
    }

    private static DeletedBatch<int> ClampSome(SqliteSession session, long now) =>
        new(0, session.Execute(ClampSettledSql, now, PurgeAtOnce) == PurgeAtOnce ? 0 : null);

    private static DeletedBatch<int> PurgeTombstones(SqliteSession session, long before)
    {
        var deleted = session.Execute(PurgeTombstonesSql, before, TombstonesAtOnce);
        return new(deleted, deleted == TombstonesAtOnce ? 0 : null);
    }

    // A place is passed once in a purge, so jobs that stay are not looked at again by every batch.
    private static DeletedBatch<(long SettledAt, long Seq)> PurgeSome(SqliteSession session, long settledBefore, long now, (long SettledAt, long Seq) after)
    {
        var settled = new List<(long SettledAt, long Seq)>();
        using (var rows = session.Command(SettledSql, settledBefore, after.SettledAt, after.Seq, PurgeAtOnce).ExecuteReader())
        {
            while (rows.Read())
                settled.Add((rows.GetInt64(0), rows.GetInt64(1)));
        }

        var bySource = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (_, seq) in settled)
        {
            if (Purge(session, seq) is not var (source, state, reference))
                continue;
            session.Execute("DELETE FROM unreadable_jobs WHERE seq = $1", seq);
            if (StatesThatLeaveTombstones.Contains(state))
                session.Execute(LeaveTombstoneSql, Convert.FromHexString(reference), now);
            CollectionsMarshal.GetValueRefOrAddDefault(bySource, source, out _)++;
        }

        foreach (var (source, deleted) in bySource)
            session.Execute("UPDATE books SET registered = registered - $2 WHERE source = $1", source, deleted);
        return new(bySource.Values.Sum(), settled.Count == PurgeAtOnce ? settled[^1] : null);
    }

    private static (string Source, string State, string Reference)? Purge(SqliteSession session, long seq)
    {
        using var row = session.Command(PurgeSql, seq).ExecuteReader();
        return row.Read() ? (row.GetString(0), row.GetString(1), row.GetString(2)) : null;
    }

    private static DateTimeOffset Time(long ticks) => new(ticks, TimeSpan.Zero);

    /// <summary>A time as the file has it; null if it is damaged.</summary>
    private static DateTimeOffset? TryTime(long ticks) =>
        ticks >= DateTimeOffset.MinValue.UtcTicks && ticks <= DateTimeOffset.MaxValue.UtcTicks ? Time(ticks) : null;
}

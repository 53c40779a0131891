using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Statistics;
using FopWatch.Upkeep;
using FopWatch.Watching;
using FopWatch.Webhooks;

namespace FopWatch.Sqlite;

/// <summary>
/// The store of the embedded host: one SQLite file in a data folder. Confirmed changes survive a crash of the process and of the machine.
/// Any number of callers may use it concurrently. A second host on the same folder is refused.
/// </summary>
internal sealed class SqliteStore : IStore, IAsyncDisposable
{
    private SqliteStore(SqliteDatabase database, TimeProvider time, SqliteStoreOptions options)
    {
        Database = database;
        Events = new(database);
        Jobs = new SqliteJobs(database, options.IsBroker ? Events : null);
        Due = new SqliteDueIndex(database);
        Outbox = new SqliteOutbox(database, time);
        Quarantine = new SqliteQuarantine(database);
        Statistics = new SqliteStatistics(database);
        ClockMarks = new(database);
        Webhooks = new SqliteWebhookCursors(database);
        JobPurge = new(database);
        Upkeep = new SqliteUpkeep(database, JobPurge, Events, ClockMarks, new(database), Statistics);
    }

    public IJobStore Jobs { get; }

    public IDueIndex Due { get; }

    public IOutbox Outbox { get; }

    public IQuarantine Quarantine { get; }

    /// <inheritdoc/>
    public IStatistics Statistics { get; }

    /// <summary>Regular maintenance of the file.</summary>
    public IStoreUpkeep Upkeep { get; }

    /// <summary>The published events, in the same file.</summary>
    public EventLog Events { get; }

    /// <summary>The positions of webhooks in the log.</summary>
    public IWebhookCursors Webhooks { get; }

    /// <summary>The times with which a later process compares its clock.</summary>
    public ClockMarks ClockMarks { get; }

    internal JobPurge JobPurge { get; }

    internal SqliteDatabase Database { get; }

    /// <summary>Opens the store of a data folder. Creates both if they do not exist, and migrates an older file.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="time">The clock of time-outs and of retries of refused events.</param>
    /// <param name="options">The limits; the defaults if null.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="StoreOpenException">
    /// The folder is in use by another host or not writable; or its file is not a database, or is from another program or a newer FopWatch.
    /// </exception>
    public static async Task<SqliteStore> OpenAsync(
        string folder, TimeProvider time, SqliteStoreOptions? options = null, CancellationToken cancellationToken = default)
    {
        options ??= new();

        // This reads a log left behind by a crash, and a migration can take long.
        var opening = Task.Run(() => new SqliteStore(SqliteDatabase.Open(folder, time, options), time, options), CancellationToken.None);
        try
        {
            return await opening.WaitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Closes a store that finishes opening after the caller gave up.
            _ = opening.ContinueWith(
                opened => opened.Result.DisposeAsync().AsTask(),
                CancellationToken.None,
                TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            throw;
        }
    }

    /// <summary>Finishes pending writes and closes the file. Followers of <see cref="Events"/> end.</summary>
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Events.Close();
    }
}

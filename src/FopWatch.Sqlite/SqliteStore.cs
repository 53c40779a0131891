using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Statistics;
using FopWatch.Upkeep;
using FopWatch.Watching;
using FopWatch.Webhooks;

namespace FopWatch.Sqlite;

/// <summary>
/// The embedded host's store: one SQLite file in a data folder. What a call has confirmed survives a crash of the process and of
/// the machine. Any number of callers may use it at once; of two hosts on one folder the second is refused.
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

    /// <summary>What the file needs done now and then.</summary>
    public IStoreUpkeep Upkeep { get; }

    /// <summary>The published events, in the same file.</summary>
    public EventLog Events { get; }

    /// <summary>The places of webhooks in the log.</summary>
    public IWebhookCursors Webhooks { get; }

    /// <summary>What a later process compares its clock with.</summary>
    public ClockMarks ClockMarks { get; }

    /// <summary>Deletes settled jobs.</summary>
    internal JobPurge JobPurge { get; }

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
        options ??= new();

        // A log that a crash left behind is read here, and a migration may take its time.
        var opening = Task.Run(() => new SqliteStore(SqliteDatabase.Open(folder, time, options), time, options), CancellationToken.None);
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

    /// <summary>Finishes what is waiting to be written, and closes the file. Followers of <see cref="Events"/> come to their end.</summary>
    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        Events.Close();
    }
}

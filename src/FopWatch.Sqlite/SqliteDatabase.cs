using FopWatch.Jobs;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>The open database of one data folder: the folder's lock, the writer and the readers.</summary>
internal sealed class SqliteDatabase : IAsyncDisposable
{
    /// <summary>The database's name in the folder.</summary>
    public const string FileName = "fopwatch.db";

    /// <summary>For what does no checkpoints beside its commits.</summary>
    internal const string WriterPragmas = """
        PRAGMA synchronous = FULL;
        PRAGMA fullfsync = 1;
        PRAGMA checkpoint_fullfsync = 1;
        PRAGMA wal_autocheckpoint = 8000;
        PRAGMA journal_size_limit = 67108864;
        PRAGMA cache_size = -8192;
        PRAGMA temp_store = MEMORY;
        """;

    // Where the disk is too slow for checkpoints beside the commits.
    private const string LastCheckpoint = "PRAGMA wal_autocheckpoint = 64000";

    private readonly HeldFolder _folder;
    private readonly Checkpoints _checkpoints;
    private readonly DamageCheck _damage;
    private readonly WriteQueue _writer;
    private readonly ReadPool _readers;
    private readonly TimeProvider _time;

    private SqliteDatabase(
        HeldFolder folder,
        DamageCheck damage,
        JobReferences references,
        ReferenceIndex byReference,
        LogEpochs epochs,
        Checkpoints checkpoints,
        WriteQueue writer,
        string path,
        TimeProvider time,
        SqliteStoreOptions options)
    {
        _folder = folder;
        _damage = damage;
        References = references;
        ByReference = byReference;
        Epochs = epochs;
        _checkpoints = checkpoints;
        _writer = writer;
        _time = time;
        _readers = Pool(options.Readers);
        Lists = Pool(options.ListReaders);
        Searches = Pool(options.ListReaders);
        Log = Pool(1);
        Tail = Pool(1);

        ReadPool Pool(int places) => new(path, places, options.BusyTimeout, folder.Check, damage.Seen);
    }

    /// <summary>The references of its jobs.</summary>
    public JobReferences References { get; }

    /// <summary>The jobs by their references.</summary>
    public ReferenceIndex ByReference { get; }

    /// <summary>The clock.</summary>
    public TimeProvider Time => _time;

    /// <summary>The epochs of its event log.</summary>
    public LogEpochs Epochs { get; }

    /// <summary>Reads for long lists and the sweep: what reads many rows, and what intake and polls must not wait for.</summary>
    public ReadPool Lists { get; }

    /// <summary>Reads for short lists and searches, which must not wait for long ones.</summary>
    public ReadPool Searches { get; }

    /// <summary>Reads the event log for followers that are behind.</summary>
    public ReadPool Log { get; }

    /// <summary>Reads the end of the event log.</summary>
    public ReadPool Tail { get; }

    /// <summary>Opens the folder's database; makes both where they don't exist.</summary>
    /// <exception cref="StoreOpenException">The folder or the file cannot be used.</exception>
    public static SqliteDatabase Open(string folder, TimeProvider time, SqliteStoreOptions options)
    {
        var path = Path.Combine(folder, FileName);
        var folderLock = DataFolder.Lock(folder, FileName);
        SqliteSession? session = null;
        try
        {
            session = OpenWriter(path, SqliteOpenMode.ReadWriteCreate, options);
            Schema.Migrate(session, path, Schema.Migrations);
            var references = StoredReferences.Load(session);
            var epochs = LogEpochs.Load(session);
            if (session.Scalar("PRAGMA journal_mode = WAL") is not "wal")
                throw new StoreOpenException($"'{path}' cannot be used: its file system does not support SQLite's write-ahead log.");

            var byReference = ReferenceIndex.Load(session, references, options);
            var damage = new DamageCheck(time);
            damage.CheckAll(session);
            var checkpoints = new Checkpoints(path, folderLock, options);
            var writer = new WriteQueue(
                session, () => OpenWriter(path, SqliteOpenMode.ReadWrite, options), folderLock.Loss, damage.Seen, checkpoints.Written, time, options);
            return new(folderLock, damage, references, byReference, epochs, checkpoints, writer, path, time, options);
        }
        catch (SqliteException failure)
        {
            session?.Dispose();
            folderLock.Dispose();
            throw new StoreOpenException(Explain(path, failure), failure);
        }
        catch
        {
            session?.Dispose();
            folderLock.Dispose();
            throw;
        }
    }

    /// <summary>Reads a few rows for intake, polls and single jobs, on the caller's thread.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken) =>
        _readers.ReadAsync(read, cancellationToken);

    /// <summary>Runs a change; see <see cref="WriteQueue.RunAsync"/>.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing was written.</exception>
    public ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> change, CancellationToken cancellationToken) =>
        _writer.RunAsync(change, cancellationToken);

    /// <summary>
    /// Makes a long change in batches, each a change of its own. After each, the writer is left to others for three times as long as the batch took.
    /// </summary>
    /// <param name="batch">Makes a batch after a place.</param>
    /// <param name="start">The place before the first row.</param>
    /// <param name="cancellationToken">Ends it between two batches.</param>
    /// <returns>How many rows were changed.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Some may have been changed.</exception>
    public async ValueTask<int> InBatchesAsync<TPlace>(
        Func<SqliteSession, TPlace, Batch<TPlace>> batch, TPlace start, CancellationToken cancellationToken)
        where TPlace : struct
    {
        var (changed, place) = (0, start);
        while (true)
        {
            var (done, took) = await WriteAsync(
                session =>
                {
                    var began = _time.GetTimestamp();
                    return (batch(session, place), _time.GetElapsedTime(began));
                },
                cancellationToken);
            changed += done.Changed;
            if (done.Next is not { } next)
                return changed;
            place = next;
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Ceiling(3 * took.TotalMilliseconds)), _time, cancellationToken);
        }
    }

    /// <summary>Why the database is not to be relied on, for the operator; null if nothing is known against it.</summary>
    public string? Damage => _damage.Found;

    /// <summary>Finds out whether the folder is where it was, and whether the next part of the database is damaged.</summary>
    /// <exception cref="StoreUnavailableException">The folder is not, or the database cannot be read now.</exception>
    public async ValueTask InspectAsync(CancellationToken cancellationToken)
    {
        _folder.Check();
        await Lists.ReadAsync(_damage.CheckNext, cancellationToken);
    }

    /// <summary>
    /// Whether changes can be written, and what they are written to can be relied on. As long as they are, nothing is done to find out; after one that failed, a commit that changes
    /// nothing is tried, so that nobody has to send a change to find out that there is room again.
    /// </summary>
    /// <exception cref="StoreUnavailableException">They cannot.</exception>
    public async ValueTask CheckWritesAsync(CancellationToken cancellationToken)
    {
        _folder.Check();
        if (_damage.Found is { } damage)
            throw new StoreUnavailableException(damage);
        if (_writer.LastFailed)
            await _writer.RunAsync(Schema.Touch, cancellationToken);
    }

    /// <summary>Writes what is waiting to be written, moves the write-ahead log into the file and lets go of the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var readers in (ReadPool[])[_readers, Lists, Searches, Log, Tail])
            readers.Dispose();
        _checkpoints.Dispose();

        // SQLite checkpoints and removes the log as the last connection closes.
        await _writer.DisposeAsync();
        _folder.Dispose();
    }

    private static SqliteSession OpenWriter(string path, SqliteOpenMode mode, SqliteStoreOptions options)
    {
        var session = SqliteSession.Open(path, mode, options.BusyTimeout);
        try
        {
            session.Execute(WriterPragmas);
            session.Execute(LastCheckpoint);
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    private static string Explain(string path, SqliteException failure) => failure.SqliteErrorCode switch
    {
        raw.SQLITE_NOTADB => $"'{path}' is not an SQLite database.",
        raw.SQLITE_CORRUPT => $"'{path}' is damaged.",
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => $"'{path}' is locked by another program.",
        raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => $"'{path}' cannot be written to: {failure.Reason()}.",
        _ => $"'{path}' cannot be opened: {failure.Reason()}.",
    };
}

/// <summary>What one batch of a long change came to.</summary>
/// <param name="Changed">How many rows were changed.</param>
/// <param name="Next">The place after which there may be more; null if there is none.</param>
internal readonly record struct Batch<TPlace>(int Changed, TPlace? Next)
    where TPlace : struct;

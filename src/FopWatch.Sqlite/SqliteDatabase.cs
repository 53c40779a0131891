using FopWatch.Jobs;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace FopWatch.Sqlite;

/// <summary>The open database of a data folder: its lock, the writer and the readers.</summary>
internal sealed class SqliteDatabase : IAsyncDisposable
{
    /// <summary>The file name of the database.</summary>
    public const string FileName = "fopwatch.db";

    /// <summary>For a writer without concurrent checkpoints.</summary>
    internal const string WriterPragmas = """
        PRAGMA synchronous = FULL;
        PRAGMA fullfsync = 1;
        PRAGMA checkpoint_fullfsync = 1;
        PRAGMA wal_autocheckpoint = 8000;
        PRAGMA journal_size_limit = 67108864;
        PRAGMA cache_size = -8192;
        PRAGMA temp_store = MEMORY;
        """;

    // The last resort if the disk is too slow for concurrent checkpoints.
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

    /// <summary>Computes the references of jobs.</summary>
    public JobReferences References { get; }

    /// <summary>The jobs by reference.</summary>
    public ReferenceIndex ByReference { get; }

    public TimeProvider Time => _time;

    /// <summary>The epochs of the event log.</summary>
    public LogEpochs Epochs { get; }

    /// <summary>Readers for long lists and the sweep, which read many rows. Intake and polls must not wait for them.</summary>
    public ReadPool Lists { get; }

    /// <summary>Readers for short lists and searches, which must not wait for long ones.</summary>
    public ReadPool Searches { get; }

    /// <summary>Readers of the event log for followers that are behind.</summary>
    public ReadPool Log { get; }

    /// <summary>Readers of the end of the event log.</summary>
    public ReadPool Tail { get; }

    /// <summary>Opens the database of a folder. Creates both if they do not exist.</summary>
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
    /// <exception cref="StoreUnavailableException">The store is unavailable.</exception>
    public ValueTask<T> ReadAsync<T>(Func<SqliteSession, T> read, CancellationToken cancellationToken) =>
        _readers.ReadAsync(read, cancellationToken);

    /// <summary>Runs a change; see <see cref="WriteQueue.RunAsync"/>.</summary>
    /// <exception cref="StoreUnavailableException">The store is unavailable. Nothing was written.</exception>
    public ValueTask<T> WriteAsync<T>(Func<SqliteSession, T> change, CancellationToken cancellationToken) =>
        _writer.RunAsync(change, cancellationToken);

    /// <summary>
    /// Makes a long change in batches, each in its own transaction. After each batch, the writer is free for others for three times as long
    /// as the batch took.
    /// </summary>
    /// <param name="batch">Runs a batch after a place.</param>
    /// <param name="start">The place before the first row.</param>
    /// <param name="cancellationToken">Ends the change between two batches.</param>
    /// <returns>The number of changed rows.</returns>
    /// <exception cref="StoreUnavailableException">The store is unavailable. Some rows may have been changed.</exception>
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

    /// <summary>The damage of the database, for the operator; null if none is known.</summary>
    public string? Damage => _damage.Found;

    /// <summary>Checks that the folder is in place, and looks for damage in the next part of the database.</summary>
    /// <exception cref="StoreUnavailableException">The folder is not in place, or the database cannot be read.</exception>
    public async ValueTask InspectAsync(CancellationToken cancellationToken)
    {
        _folder.Check();
        await Lists.ReadAsync(_damage.CheckNext, cancellationToken);
    }

    /// <summary>
    /// Checks that changes can be written to an undamaged database. While writes succeed, nothing is done. After a failed write, a commit
    /// without changes is tried, so that recovery, for example after a full disk, is noticed without a request.
    /// </summary>
    /// <exception cref="StoreUnavailableException">Changes cannot be written.</exception>
    public async ValueTask CheckWritesAsync(CancellationToken cancellationToken)
    {
        _folder.Check();
        if (_damage.Found is { } damage)
            throw new StoreUnavailableException(damage);
        if (_writer.LastFailed)
            await _writer.RunAsync(Schema.Touch, cancellationToken);
    }

    /// <summary>Finishes pending writes, moves the write-ahead log into the file and releases the folder.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (var readers in (ReadPool[])[_readers, Lists, Searches, Log, Tail])
            readers.Dispose();
        _checkpoints.Dispose();

        // SQLite checkpoints and removes the log when the last connection closes.
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
        raw.SQLITE_READONLY or raw.SQLITE_CANTOPEN or raw.SQLITE_PERM => $"'{path}' is not writable: {failure.Reason()}.",
        _ => $"'{path}' cannot be opened: {failure.Reason()}.",
    };
}

/// <summary>The result of one batch of a long change.</summary>
/// <param name="Changed">The number of changed rows.</param>
/// <param name="Next">The place after which there may be more rows; null if there are none.</param>
internal readonly record struct Batch<TPlace>(int Changed, TPlace? Next)
    where TPlace : struct;

using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>
/// The broker of the embedded host: events in the order of publication, for any number of followers, which keep their own positions. An
/// event becomes visible only after all earlier ones, because a single writer commits them.
/// </summary>
internal sealed class EventLog : IEventPublisher, IEventLog
{
    internal const string ReadSql =
        "SELECT seq, event_id, time, type, source, subject, body, redaction FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";

    internal const string OldestSql = "SELECT seq, time FROM events WHERE seq > $1 ORDER BY seq LIMIT $2";

    /// <summary>
    /// An event from the outbox can arrive twice, so its id is in a unique index. An event that is written with its job arrives once and
    /// has no entry there.
    /// </summary>
    internal const string AppendSql = """
        INSERT INTO events (event_id, time, type, source, subject, body, redaction, was_pending)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
        """;

    internal const string AnyWaitsSql = "SELECT 1 FROM outbox LIMIT 1";

    internal const string WaitsSql = "SELECT 1 FROM outbox WHERE source = $1 AND id = $2 LIMIT 1";

    internal const string PurgeSql = "DELETE FROM events WHERE seq > $1 AND seq <= $2";

    // Small enough that other commits do not wait long for a batch.
    private const int PurgeAtOnce = 64;

    private readonly SqliteDatabase _database;
    private TaskCompletionSource _published = NewSignal();
    private readonly Action _signalPublished;
    private readonly Action _raiseDeferred;
    private volatile bool _closed;

    // The writer's transaction that found the outbox empty and has added nothing to it.
    private WriteTransaction? _nothingWaits;

    // The writer's transaction that has written events with their jobs, and these events.
    private (WriteTransaction? Transaction, List<OutboxEvent> Events) _logged = (null, []);
    private bool _isDamaged;

    internal EventLog(SqliteDatabase database)
    {
        _database = database;
        _signalPublished = () =>
        {
            Interlocked.Exchange(ref _published, NewSignal()).TrySetResult();
            Appended?.Invoke();
        };
        _raiseDeferred = () => Deferred?.Invoke();
    }

    /// <summary>The epochs, which distinguish positions from those of another log.</summary>
    public LogEpochs Epochs => _database.Epochs;

    /// <inheritdoc/>
    public event Action? Appended;

    /// <summary>Raised after events were committed with their jobs, on any thread.</summary>
    public event Action<IReadOnlyList<OutboxEvent>>? Logged;

    /// <summary>
    /// Raised after events that could not be written with their jobs were committed to the outbox. Handlers must return at once.
    /// </summary>
    public event Action? Deferred;

    /// <inheritdoc/>
    /// <exception cref="StoreUnavailableException">The store is unavailable. None of the events was published.</exception>
    /// <exception cref="UnpublishableEventsException">Some events cannot be written. All others were published, except later events of the same jobs.</exception>
    public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
    {
        if (events.Count == 0)
            return;

        var appended = await _database.WriteAsync(
            session =>
            {
                Epochs.Begin(session, LastSeq);
                return Append(session, events);
            },
            cancellationToken);
        if (appended.Refused.Count > 0)
        {
            throw new UnpublishableEventsException(
                $"{appended.Refused.Count} event(s) cannot be written to the log.", appended.Refused, appended.Failure, appended.HeldBack);
        }
    }

    /// <summary>Writes an event in the transaction of its job, unless an earlier event of the job waits in the outbox or the log is damaged.</summary>
    /// <returns>Whether the event was written. If not, it must go to the outbox.</returns>
    /// <exception cref="LogDamagedException">The log was just found to be damaged. Roll back the transaction and run it again.</exception>
    public bool TryAppend(SqliteSession session, OutboxEvent @event)
    {
        if (_isDamaged || Waits(session, @event.Key))
            return false;

        try
        {
            Epochs.Begin(session, LastSeq);
            Append(session, @event, wasPending: false);
        }
        catch (SqliteException damage) when (damage.IsDamage())
        {
            // Jobs continue without the log. Their events wait until the host restarts.
            _isDamaged = true;
            throw new LogDamagedException(damage);
        }
        catch (SqliteException refusal) when (!refusal.IsUnavailable())
        {
            // A statement stopped by a constraint or a size limit changes nothing, and the transaction continues.
            return false;
        }

        if (_logged.Transaction != session.Transaction)
        {
            _logged = (session.Transaction, []);
            session.Transaction.AfterCommit(_signalPublished);
            session.Transaction.AfterCommit(RaiseLogged);
        }

        _logged.Events.Add(@event);
        return true;
    }

    /// <summary>Records that an event was put into the outbox in the transaction of its job.</summary>
    public void Enqueued(SqliteSession session)
    {
        _nothingWaits = null;
        session.Transaction.AfterCommit(_raiseDeferred);
    }

    /// <summary>
    /// Reads events in the order of the log. A batch ends with the event that fills it, so more events can follow a batch that is smaller
    /// than requested. An empty batch means that there are no more.
    /// </summary>
    /// <param name="afterSeq">The position of the last known event; 0 for the beginning.</param>
    /// <param name="limit">The most events to read; at least 1.</param>
    /// <param name="cancellationToken">Cancels the read.</param>
    /// <param name="bytes">The total size of bodies in bytes at which a batch is full.</param>
    /// <exception cref="StoreUnavailableException">The store is unavailable.</exception>
    public ValueTask<IReadOnlyList<LoggedEvent>> ReadAsync(
        long afterSeq, int limit, CancellationToken cancellationToken, int bytes = PageLimit.Bytes) =>
        ReadRowsAsync(_database.Log, afterSeq, limit, bytes, cancellationToken);

    /// <summary>Reads events like <see cref="ReadAsync"/>, without waiting for readers that are behind.</summary>
    /// <exception cref="StoreUnavailableException">The store is unavailable.</exception>
    internal ValueTask<IReadOnlyList<LoggedEvent>> ReadTailAsync(long afterSeq, int limit, int bytes) =>
        ReadRowsAsync(_database.Tail, afterSeq, limit, bytes, CancellationToken.None);

    /// <summary>The position of the last event ever published, even if it was purged; 0 if there was none.</summary>
    /// <exception cref="StoreUnavailableException">The store is unavailable.</exception>
    public ValueTask<long> LastSeqAsync(CancellationToken cancellationToken) => _database.Log.ReadAsync(LastSeq, cancellationToken);

    /// <summary>
    /// The position of the oldest event left; if there is none, the first position that the next event can have. A follower more than one position
    /// before it may have missed purged events.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The store is unavailable.</exception>
    public ValueTask<long> FirstSeqAsync(CancellationToken cancellationToken) => _database.Log.ReadAsync(
        session => session.Snapshot(snapshot =>
            snapshot.Scalar("SELECT seq FROM events ORDER BY seq LIMIT 1") is long first ? first : LastSeq(snapshot) + 1),
        cancellationToken);

    /// <inheritdoc/>
    ValueTask<IReadOnlyList<LoggedEvent>> IEventLog.ReadAsync(long afterSeq, int limit, int bytes, CancellationToken cancellationToken) =>
        ReadAsync(afterSeq, limit, cancellationToken, bytes);

    /// <inheritdoc/>
    public ValueTask<LogBounds> BoundsAsync(CancellationToken cancellationToken) => _database.Log.ReadAsync(
        session => session.Snapshot(snapshot =>
        {
            var last = LastSeq(snapshot);
            return new LogBounds(snapshot.Scalar("SELECT seq FROM events ORDER BY seq LIMIT 1") is long first ? first : last + 1, last);
        }),
        cancellationToken);

    /// <inheritdoc/>
    public ValueTask<long> PositionBeforeAsync(DateTimeOffset time, CancellationToken cancellationToken) => _database.Log.ReadAsync(
        session => session.Snapshot(snapshot => PositionBefore(snapshot, time.UtcTicks)), cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<long?> PositionOfAsync(string text, CancellationToken cancellationToken)
    {
        if (!EventPosition.TryParse(text, out var parsed))
            return null;
        return Epochs.KnownUpTo(parsed, await LastSeqAsync(cancellationToken)) == parsed.Seq ? parsed.Seq : null;
    }

    /// <summary>
    /// Deletes events from the beginning of the log up to the first that is not older than a time, so that the rest has no gaps. An event
    /// with a time in the future, from a clock that was ahead, counts as old as the next event without one.
    /// </summary>
    /// <param name="olderThan">The time.</param>
    /// <param name="now">The current time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The number of deleted events.</returns>
    /// <exception cref="StoreUnavailableException">The store is unavailable. Some events may have been deleted.</exception>
    public ValueTask<int> PurgeAsync(DateTimeOffset olderThan, DateTimeOffset now, CancellationToken cancellationToken) =>
        _database.InBatchesAsync((session, progress) => PurgeSome(session, olderThan.UtcTicks, now.UtcTicks, progress), default(PurgeProgress), cancellationToken);

    /// <summary>Completes when more events are published or the log is closed.</summary>
    internal Task Published => Volatile.Read(ref _published).Task;

    /// <summary>Whether no more events will be published.</summary>
    internal bool IsClosed => _closed;

    internal void Close()
    {
        _closed = true;
        Volatile.Read(ref _published).TrySetResult();
    }

    private static async ValueTask<IReadOnlyList<LoggedEvent>> ReadRowsAsync(
        ReadPool pool, long afterSeq, int limit, int bytes, CancellationToken cancellationToken)
    {
        var read = await pool.ReadAsync(
            session =>
            {
                using var rows = session.Command(ReadSql, afterSeq, limit).ExecuteReader();
                var (events, length) = (new List<(LoggedEvent Event, long Redaction)>(), 0L);
                while (length < bytes && rows.Read())
                {
                    var body = rows.GetFieldValue<byte[]>(6);
                    length += body.Length;
                    var one = new LoggedEvent(
                        rows.GetInt64(0),
                        rows.GetString(1),
                        new(Math.Clamp(rows.GetInt64(2), 0, DateTimeOffset.MaxValue.UtcTicks), TimeSpan.Zero),
                        rows.GetString(3),
                        new(rows.GetString(4), rows.GetString(5)),
                        body);
                    events.Add((one, rows.GetInt64(7)));
                }

                return events;
            },
            cancellationToken);
        return [.. read.Select(one => Read(one.Event, one.Redaction))];
    }

    private static LoggedEvent Read(LoggedEvent logged, long redaction)
    {
        var (body, problem) = StoredEvent.Read(logged.Body, redaction);
        return logged with { Body = body, Problem = problem };
    }

    private AppendedEvents Append(SqliteSession session, IReadOnlyList<OutboxEvent> events)
    {
        var appended = new AppendedEvents();
        foreach (var pending in events)
        {
            if (appended.Refused.Count > 0 && appended.Refused.Any(refused => refused.Key == pending.Key))
            {
                appended.HeldBack.Add(pending);
                continue;
            }

            try
            {
                appended.Count += Append(session, pending, wasPending: true);
            }
            catch (SqliteException refusal) when (!refusal.IsUnavailable())
            {
                // A statement stopped by a constraint or a size limit changes nothing, and the transaction continues.
                appended.Refused.Add(pending);
                appended.Failure ??= refusal;
            }
        }

        if (appended.Count > 0)
            session.Transaction.AfterCommit(_signalPublished);
        return appended;
    }

    private static int Append(SqliteSession session, OutboxEvent one, bool wasPending) =>
        session.Statement(AppendSql)
            .Bind(1, one.Id)
            .Bind(2, one.Time.UtcTicks)
            .Bind(3, one.Type)
            .Bind(4, one.Key.Source)
            .Bind(5, one.Key.Id)
            .Bind(6, one.Body.Span)
            .Bind(7, CommandRedaction.Version)
            .Bind(8, wasPending ? 1 : 0)
            .Run();

    // Off the writer's thread, which has other callers to answer.
    private void RaiseLogged()
    {
        if (Logged is { } logged)
            ThreadPool.UnsafeQueueUserWorkItem(static call => call.Logged(call.Events), (Logged: logged, _logged.Events), preferLocal: false);
    }

    private bool Waits(SqliteSession session, JobKey key)
    {
        if (_nothingWaits == session.Transaction)
            return false;
        if (session.Statement(AnyWaitsSql).Any())
            return session.Statement(WaitsSql).Bind(1, key.Source).Bind(2, key.Id).Any();
        _nothingWaits = session.Transaction;
        return false;
    }

    private static Batch<PurgeProgress> PurgeSome(SqliteSession session, long olderThan, long now, PurgeProgress progress)
    {
        if (progress.Deleted == progress.Old && !progress.IsAtEnd)
            progress = LookOn(session, olderThan, now, progress);

        // By positions, each of which has at most one event.
        var until = Math.Min(progress.Old, progress.Deleted + PurgeAtOnce);
        var deleted = until == progress.Deleted ? 0 : session.Execute(PurgeSql, progress.Deleted, until);
        progress = progress with { Deleted = until };
        return new(deleted, progress.IsAtEnd && progress.Deleted == progress.Old ? null : progress);
    }

    private static PurgeProgress LookOn(SqliteSession session, long olderThan, long now, PurgeProgress progress)
    {
        var count = 0;
        using var rows = session.Command(OldestSql, progress.Read, PurgeAtOnce).ExecuteReader();
        for (; rows.Read(); count++)
        {
            var (seq, time) = (rows.GetInt64(0), rows.GetInt64(1));
            if (progress.Read == 0)
                progress = progress with { Deleted = seq - 1, Old = seq - 1 };
            if (time >= olderThan && time <= now)
                return progress with { IsAtEnd = true };
            progress = progress with { Read = seq, Old = time < olderThan ? seq : progress.Old };
        }

        return progress with { IsAtEnd = count < PurgeAtOnce };
    }

    /// <summary>A binary search: times grow with positions, except where clocks were wrong.</summary>
    private static long PositionBefore(SqliteSession session, long time)
    {
        var (before, after) = (0L, LastSeq(session) + 1);
        while (after - before > 1)
        {
            var middle = before + ((after - before) / 2);
            var (seq, at) = At(session, middle);
            if (seq < after && at < time)
                before = seq;
            else
                after = middle;
        }

        return before;
    }

    /// <summary>The first event at or after a position, and its time.</summary>
    private static (long Seq, long Time) At(SqliteSession session, long position)
    {
        using var rows = session.Command("SELECT seq, time FROM events WHERE seq >= $1 ORDER BY seq LIMIT 1", position).ExecuteReader();
        return rows.Read() ? (rows.GetInt64(0), rows.GetInt64(1)) : (long.MaxValue, long.MaxValue);
    }

    private static long LastSeq(SqliteSession session) =>
        session.Scalar("SELECT seq FROM sqlite_sequence WHERE name = 'events'") is long last ? last : 0;

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private sealed class AppendedEvents
    {
        public int Count { get; set; }

        public List<OutboxEvent> Refused { get; } = [];

        public List<OutboxEvent> HeldBack { get; } = [];

        public Exception? Failure { get; set; }
    }

    /// <summary>The progress of a purge.</summary>
    /// <param name="Read">The position up to which it has read.</param>
    /// <param name="Old">The position of the last event found to be old. Earlier events are at least as old.</param>
    /// <param name="Deleted">The position up to which it has deleted.</param>
    /// <param name="IsAtEnd">Whether all later events stay.</param>
    private readonly record struct PurgeProgress(long Read, long Old, long Deleted, bool IsAtEnd);
}

/// <summary>The event log was found to be damaged when an event was written with its job.</summary>
internal sealed class LogDamagedException(SqliteException failure) : Exception("The event log is damaged.", failure)
{
    public SqliteException Failure => failure;
}

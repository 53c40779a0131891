using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;

namespace FopWatch.Sqlite;

/// <summary>The outbox: one row per event, and another one for each refused event.</summary>
internal sealed class SqliteOutbox(SqliteDatabase database, TimeProvider time) : IOutbox
{
    internal const string PendingSql = """
        SELECT source, id, version, event_id, type, time, refusals, retry_at, body, redaction
        FROM outbox LEFT JOIN refused_events USING (seq) ORDER BY seq
        """;

    private const string SeqOfSql = "(SELECT seq FROM outbox WHERE source = $1 AND id = $2 AND version = $3)";

    public async ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken)
    {
        var turns = new OutboxTurns(time.GetUtcNow());
        var pending = await database.ReadAsync(
            session =>
            {
                using var rows = session.Command(PendingSql).ExecuteReader();
                var (events, bytes) = (new List<(OutboxEvent Event, long Ticks, long Redaction)>(), 0L);
                while (events.Count < limit && bytes < PageLimit.Bytes && rows.Read())
                {
                    var key = new JobKey(rows.GetString(0), rows.GetString(1));
                    var refusals = rows.IsDBNull(6) ? 0 : rows.GetInt32(6);
                    var retryAt = rows.IsDBNull(7) ? (DateTimeOffset?)null : StoredTime.Of(rows.GetInt64(7));
                    if (!turns.Admits(key, refusals, retryAt))
                        continue;
                    var body = rows.GetFieldValue<byte[]>(8);
                    bytes += body.Length;
                    var one = new OutboxEvent
                    {
                        Key = key,
                        Version = rows.GetInt64(2),
                        Id = rows.GetString(3),
                        Type = rows.GetString(4),
                        Time = default,
                        Body = body,
                        Refusals = refusals,
                        RetryAt = retryAt,
                    };
                    events.Add((one, rows.GetInt64(5), rows.GetInt64(9)));
                }

                return events;
            },
            cancellationToken);
        return [.. pending.Select(one => Read(one.Event, one.Ticks, one.Redaction))];
    }

    public async ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken)
    {
        if (published.Count == 0)
            return;

        await database.WriteAsync(
            session =>
            {
                var removed = 0;
                foreach (var gone in published)
                {
                    if (gone.Refusals > 0)
                        session.Execute($"DELETE FROM refused_events WHERE seq = {SeqOfSql}", gone.Key.Source, gone.Key.Id, gone.Version);
                    removed += session.Execute(
                        "DELETE FROM outbox WHERE source = $1 AND id = $2 AND version = $3", gone.Key.Source, gone.Key.Id, gone.Version);
                }

                return removed;
            },
            cancellationToken);
    }

    public async ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken)
    {
        if (refused.Count == 0)
            return;

        await database.WriteAsync(
            session =>
            {
                var kept = 0;
                foreach (var one in refused)
                {
                    kept += session.Execute(
                        """
                        INSERT INTO refused_events (seq, refusals, retry_at)
                        SELECT seq, $4, $5 FROM outbox WHERE source = $1 AND id = $2 AND version = $3
                        ON CONFLICT (seq) DO UPDATE SET refusals = excluded.refusals, retry_at = excluded.retry_at
                        """,
                        one.Key.Source,
                        one.Key.Id,
                        one.Version,
                        one.Refusals,
                        (one.RetryAt ?? DateTimeOffset.MinValue).UtcTicks);
                }

                return kept;
            },
            cancellationToken);
    }

    public ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken) => database.Lists.ReadAsync(
        session => session.Scalar("SELECT count(*) FROM (SELECT 1 FROM refused_events JOIN outbox USING (seq) LIMIT $1)", IOutbox.MostCounted) is long count ? count : 0, cancellationToken);

    public ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken) => database.Lists.ReadAsync(
        session => session.Snapshot(snapshot => (
            snapshot.Scalar("SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT $1)", IOutbox.MostCounted) is long count ? count : 0,
            snapshot.Scalar("SELECT time FROM outbox ORDER BY seq LIMIT 1") is long ticks ? StoredTime.TryOf(ticks) : null)),
        cancellationToken);

    /// <summary>Puts an event into the outbox, in the transaction of its job.</summary>
    public static void Enqueue(SqliteSession session, OutboxEvent @event) => session.Execute(
        "INSERT INTO outbox (source, id, version, event_id, type, time, body, redaction) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        @event.Key.Source,
        @event.Key.Id,
        @event.Version,
        @event.Id,
        @event.Type,
        @event.Time.UtcTicks,
        @event.Body,
        CommandRedaction.Version);

    private static OutboxEvent Read(OutboxEvent one, long ticks, long redaction)
    {
        if (StoredTime.TryOf(ticks) is not { } at)
            return one with { Body = default, Problem = "its time is invalid" };
        var (body, problem) = StoredEvent.Read(one.Body, redaction);
        return one with { Time = at, Body = body, Problem = problem };
    }
}

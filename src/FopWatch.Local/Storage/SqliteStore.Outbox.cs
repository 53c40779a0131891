using FopWatch.Jobs;
using FopWatch.Publishing;

namespace FopWatch.Local.Storage;

internal sealed partial class SqliteStore
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken)
    {
        var pending = await Database.ReadAsync(
            session =>
            {
                using var rows = session.Command(PendingSql, limit).ExecuteReader();
                var (events, bytes) = (new List<(OutboxEvent Event, long Redaction)>(), 0L);
                while (bytes < PageLimit.Bytes && rows.Read())
                {
                    var body = rows.GetFieldValue<byte[]>(6);
                    bytes += body.Length;
                    var one = new OutboxEvent
                    {
                        Key = new(rows.GetString(0), rows.GetString(1)),
                        Version = rows.GetInt64(2),
                        Id = rows.GetString(3),
                        Type = rows.GetString(4),
                        Time = Time(rows.GetInt64(5)),
                        Body = body,
                    };
                    events.Add((one, rows.GetInt64(7)));
                }

                return events;
            },
            cancellationToken);
        return [.. pending.Select(one => one.Event with { Body = EventRedaction.Redacted(one.Event.Body, one.Redaction) })];
    }

    /// <inheritdoc/>
    public async ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken)
    {
        if (published.Count == 0)
            return;

        await Database.WriteAsync(
            session =>
            {
                var removed = 0;
                foreach (var gone in published)
                {
                    removed += session.Execute(
                        "DELETE FROM outbox WHERE source = $1 AND id = $2 AND version = $3", gone.Key.Source, gone.Key.Id, gone.Version);
                }

                return removed;
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken) => Database.Lists.ReadAsync(
        session => session.Snapshot(snapshot => (
            snapshot.Scalar("SELECT count(*) FROM outbox") is long count ? count : 0,
            snapshot.Scalar("SELECT time FROM outbox ORDER BY seq LIMIT 1") is long ticks ? Time(ticks) : (DateTimeOffset?)null)),
        cancellationToken);
}

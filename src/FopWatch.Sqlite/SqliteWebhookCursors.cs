using FopWatch.Contracts;
using FopWatch.Webhooks;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>The positions of webhooks, in the same file as the log, so that a backup contains both.</summary>
internal sealed class SqliteWebhookCursors(SqliteDatabase database) : IWebhookCursors
{
    private const string Columns =
        "name, position, paused, paused_at, failing_since, attempts, next_attempt_at, last_delivered_at, last_status, last_error, missed, removed_at";

    private const string WriteSql = $"INSERT OR REPLACE INTO webhooks ({Columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

    private const string NumberSql = "SELECT number FROM webhook_deliveries WHERE webhook = $1 ORDER BY number DESC LIMIT 1";

    private const string AddSql = """
        INSERT INTO webhook_deliveries (webhook, number, at, position, event_id, type, source, subject, attempt, status, error, milliseconds)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """;

    private const string DeleteSql = "DELETE FROM webhook_deliveries WHERE webhook = $1 AND number <= $2";

    private const string DeliveriesSql = """
        SELECT at, position, event_id, type, source, subject, attempt, status, error, milliseconds
        FROM webhook_deliveries WHERE webhook = $1 ORDER BY number DESC LIMIT $2
        """;

    public ValueTask<WebhookCursor?> FindAsync(string name, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            using var rows = session.Command($"SELECT {Columns} FROM webhooks WHERE name = $1", name).ExecuteReader();
            return rows.Read() ? Read(rows) : null;
        },
        cancellationToken);

    public ValueTask<IReadOnlyList<WebhookCursor>> ListAsync(CancellationToken cancellationToken) => database.ReadAsync<IReadOnlyList<WebhookCursor>>(
        session =>
        {
            using var rows = session.Command($"SELECT {Columns} FROM webhooks ORDER BY name").ExecuteReader();
            var cursors = new List<WebhookCursor>();
            while (rows.Read())
                cursors.Add(Read(rows));
            return cursors;
        },
        cancellationToken);

    public async ValueTask WriteAsync(WebhookCursor cursor, IReadOnlyList<WebhookDelivery> deliveries, CancellationToken cancellationToken) => await database.WriteAsync(
        session =>
        {
            session.Execute(
                WriteSql,
                cursor.Name,
                cursor.Position,
                cursor.Paused is { } paused ? WireNames.Of(paused) : null,
                cursor.PausedAt?.UtcTicks,
                cursor.FailingSince?.UtcTicks,
                cursor.Attempts,
                cursor.NextAttemptAt?.UtcTicks,
                cursor.LastDeliveredAt?.UtcTicks,
                cursor.LastStatus,
                cursor.LastError,
                cursor.Missed,
                cursor.RemovedAt?.UtcTicks);
            return deliveries.Count == 0 ? 0 : Add(session, cursor.Name, deliveries);
        },
        cancellationToken);

    public ValueTask<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string name, int top, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<WebhookDelivery>>(
            session =>
            {
                using var rows = session.Command(DeliveriesSql, name, top).ExecuteReader();
                var deliveries = new List<WebhookDelivery>();
                while (rows.Read())
                {
                    deliveries.Add(new()
                    {
                        At = Time(rows, 0) ?? default,
                        Position = rows.GetInt64(1),
                        EventId = rows.GetString(2),
                        Type = rows.GetString(3),
                        Source = rows.GetString(4),
                        Id = rows.GetString(5),
                        Attempt = (int)Math.Min(rows.GetInt64(6), int.MaxValue),
                        Status = rows.IsDBNull(7) ? null : rows.GetInt32(7),
                        Error = rows.IsDBNull(8) ? null : rows.GetString(8),
                        Milliseconds = rows.GetInt64(9),
                    });
                }

                return deliveries;
            },
            cancellationToken);

    private static int Add(SqliteSession session, string webhook, IReadOnlyList<WebhookDelivery> deliveries)
    {
        var number = session.Scalar(NumberSql, webhook) is long last ? last : 0;
        foreach (var one in deliveries)
        {
            session.Execute(
                AddSql,
                webhook,
                ++number,
                one.At.UtcTicks,
                one.Position,
                one.EventId,
                one.Type,
                one.Source,
                one.Id,
                one.Attempt,
                one.Status,
                one.Error,
                one.Milliseconds);
        }

        return session.Execute(DeleteSql, webhook, number - IWebhookCursors.KeptDeliveries);
    }

    private static WebhookCursor Read(SqliteDataReader rows) => new()
    {
        Name = rows.GetString(0),
        Position = rows.GetInt64(1),

        // The reason may be from a later version.
        Paused = rows.IsDBNull(2) ? null : WireNames.TryParse<WebhookPause>(rows.GetString(2), out var reason) ? reason : WebhookPause.Operator,
        PausedAt = Time(rows, 3),
        FailingSince = Time(rows, 4),
        Attempts = (int)Math.Clamp(rows.GetInt64(5), 0, WebhookRetries.MostAttempts),
        NextAttemptAt = Time(rows, 6),
        LastDeliveredAt = Time(rows, 7),
        LastStatus = rows.IsDBNull(8) ? null : rows.GetInt32(8),
        LastError = rows.IsDBNull(9) ? null : rows.GetString(9),
        Missed = rows.GetInt64(10),
        RemovedAt = Time(rows, 11),
    };

    private static DateTimeOffset? Time(SqliteDataReader rows, int column) => rows.IsDBNull(column) ? null : StoredTime.TryOf(rows.GetInt64(column));
}

using System.Text.Json;
using System.Text.Json.Serialization;
using FopWatch.Intake;
using FopWatch.Jobs;
using Microsoft.Data.Sqlite;

namespace FopWatch.Sqlite;

/// <summary>The quarantine: a row for each notification.</summary>
internal sealed class SqliteQuarantine(SqliteDatabase database) : IQuarantine
{
    internal const string SizeSql = "SELECT count(*), ifnull(sum(length(body)), 0) FROM quarantine WHERE source = $1";

    public async ValueTask AddAsync(QuarantinedNotification notification, CancellationToken cancellationToken)
    {
        string[][] headers = [.. notification.Headers.Select(header => new[] { header.Key, header.Value })];
        var headersJson = JsonSerializer.Serialize(headers, StorageJson.Default.StringArrayArray);
        await database.WriteAsync(
            session => session.Execute(
                """
                INSERT INTO quarantine (key, source, correlation, reason, received_at, url, headers, body)
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (key) DO NOTHING
                """,
                notification.Key,
                notification.Source,
                notification.Correlation,
                notification.Reason,
                notification.ReceivedAt.UtcTicks,
                // The original form, because a signature may cover it. Other forms of a URI are normalised.
                notification.Url.OriginalString,
                headersJson,
                notification.Body),
            cancellationToken);
    }

    public ValueTask<QuarantinedNotification?> FindAsync(string key, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            using var row = session.Command(
                "SELECT key, source, correlation, reason, received_at, url, headers, body FROM quarantine WHERE key = $1", key).ExecuteReader();
            if (!row.Read())
                return null;
            return TryReadNotification(row) ?? throw new UnreadableNotificationException("A notification in quarantine cannot be read: its row is damaged.");
        },
        cancellationToken);

    public ValueTask<string?> SourceOfAsync(string key, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.Scalar("SELECT source FROM quarantine WHERE key = $1", key) as string, cancellationToken);

    public ValueTask<Page<QuarantinedNotification>> ListAsync(
        IReadOnlyCollection<string>? sources, int top, string? continuation, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 1);
        var after = continuation is null ? null : Continuations.ReadNotification(continuation);
        var wanted = sources switch
        {
            null => null,
            { Count: 1 } => sources.First(),
            _ => JsonSerializer.Serialize([.. sources], StorageJson.Default.StringArray),
        };
        return database.Lists.ReadAsync(
            session =>
            {
                using var rows = session.Command(ListSql(sources?.Count, after is not null), (long)top + 1, wanted, after).ExecuteReader();
                var (notifications, unreadable, last, bytes) = (new List<QuarantinedNotification>(), new List<string>(), "", 0L);
                while (rows.Read())
                {
                    if (notifications.Count + unreadable.Count == top || bytes >= PageLimit.Bytes)
                        return new Page<QuarantinedNotification>(notifications, Continuations.AfterNotification(last)) { Unreadable = unreadable };
                    last = rows.GetString(0);
                    if (TryReadNotification(rows) is { } notification)
                    {
                        notifications.Add(notification);
                        bytes += notification.Body.Length;
                    }
                    else
                    {
                        unreadable.Add(last);
                    }
                }

                return new Page<QuarantinedNotification>(notifications, null) { Unreadable = unreadable };
            },
            cancellationToken);
    }

    public async ValueTask RemoveAsync(string key, CancellationToken cancellationToken) => await database.WriteAsync(
        session => session.Execute("DELETE FROM quarantine WHERE key = $1", key), cancellationToken);

    public ValueTask<long> CountAsync(CancellationToken cancellationToken) => database.Lists.ReadAsync(
        session => session.Scalar("SELECT count(*) FROM quarantine") is long count ? count : 0, cancellationToken);

    public ValueTask<QuarantineSize> SizeAsync(string source, CancellationToken cancellationToken) => database.ReadAsync(
        session =>
        {
            // The length of a body is in the row header, so bodies are not read.
            using var row = session.Command(SizeSql, source).ExecuteReader();
            row.Read();
            return new QuarantineSize(row.GetInt64(0), row.GetInt64(1));
        },
        cancellationToken);

    /// <summary>The statement for a list of a number of sources; null for all.</summary>
    /// <remarks>For several sources, the keys are first found in the index of each source. This reads neither bodies nor rows of other sources.</remarks>
    internal static string ListSql(int? sources, bool continued)
    {
        var where = (sources, continued) switch
        {
            (null, false) => "",
            (null, true) => "WHERE key < $3",
            (1, false) => "WHERE source = $2",
            (1, true) => "WHERE source = $2 AND key < $3",
            _ => $"WHERE key IN (SELECT kept.key FROM json_each($2) CROSS JOIN quarantine AS kept WHERE kept.source = value{(continued ? " AND kept.key < $3" : "")} ORDER BY kept.key DESC LIMIT $1)",
        };
        return $"SELECT key, source, correlation, reason, received_at, url, headers, body FROM quarantine {where} ORDER BY key DESC LIMIT $1";
    }

    private static QuarantinedNotification? TryReadNotification(SqliteDataReader row)
    {
        try
        {
            var headers = JsonSerializer.Deserialize(row.GetString(6), StorageJson.Default.StringArrayArray);
            if (headers is null || !headers.All(header => header is [not null, not null]) || StoredTime.TryOf(row.GetInt64(4)) is not { } receivedAt)
                return null;
            return new()
            {
                Key = row.GetString(0),
                Source = row.GetString(1),
                Correlation = row.IsDBNull(2) ? null : row.GetString(2),
                Reason = row.GetString(3),
                ReceivedAt = receivedAt,
                Url = new(row.GetString(5), UriKind.Absolute),
                Headers = [.. headers.Select(header => KeyValuePair.Create(header[0], header[1]))],
                Body = row.GetFieldValue<byte[]>(7),
            };
        }
        catch (Exception damaged) when (damaged is JsonException or UriFormatException)
        {
            return null;
        }
    }
}

[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(string[][]))]
internal sealed partial class StorageJson : JsonSerializerContext;

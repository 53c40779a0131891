using System.Text.Json;
using System.Text.Json.Serialization;
using Azure.Data.Tables;
using FopWatch.Intake;

namespace FopWatch.Azure.Tables;

/// <summary>The rows of notifications in quarantine.</summary>
internal static class NotificationRows
{
    public const int MaxHeadColumns = 10;

    // A string column holds 32 Ki characters. Servers accept less than 64 KiB of URL and headers; as JSON, they may be longer.
    private const int HeadColumnCharacters = 32 * 1024;

    public static TableEntity Of(string rowKey, QuarantinedNotification notification, out int headBytes)
    {
        var row = new TableEntity(RowKeys.Quarantine(notification.Source), rowKey)
        {
            [Columns.Source] = notification.Source,
            [Columns.Key] = notification.Key,
            [Columns.Correlation] = notification.Correlation,
            [Columns.Reason] = notification.Reason,
            [Columns.ReceivedAt] = notification.ReceivedAt,
            [Columns.Size] = notification.Body.Length,
        };

        // The URL as the provider called it, because a signature may cover it. Other forms of an absolute URI are normalised.
        var headers = notification.Headers.Select(header => new[] { header.Key, header.Value }).ToArray();
        var head = JsonSerializer.Serialize(new(notification.Url.OriginalString, headers), QuarantineJson.Default.QuarantineHead);
        headBytes = head.Length * sizeof(char);
        var columns = head.Chunk(HeadColumnCharacters).Select(characters => new string(characters)).ToList();
        if (columns.Count > MaxHeadColumns)
            throw new ArgumentException("The URL and the headers of a notification are too long.", nameof(notification));
        for (var i = 0; i < columns.Count; i++)
            row[Columns.Head(i)] = columns[i];
        return row;
    }

    /// <returns>Null if the row is damaged.</returns>
    public static QuarantinedNotification? TryRead(TableEntity row, byte[] body)
    {
        try
        {
            var text = string.Concat(Enumerable.Range(0, MaxHeadColumns).Select(i => row.Text(Columns.Head(i))));
            var head = JsonSerializer.Deserialize(text, QuarantineJson.Default.QuarantineHead);
            return head is { Url: not null, Headers: not null } && head.Headers.All(header => header is [not null, not null])
                && row.Text(Columns.Key) is { } key && row.Text(Columns.Source) is { } source && row.Text(Columns.Reason) is { } reason
                && row.Time(Columns.ReceivedAt) is { } receivedAt
                    ? new()
                    {
                        Key = key,
                        Source = source,
                        Correlation = row.Text(Columns.Correlation),
                        Reason = reason,
                        ReceivedAt = receivedAt,
                        Url = new(head.Url, UriKind.Absolute),
                        Headers = [.. head.Headers.Select(header => KeyValuePair.Create(header[0], header[1]))],
                        Body = body,
                    }
                    : null;
        }
        catch (Exception damaged) when (damaged is JsonException or UriFormatException)
        {
            return null;
        }
    }
}

/// <summary>URL and headers of a notification.</summary>
internal sealed record QuarantineHead(string Url, string[][] Headers);

[JsonSerializable(typeof(QuarantineHead))]
internal sealed partial class QuarantineJson : JsonSerializerContext;

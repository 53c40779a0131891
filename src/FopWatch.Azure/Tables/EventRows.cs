using Azure.Data.Tables;
using FopWatch.Providers;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tables;

/// <summary>The rows of events in the outbox.</summary>
internal static class EventRows
{
    public static TableEntity Of(string partition, OutboxEvent @event)
    {
        var row = new TableEntity(partition, RowKeys.Event(@event.Time, @event.Key.Id, @event.Version))
        {
            [Columns.Source] = @event.Key.Source,
            [Columns.EventId] = @event.Id,
            [Columns.Type] = @event.Type,
            [Columns.Redaction] = CommandRedaction.Version,
        };
        if (!BodyColumns.TryWriteText(row, @event.Body.Span) && !EventCut.Shorter(@event.Body).Any(cloudEvent => BodyColumns.TryWriteText(row, EventCut.ToBody(cloudEvent))))
            throw new InvalidDataException("An event does not fit into a row even without its items.");
        return row;
    }

    public static OutboxEvent Read(TableEntity row)
    {
        if (RowKeys.TryReadEvent(row.RowKey) is not var (time, id, version))
        {
            return new OutboxEvent
            {
                Id = "",
                Key = new(RowKeys.SourceOf(row.PartitionKey), ""),
                Version = 0,
                Type = "",
                Time = default,
                Body = default,
                Problem = "its row key is not that of an event",
            };
        }

        var one = new OutboxEvent
        {
            Id = row.Text(Columns.EventId) ?? "",
            Key = new(RowKeys.SourceOf(row.PartitionKey), id),
            Version = version,
            Type = row.Text(Columns.Type) ?? "",
            Time = time,
            Body = default,
            Refusals = row.Number(Columns.Refusals) ?? 0,
            RetryAt = row.Time(Columns.RetryAt),
        };
        if (one.Id.Length == 0 || one.Type.Length == 0)
            return one with { Problem = "its row lacks a column" };
        if (BodyColumns.TryReadText(row) is not { } stored)
            return one with { Problem = "its body is damaged" };
        var (body, problem) = StoredEvent.Read(stored, row.Number(Columns.Redaction) ?? 0);
        return one with { Body = body, Problem = problem };
    }
}

using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>Writes an event exactly as the serializer would with <see cref="ContractsJson.Wire"/>.</summary>
internal static class EventDocument
{
    public static void Write(Utf8JsonWriter json, JobEvent cloudEvent)
    {
        json.WriteStartObject();
        json.WriteString("specversion"u8, cloudEvent.SpecVersion);
        json.WriteString("id"u8, cloudEvent.Id);
        json.WriteString("type"u8, cloudEvent.Type);
        json.WriteString("source"u8, cloudEvent.Source);
        json.WriteString("subject"u8, cloudEvent.Subject);
        json.UtcTime("time"u8, cloudEvent.Time);
        json.WriteString("datacontenttype"u8, cloudEvent.DataContentType);
        json.Text("job"u8, cloudEvent.Job);
        Write(json, cloudEvent.Data);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, JobRecord job)
    {
        json.WriteStartObject("data"u8);
        json.WriteString("source"u8, job.Source);
        json.WriteString("id"u8, job.Id);
        json.WriteString("provider"u8, WireNames.Of(job.Provider));
        json.WriteString("state"u8, WireNames.Of(job.State));
        json.WriteBoolean("settled"u8, job.Settled);
        json.Text("settledBy"u8, job.SettledBy is { } by ? WireNames.Of(by) : null);
        json.Mark("overdue"u8, job.Overdue);
        json.Text("bucket"u8, job.Bucket);
        json.Text("key"u8, job.Key);
        json.Text("pipeline"u8, job.Pipeline);
        json.Text("requestId"u8, job.RequestId);
        json.Text("taskFrom"u8, job.TaskFrom);
        json.UtcTime("createdAt"u8, job.CreatedAt);
        json.WriteString("notification"u8, WireNames.Of(job.Notification));
        json.WriteStartObject("counts"u8);
        json.WriteNumber("total"u8, job.Counts.Total);
        json.WriteNumber("succeeded"u8, job.Counts.Succeeded);
        json.WriteNumber("failed"u8, job.Counts.Failed);
        json.WriteNumber("running"u8, job.Counts.Running);
        json.WriteEndObject();
        json.WriteStartArray("items"u8);
        foreach (var item in job.Items)
            Write(json, item);
        json.WriteEndArray();
        json.Mark("truncated"u8, job.Truncated);
        if (job.Metadata is { } metadata)
            json.Texts("metadata"u8, metadata);
        json.UtcTime("registeredAt"u8, job.RegisteredAt);
        json.UtcTime("updatedAt"u8, job.UpdatedAt);
        json.UtcTime("settledAt"u8, job.SettledAt);
        json.WriteNumber("polls"u8, job.Polls);
        json.WriteNumber("version"u8, job.Version);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, JobItem item)
    {
        json.WriteStartObject();
        json.WriteString("command"u8, item.Command);
        json.WriteString("state"u8, WireNames.Of(item.State));
        json.Flag("reusedOldOutput"u8, item.ReusedOldOutput);
        json.Text("error"u8, item.Error);
        json.Number("errorIndex"u8, item.ErrorIndex);
        if (item.Input is { } input)
        {
            json.WriteStartObject("input"u8);
            json.WriteString("bucket"u8, input.Bucket);
            json.WriteString("key"u8, input.Key);
            json.WriteEndObject();
        }

        json.WriteStartArray("outputs"u8);
        foreach (var output in item.Outputs)
        {
            json.WriteStartObject();
            json.WriteString("bucket"u8, output.Bucket);
            json.WriteString("key"u8, output.Key);
            json.WriteString("hash"u8, output.Hash);
            json.WriteString("url"u8, output.Url);
            if (output.Size is { } size)
                json.WriteNumber("size"u8, size);
            else
                json.WriteNull("size"u8);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (item.Result is { } result)
        {
            json.WritePropertyName("result"u8);
            result.WriteTo(json);
        }

        if (item.Truncated is { } truncated)
        {
            json.WriteStartArray("truncated"u8);
            foreach (var part in truncated)
                JsonSerializer.Serialize(json, part, ContractsJson.Wire.JobTruncation);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }
}

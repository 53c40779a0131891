using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>
/// Writes the document of a job in the format that <see cref="JobJsonContext"/> reads. Optional flags, numbers and enums are left out if they have the default
/// of their type, which every version assumes for absent ones. Lists and metadata are always written, because the reader takes absent ones for null.
/// </summary>
internal static class JobDocument
{
    public static void Write(Utf8JsonWriter json, Job job)
    {
        json.WriteStartObject();
        json.WriteStartObject("key"u8);
        json.WriteString("source"u8, job.Key.Source);
        json.WriteString("id"u8, job.Key.Id);
        json.WriteEndObject();
        json.WriteString("provider"u8, WireNames.Of(job.Provider));
        json.WriteString("origin"u8, NameOf(job.Origin));
        Write(json, job.Facts);
        json.Texts("metadata"u8, job.Metadata);
        json.WriteString("registeredAt"u8, job.RegisteredAt);
        json.WriteString("updatedAt"u8, job.UpdatedAt);
        json.Time("settledAt"u8, job.SettledAt);
        json.Text("settledBy"u8, job.SettledBy is { } by ? WireNames.Of(by) : null);
        json.Time("notifiedAt"u8, job.NotifiedAt);
        json.Mark("givenUp"u8, job.IsExpired);
        json.WriteNumber("version"u8, job.Version);
        Write(json, job.Watch);
        json.Text("timeline"u8, job.Timeline == default ? null : job.Timeline.Text);
        json.Count("form"u8, job.Form);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, JobFacts facts)
    {
        json.WriteStartObject("facts"u8);
        json.Text("bucket"u8, facts.Bucket);
        json.Text("key"u8, facts.Key);
        json.Text("pipeline"u8, facts.Pipeline);
        json.Text("requestId"u8, facts.RequestId);
        json.Text("taskFrom"u8, facts.TaskFrom);
        json.Flag("idle"u8, facts.Idle);
        json.Time("createdAt"u8, facts.CreatedAt);
        json.Member("progress"u8, facts.Progress);
        json.Mark("closed"u8, facts.Closed);
        json.Member("verdict"u8, facts.Verdict);
        json.Text("delivery"u8, facts.Delivery == NotificationDelivery.Unknown ? null : WireNames.Of(facts.Delivery));
        json.WriteStartArray("items"u8);
        foreach (var item in facts.Items)
            Write(json, item);
        json.WriteEndArray();
        if (facts.Raw is { } raw)
        {
            json.WriteStartObject("raw"u8);
            json.Mark("closing"u8, raw.Closing);
            json.WriteString("json"u8, raw.Json);
            json.WriteEndObject();
        }

        json.Mark("concluded"u8, facts.Concluded);
        json.Count("redaction"u8, facts.Redaction);
        json.Member("cut"u8, facts.Cut);
        json.Number("mostOutputs"u8, facts.MostOutputs);
        if (facts.CutCounts is { } counts)
        {
            json.WritePropertyName("cutCounts"u8);
            JsonSerializer.Serialize(json, counts, JobJsonContext.Written.JobCounts);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ItemFacts item)
    {
        json.WriteStartObject();
        json.WriteString("command"u8, item.Command);
        json.Count("occurrence"u8, item.Occurrence);
        json.Number("position"u8, item.Position);
        json.Mark("isOneOfEquals"u8, item.IsOneOfEquals);
        json.WriteString("state"u8, WireNames.Of(item.State));
        json.Number("code"u8, item.Code);
        json.Text("description"u8, item.Description);
        json.Text("error"u8, item.Error);
        json.Mark("errorCut"u8, item.ErrorCut);
        json.Number("errorIndex"u8, item.ErrorIndex);
        json.Flag("reusedOldOutput"u8, item.ReusedOldOutput);
        json.Text("result"u8, item.Result);
        if (item.ResultCut is { } cut)
        {
            json.WritePropertyName("resultCut"u8);
            JsonSerializer.Serialize(json, cut, JobJsonContext.Written.ResultCut);
        }

        if (item.Input is { } input)
        {
            json.WriteStartObject("input"u8);
            json.Text("bucket"u8, input.Bucket);
            json.WriteString("key"u8, input.Key);
            json.WriteEndObject();
        }

        json.WriteStartArray("outputs"u8);
        foreach (var output in item.Outputs)
            Write(json, output);
        json.WriteEndArray();
        json.Mark("outputsCut"u8, item.OutputsCut);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, OutputFacts output)
    {
        json.WriteStartObject();
        json.Text("bucket"u8, output.Bucket);
        json.Text("key"u8, output.Key);
        json.Text("hash"u8, output.Hash);
        json.Text("url"u8, output.Url);
        json.Number("size"u8, output.Size);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Watch watch)
    {
        json.WriteStartObject("watch"u8);
        json.Time("dueAt"u8, watch.DueAt);
        json.Text("reason"u8, watch.StoredReason);
        json.WriteString("startedAt"u8, watch.StartedAt);
        json.WriteString("deadline"u8, watch.Deadline);
        json.Count("polls"u8, watch.Polls);
        json.Count("earlierPolls"u8, watch.EarlierPolls);
        json.Time("doubtedAt"u8, watch.DoubtedAt);
        json.Count("notFound"u8, watch.NotFound);
        json.Time("lastPolledAt"u8, watch.LastPolledAt);
        json.Member("lastAnswer"u8, watch.LastAnswer);
        json.Text("lastAnswerInWords"u8, watch.LastAnswerInWords);
        json.Mark("hintedWhileDue"u8, watch.HintedWhileDue);
        json.Mark("isWorkflow"u8, watch.IsWorkflow);
        json.Time("ageKnownTo"u8, watch.AgeKnownTo);
        json.Mark("isAgeCounted"u8, watch.IsAgeCounted);
        json.Time("overdueAt"u8, watch.OverdueAt);
        json.Mark("stopped"u8, watch.StoredStopped);
        json.WriteEndObject();
    }

    private static void Member<T>(this Utf8JsonWriter json, ReadOnlySpan<byte> name, T value)
        where T : struct, Enum
    {
        if (!EqualityComparer<T>.Default.Equals(value, default))
            json.WriteString(name, NameOf(value));
    }

    private static void Count(this Utf8JsonWriter json, ReadOnlySpan<byte> name, int value)
    {
        if (value != 0)
            json.WriteNumber(name, value);
    }

    // These names have always been written in C# spelling.
    private static string NameOf<T>(T value)
        where T : struct, Enum => Enum.GetName(value) ?? throw new JsonException($"{value} is no {typeof(T).Name}.");
}

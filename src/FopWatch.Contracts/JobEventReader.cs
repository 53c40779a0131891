using System.Text.Json;

namespace FopWatch.Contracts;

/// <summary>Reads events from bodies that anybody may have written.</summary>
internal static class JobEventReader
{
    private const int MaxReason = 512;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The event, or why there is none.</summary>
    public static (JobEvent? Event, string? Reason) Read(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith(ByteOrderMark))
            body = body.Slice(ByteOrderMark.Length);

        try
        {
            // The envelope first: of another event, it is its type that is worth telling, not what its data lacks.
            if (WrongEnvelope(body) is { } envelope)
                return (null, Short(envelope));

            var read = JsonSerializer.Deserialize(body, ContractsJson.Default.JobEvent)!;
            return Wrong(read) is { } wrong ? (null, Short(wrong)) : (read, null);
        }
        catch (JsonException e)
        {
            // The serializer names the path itself, unless a converter has said what is wrong.
            return (null, Short(e.Path is null || e.Message.Contains("Path: ") ? e.Message : $"{e.Path}: {e.Message}"));
        }
        catch (InvalidOperationException)
        {
            // The reader looks into a text only when it is asked for it.
            return (null, "A name or a text in the envelope is no Unicode.");
        }
    }

    private static string? WrongEnvelope(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return "The body is no JSON object.";

        string? version = null, type = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isVersion = reader.ValueTextEquals("specversion"u8);
            var isType = reader.ValueTextEquals("type"u8);
            reader.Read();
            if (isVersion)
                version = TextOf(ref reader);
            else if (isType)
                type = TextOf(ref reader);
            else
                reader.Skip();
        }

        if (version is null)
            return "The body is no CloudEvents event in structured mode: 'specversion' is missing or no text.";
        if (version != "1.0")
            return $"The version of CloudEvents is '{version}', not 1.0.";
        if (type is null)
            return "'type' is missing or no text.";
        return type is JobEvent.ProgressedType or JobEvent.SettledType ? null : $"The type of the event is '{type}', which this version does not know.";
    }

    private static string? TextOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        return reader.GetString();
    }

    /// <summary>What the serializer does not look at: a null where none may be, and who the event is about.</summary>
    private static string? Wrong(JobEvent read)
    {
        if (string.IsNullOrEmpty(read.Id))
            return "'id' is empty.";
        if (!read.DataContentType.StartsWith("application/json", StringComparison.OrdinalIgnoreCase))
            return "'datacontenttype' is not application/json.";
        if (read.Data is not { } job)
            return "'data' is null.";
        if (string.IsNullOrEmpty(job.Source) || string.IsNullOrEmpty(job.Id))
            return "The source or the id of the job is empty.";
        if (read.Source != JobEvent.SourcePrefix + job.Source)
            return "'source' is not the source of the job.";
        if (read.Subject != job.Id)
            return "'subject' is not the id of the job.";
        if (job.Counts is null)
            return "'data.counts' is null.";
        if (job.Items.Any(item => item?.Command is null || item.Outputs.Contains(null!)))
            return "In 'data.items', something is null that must not be.";
        return job.Metadata?.Values.Contains(null!) == true ? "In 'data.metadata', a value is null." : null;
    }

    private static string Short(string reason) => reason.Length <= MaxReason ? reason : reason.Substring(0, MaxReason - 1) + "…";
}

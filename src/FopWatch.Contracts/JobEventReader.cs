using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FopWatch.Contracts;

/// <summary>Reads events from bodies that anybody may have written.</summary>
internal static class JobEventReader
{
    private const int MaxReason = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The event that a text holds, or the reason why it holds none.</summary>
    public static (JobEvent? Event, string? Reason) Read(string? json)
    {
        if (json is null)
            return (null, "There is no text.");

        try
        {
            return Read(StrictUtf8.GetBytes(json));
        }
        catch (EncoderFallbackException)
        {
            return (null, "The text is not valid Unicode: it has half of a surrogate pair.");
        }
    }

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
            return (null, Short(Explain(e, body)));
        }
        catch (InvalidOperationException)
        {
            // The reader looks into a text only when it is asked for it.
            return (null, "A name or a text is not valid Unicode.");
        }
    }

    private static string? WrongEnvelope(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            return "The body is not a JSON object.";

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

        // Throws where anything follows the object.
        reader.Read();
        if (version is null)
            return "The body is not a CloudEvents event in structured mode: 'specversion' is missing or not a string.";
        if (version != "1.0")
            return $"The version of CloudEvents is '{version}', not 1.0.";
        if (type is null)
            return "'type' is missing or not a string.";
        return type is JobEvent.ProgressedType or JobEvent.OverdueType or JobEvent.SettledType ? null : $"The type of the event is '{type}', which this version does not know.";
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
        if (job.Items.Any(item => item?.Command is null || item.Outputs.Contains(null!) || item.Truncated?.Any(gone => gone?.At is null) == true))
            return "In 'data.items', something is null that must not be.";
        foreach (var item in job.Items)
        {
            if (item.Result is { } result)
                ReadTexts(result);
        }

        return job.Metadata?.Values.Contains(null!) == true ? "In 'data.metadata', a value is null." : null;
    }

    /// <summary>Reads every name and text of a value, which cannot be written again if one is not valid Unicode.</summary>
    /// <exception cref="InvalidOperationException">One is not.</exception>
    private static void ReadTexts(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var member in value.EnumerateObject())
                {
                    _ = member.Name;
                    ReadTexts(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var element in value.EnumerateArray())
                    ReadTexts(element);
                break;
            case JsonValueKind.String:
                _ = value.GetString();
                break;
        }
    }

    /// <summary>A failure of the serializer in words. Its own messages name types of this library.</summary>
    private static string Explain(JsonException failure, ReadOnlySpan<byte> body)
    {
        if (failure.Path is not { } path)
        {
            return failure is { LineNumber: { } line, BytePositionInLine: { } position }
                ? string.Format(CultureInfo.InvariantCulture, "The body cannot be read as JSON (line {0}, byte {1}).", line + 1, position + 1)
                : "The body cannot be read as JSON.";
        }

        if (failure is UnreadableValueException)
            return $"{path}: {failure.Message}";
        return RequiredMembers.FirstMissing(body, path) is { } missing
            ? $"{path}: '{missing}' is missing."
            : $"{path}: the value has the wrong type, or is not valid Unicode.";
    }

    private static string Short(string reason) => reason.Length <= MaxReason ? reason : reason.Substring(0, MaxReason - 1) + "…";
}

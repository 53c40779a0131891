using System.Globalization;
using System.Text;
using System.Text.Json;

namespace FopWatch.Contracts;

/// <summary>Reads events from untrusted bodies.</summary>
internal static class JobEventReader
{
    private const int MaxReason = 512;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>Reads an event from text. Returns the event, or the reason why the text is not one.</summary>
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

    /// <summary>Reads an event from a body. Returns the event, or the reason why the body is not one.</summary>
    public static (JobEvent? Event, string? Reason) Read(ReadOnlySpan<byte> body)
    {
        if (body.StartsWith(ByteOrderMark))
            body = body.Slice(ByteOrderMark.Length);

        try
        {
            // The envelope is checked first, so that the reason for an event of another kind is its type and not a member that its data lacks.
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
            // The reader validates a string only when the string is read.
            return (null, "A name or a string is not valid Unicode.");
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

        // Throws if anything follows the object.
        reader.Read();
        if (version is null)
            return "The body is not a CloudEvents event in structured mode: 'specversion' is missing or not a string.";
        if (version != "1.0")
            return $"The CloudEvents version is '{version}', not 1.0.";
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

    /// <summary>Checks what the serializer does not: nulls, and that the event and its job match.</summary>
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
            return "'source' does not match the source of the job.";
        if (read.Subject != job.Id)
            return "'subject' does not match the id of the job.";
        if (job.Counts is null)
            return "'data.counts' is null.";
        if (job.Items.Any(item => item?.Command is null || item.Outputs.Contains(null!) || item.Truncated?.Any(gone => gone?.At is null) == true))
            return "'data.items' has a null that is not allowed.";
        foreach (var item in job.Items)
        {
            if (item.Result is { } result)
                ReadTexts(result);
        }

        return job.Metadata?.Values.Contains(null!) == true ? "A value in 'data.metadata' is null." : null;
    }

    /// <summary>Reads every name and string in a value. A value with an invalid one could not be serialized again.</summary>
    /// <exception cref="InvalidOperationException">A name or a string is not valid Unicode.</exception>
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

    /// <summary>Explains a failure of the serializer. Its own messages name types of this library.</summary>
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

    // Half a surrogate pair is no text.
    private static string Short(string reason) => reason.Length <= MaxReason ? reason
        : reason.Substring(0, char.IsHighSurrogate(reason[MaxReason - 2]) ? MaxReason - 2 : MaxReason - 1) + "…";
}

using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Webhooks;

/// <summary>Reads only the state of the job from the body of an event.</summary>
internal static class EventState
{
    /// <summary>The state; null if it is absent or unknown to this version.</summary>
    public static JobState? Of(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        return Enter(ref reader, "data"u8) && reader.TokenType == JsonTokenType.StartObject
            && Enter(ref reader, "state"u8, isInside: true) && reader.TokenType == JsonTokenType.String
            && WireNames.TryParse<JobState>(reader.GetString(), out var state)
            ? state
            : null;
    }

    private static bool Enter(ref Utf8JsonReader reader, ReadOnlySpan<byte> name, bool isInside = false)
    {
        if (!isInside && !(reader.Read() && reader.TokenType == JsonTokenType.StartObject))
            return false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isIt = reader.ValueTextEquals(name);
            reader.Read();
            if (isIt)
                return true;
            reader.Skip();
        }

        return false;
    }
}

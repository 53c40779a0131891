using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Webhooks;

/// <summary>Reads the state of the job from the body of an event, and nothing else of it.</summary>
internal static class EventState
{
    /// <summary>The state; null if there is none that this version knows.</summary>
    public static JobState? Of(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        return Enter(ref reader, "data"u8) && reader.TokenType == JsonTokenType.StartObject
            && Enter(ref reader, "state"u8, isInside: true) && reader.TokenType == JsonTokenType.String
            && WireNames.TryParse<JobState>(reader.GetString(), out var state)
            ? state
            : null;
    }

    /// <summary>Goes to the value of a member of an object.</summary>
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

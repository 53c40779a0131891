using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Subscriber;

internal static class EventBody
{
    public static bool TryParse(ReadOnlyMemory<byte> body, [NotNullWhen(true)] out JobEvent? parsed, [NotNullWhen(false)] out string? reason)
    {
        try
        {
            (parsed, reason) = (JsonSerializer.Deserialize(body.Span, ContractsJson.Default.JobEvent), null);
        }
        catch (JsonException e)
        {
            (parsed, reason) = (null, e.Message);
        }

        reason ??= parsed is null ? "The body is null." : null;
        return parsed is not null;
    }
}

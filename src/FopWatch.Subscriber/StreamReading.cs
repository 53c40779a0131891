using System.Runtime.CompilerServices;
using System.Text;

namespace FopWatch.Subscriber;

/// <summary>A server-sent event, or only a position in the stream.</summary>
/// <param name="Type">The type of the event.</param>
/// <param name="Data">The data; null for a position without an event.</param>
/// <param name="Id">The position with which to reconnect; null if the stream has sent none.</param>
internal sealed record StreamedEvent(string Type, string? Data, string? Id);

/// <summary>Reads server-sent events, as defined in the HTML standard.</summary>
internal static class StreamReading
{
    /// <summary>The events of a stream, up to its end.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="silence">How long a line may take to arrive.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Ends the stream with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="TimeoutException">No line arrived in time.</exception>
    public static async IAsyncEnumerable<StreamedEvent> ReadAsync(
        Stream stream, TimeSpan silence, TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(stream, Encoding.UTF8);
        var (type, id, data) = ("", (string?)null, (StringBuilder?)null);
        while (await LineAsync(reader, silence, time, cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                if (data is not null || id is not null)
                    yield return new(type, data?.ToString(), id);
                (type, data) = ("", null);
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var (field, value) = colon < 0 ? (line, "") : (line[..colon], line[(colon + 1)..]);
            value = value.StartsWith(' ') ? value[1..] : value;
            switch (field)
            {
                case "event":
                    type = value;
                    break;
                case "id" when StreamPosition.IsOne(value):
                    id = value;
                    break;
                case "data":
                    data = data is null ? new(value) : data.Append('\n').Append(value);
                    break;
            }
        }
    }

    private static async Task<string?> LineAsync(StreamReader reader, TimeSpan silence, TimeProvider time, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        try
        {
            return await reader.ReadLineAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException();
        }
    }
}

using System.Globalization;
using System.Text.Json;
using ModelContextProtocol.Protocol;

namespace FopWatch.Local.CommandLine.Mcp;

/// <summary>The requests of an assistant that are not answered. Thread-safe.</summary>
internal sealed class OpenRequests
{
    private readonly Lock _lock = new();

    // An id that is used twice gets two answers.
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private TaskCompletionSource? _waiting;
    private bool _isForgotten;

    /// <summary>Ends once every request that was noted so far is answered.</summary>
    public Task Answered
    {
        get
        {
            lock (_lock)
            {
                if (_open.Count == 0 || _isForgotten)
                    return Task.CompletedTask;
                _waiting ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
                return _waiting.Task;
            }
        }
    }

    /// <summary>Notes a message of the assistant.</summary>
    public void Asked(ReadOnlyMemory<byte> message)
    {
        if (Read(message) is not { } read)
            return;
        using (read)
        {
            var root = read.RootElement;
            if (MethodOf(root) is not { } method)
                return;
            lock (_lock)
            {
                // Only a cancellation ends a subscription.
                if (IdOf(root, "id") is { } id && method != RequestMethods.SubscriptionsListen)
                    _open[id] = _open.GetValueOrDefault(id) + 1;
                else if (method == NotificationMethods.CancelledNotification && root.TryGetProperty("params", out var given) && IdOf(given, "requestId") is { } cancelled)
                    Close(cancelled);
            }
        }
    }

    /// <summary>Notes a message of the server.</summary>
    public void Told(ReadOnlyMemory<byte> message)
    {
        if (Read(message) is not { } read)
            return;
        using (read)
        {
            if (MethodOf(read.RootElement) is null && IdOf(read.RootElement, "id") is { } id)
            {
                lock (_lock)
                    Close(id);
            }
        }
    }

    /// <summary>No answer is expected any more.</summary>
    public void Forget()
    {
        lock (_lock)
        {
            _isForgotten = true;
            _waiting?.TrySetResult();
        }
    }

    private void Close(string id)
    {
        if (!_open.TryGetValue(id, out var count))
            return;
        if (count > 1)
            _open[id] = count - 1;
        else
            _open.Remove(id);
        if (_open.Count == 0)
            _waiting?.TrySetResult();
    }

    private static JsonDocument? Read(ReadOnlyMemory<byte> message)
    {
        try
        {
            return JsonDocument.Parse(message);
        }
        catch (JsonException)
        {
            // The server deals with it.
            return null;
        }
    }

    private static string? MethodOf(JsonElement message) =>
        message.ValueKind == JsonValueKind.Object && message.TryGetProperty("method", out var method) && method.ValueKind == JsonValueKind.String ? method.GetString() : null;

    /// <summary>An id, so that 1 and "1" differ.</summary>
    private static string? IdOf(JsonElement element, string name) =>
        element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var id) ? null
        : id.ValueKind == JsonValueKind.String ? $"'{id.GetString()}"
        : id.ValueKind == JsonValueKind.Number && id.TryGetInt64(out var number) ? number.ToString(CultureInfo.InvariantCulture)
        : null;
}

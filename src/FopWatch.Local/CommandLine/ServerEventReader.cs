using System.Text;

namespace FopWatch.Local.CommandLine;

/// <summary>One server-sent event.</summary>
/// <param name="Type">Its type; <c>message</c> where none is given.</param>
/// <param name="Data">Its data.</param>
internal sealed record ServerEvent(string Type, string Data);

/// <summary>Reads a stream of server-sent events, as the HTML standard has them.</summary>
internal sealed class ServerEventReader : IDisposable
{
    /// <summary>The host shows a sign of life every 15 seconds; a connection without one for so long is dead.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    private readonly IDisposable? _owner;
    private readonly StreamReader _lines;
    private readonly CancellationTokenSource _silence;
    private string? _id;

    /// <param name="stream">The stream.</param>
    /// <param name="owner">What is to be disposed of with it.</param>
    /// <param name="time">The clock.</param>
    public ServerEventReader(Stream stream, IDisposable? owner, TimeProvider time)
    {
        (_owner, _lines) = (owner, new(stream, Encoding.UTF8));
        _silence = new(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>The id of the last event: what to reconnect with; null as long as none was given.</summary>
    public string? LastId { get; private set; }

    /// <summary>Reads the next event; null at the end of the stream. What the stream breaks off in is no event.</summary>
    /// <exception cref="HostUnreachableException">The connection is lost.</exception>
    public async Task<ServerEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, cancellationToken);
        string? type = null;
        StringBuilder? data = null;
        while (await ReadLineAsync(either.Token, cancellationToken) is { } line)
        {
            if (line.Length == 0)
            {
                // An id without data is a place in the stream, and no event.
                LastId = _id;
                if (data is not null)
                    return new(type is null or "" ? "message" : type, data.ToString());
                type = null;
                continue;
            }

            var colon = line.IndexOf(':', StringComparison.Ordinal);
            var field = colon < 0 ? line : line[..colon];
            var value = colon < 0 ? "" : line[(colon + 1)..];
            if (value.StartsWith(' '))
                value = value[1..];
            switch (field)
            {
                case "event":
                    type = value;
                    break;
                case "data":
                    data = data is null ? new(value) : data.Append('\n').Append(value);
                    break;
                case "id" when !value.Contains('\0', StringComparison.Ordinal):
                    _id = value.Length == 0 ? null : value;
                    break;
            }
        }

        return null;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _owner?.Dispose();
        _silence.Dispose();
    }

    private async Task<string?> ReadLineAsync(CancellationToken either, CancellationToken cancellationToken)
    {
        try
        {
            _silence.CancelAfter(Silence);
            return await _lines.ReadLineAsync(either);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HostUnreachableException("the host fell silent");
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new HostUnreachableException("the connection was lost", e);
        }
    }
}

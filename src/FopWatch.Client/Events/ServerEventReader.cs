using System.Text;

namespace FopWatch.Client.Events;

/// <summary>A server-sent event, or a position in the stream without an event.</summary>
/// <param name="Type">The type; <c>message</c> if none is given.</param>
/// <param name="Data">The data; null if only the position is new.</param>
internal sealed record ServerEvent(string Type, string? Data);

/// <summary>Reads a stream of server-sent events, as defined in the HTML standard.</summary>
internal sealed class ServerEventReader : IDisposable
{
    /// <summary>The host sends a heartbeat every 15 seconds. A connection without one for this long is dead.</summary>
    public static readonly TimeSpan Silence = TimeSpan.FromSeconds(45);

    private readonly IDisposable? _owner;
    private readonly StreamReader _text;
    private readonly CancellationTokenSource _silence;
    private readonly long _limit;
    private readonly char[] _buffer = new char[8192];
    private readonly StringBuilder _line = new();
    private int _at;
    private int _filled;
    private bool _afterReturn;
    private string? _id;

    /// <param name="stream">The stream.</param>
    /// <param name="owner">Disposed with the stream.</param>
    /// <param name="time">The clock.</param>
    /// <param name="limit">The most characters of an event.</param>
    public ServerEventReader(Stream stream, IDisposable? owner, TimeProvider time, long limit)
    {
        (_owner, _text, _limit) = (owner, new(stream, Encoding.UTF8), limit);
        _silence = new(Timeout.InfiniteTimeSpan, time);
    }

    /// <summary>The id of the last event, with which to reconnect; null if none has been received.</summary>
    public string? LastId { get; private set; }

    /// <summary>Reads the next event or position; null at the end of the stream. An incomplete event at the end is dropped.</summary>
    /// <exception cref="FopWatchUnreachableException">The connection is lost, or an event is too long.</exception>
    public async Task<ServerEvent?> ReadAsync(CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(_silence.Token, cancellationToken);
        string? type = null;
        StringBuilder? data = null;
        while (await ReadLineAsync(data?.Length ?? 0, either.Token, cancellationToken).ConfigureAwait(false) is { } line)
        {
            if (line.Length == 0)
            {
                // An id without data is a position in the stream, not an event.
                var moved = LastId != _id;
                LastId = _id;
                if (data is not null || moved)
                    return new(type is null or "" ? "message" : type, data?.ToString());
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
        _text.Dispose();
        _owner?.Dispose();
        _silence.Dispose();
    }

    /// <summary>The next complete line, without its line break; null at the end of the stream.</summary>
    private async ValueTask<string?> ReadLineAsync(int before, CancellationToken either, CancellationToken cancellationToken)
    {
        _line.Clear();
        while (true)
        {
            if (_at == _filled)
            {
                (_at, _filled) = (0, await FillAsync(either, cancellationToken).ConfigureAwait(false));
                if (_filled == 0)
                    return null;
            }

            if (_afterReturn)
            {
                _afterReturn = false;
                if (_buffer[_at] == '\n')
                {
                    _at++;
                    continue;
                }
            }

            var length = _buffer.AsSpan(_at, _filled - _at).IndexOfAny('\r', '\n');
            _line.Append(_buffer, _at, length < 0 ? _filled - _at : length);
            if (_line.Length + (long)before > _limit)
                throw new FopWatchUnreachableException("An event is longer than any event of FopWatch.");
            if (length < 0)
            {
                _at = _filled;
                continue;
            }

            _afterReturn = _buffer[_at + length] == '\r';
            _at += length + 1;
            return _line.ToString();
        }
    }

    private async ValueTask<int> FillAsync(CancellationToken either, CancellationToken cancellationToken)
    {
        try
        {
            _silence.CancelAfter(Silence);
            return await _text.ReadAsync(_buffer, either).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FopWatchUnreachableException("The host stopped sending.") { IsTransient = true };
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new FopWatchUnreachableException("The connection was lost.", null, e) { IsTransient = true };
        }
    }
}

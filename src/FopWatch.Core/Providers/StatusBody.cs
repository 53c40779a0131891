namespace FopWatch.Providers;

/// <summary>Reads the bodies of answers up to a limit, large ones within a bound on memory.</summary>
/// <param name="room">The room for large ones.</param>
/// <param name="limit">The longest that is read, in bytes.</param>
internal sealed class StatusBody(AnswerRoom room, int limit)
{
    private const int AtOnce = 16 * 1024;

    /// <summary>Reads a body.</summary>
    /// <param name="source">The source whose API answers.</param>
    /// <param name="content">The body.</param>
    /// <param name="deadline">When the answer has to be here. The time that it waits for room does not count.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>What was read; without bytes if the body is longer than the limit.</returns>
    public async Task<ReadAnswer> ReadAsync(string source, HttpContent content, AnswerDeadline deadline, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > limit)
            return new(null, null);

        // Memory grows with what comes, and one byte beyond what may come tells that it is too long.
        var most = (int)(content.Headers.ContentLength ?? limit) + 1;
        var (body, length) = (new byte[Math.Min(AtOnce, most)], 0);
        IDisposable? place = null;
        try
        {
            await using var stream = await content.ReadAsStreamAsync(deadline.Token);
            while (true)
            {
                if (length == body.Length)
                {
                    if (place is null && 2 * length > AnswerRoom.Ordinary)
                        place = await deadline.SuspendAsync(() => room.EnterAsync(source, cancellationToken));
                    Array.Resize(ref body, Math.Min(2 * length, most));
                }

                var read = await stream.ReadAsync(body.AsMemory(length), deadline.Token);
                if (read == 0)
                {
                    var answer = new ReadAnswer(body.AsMemory(0, length), place);
                    place = null;
                    return answer;
                }

                length += read;
                if (length > limit)
                    return new(null, null);
            }
        }
        finally
        {
            place?.Dispose();
        }
    }
}

/// <summary>A body that was read, and the room that it takes.</summary>
/// <param name="Body">The bytes; null if there are too many.</param>
/// <param name="Place">The room; null if it needs none.</param>
internal readonly record struct ReadAnswer(ReadOnlyMemory<byte>? Body, IDisposable? Place) : IDisposable
{
    public void Dispose() => Place?.Dispose();
}

/// <summary>The time by which an answer has to be here.</summary>
internal sealed class AnswerDeadline : IDisposable
{
    private readonly CancellationTokenSource _timeout;
    private readonly CancellationTokenSource _either;
    private readonly TimeProvider _time;
    private readonly TimeSpan _after;
    private readonly long _began;
    private TimeSpan _suspended;

    public AnswerDeadline(TimeSpan after, TimeProvider time, CancellationToken cancellationToken)
    {
        (_after, _time, _began) = (after, time, time.GetTimestamp());
        _timeout = new(after, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _timeout.Token);
    }

    /// <summary>Is cancelled at that time, and where the caller gives up.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Waits for something that is not the answer's fault.</summary>
    public async ValueTask<T> SuspendAsync<T>(Func<ValueTask<T>> wait)
    {
        _timeout.CancelAfter(Timeout.InfiniteTimeSpan);
        var since = _time.GetTimestamp();
        try
        {
            return await wait();
        }
        finally
        {
            _suspended += _time.GetElapsedTime(since);
            var left = _after + _suspended - _time.GetElapsedTime(_began);
            _timeout.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    public void Dispose()
    {
        _either.Dispose();
        _timeout.Dispose();
    }
}

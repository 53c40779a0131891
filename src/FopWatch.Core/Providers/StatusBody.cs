namespace FopWatch.Providers;

/// <summary>Reads the bodies of answers up to a limit, and bounds the memory of large ones.</summary>
/// <param name="room">The room for large bodies.</param>
/// <param name="limit">The longest body that is read, in bytes.</param>
internal sealed class StatusBody(AnswerRoom room, int limit)
{
    private const int AtOnce = 16 * 1024;

    /// <summary>Reads a body.</summary>
    /// <param name="source">The source whose API answers.</param>
    /// <param name="content">The body.</param>
    /// <param name="deadline">The deadline of the answer. Waiting for room does not count.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>The body; without bytes if it is longer than the limit.</returns>
    public async Task<ReadAnswer> ReadAsync(string source, HttpContent content, AnswerDeadline deadline, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > limit)
            return new(null, null);

        // The buffer grows with the received bytes. One byte beyond the limit shows that the body is too long.
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

/// <summary>A body and its place in the room.</summary>
/// <param name="Body">The bytes; null if there are too many.</param>
/// <param name="Place">The place; null if it needs none.</param>
internal readonly record struct ReadAnswer(ReadOnlyMemory<byte>? Body, IDisposable? Place) : IDisposable
{
    public void Dispose() => Place?.Dispose();
}

/// <summary>The deadline of an answer, which can be suspended.</summary>
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

    /// <summary>Is cancelled at the deadline, and when the caller cancels.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>Waits without counting the time against the deadline.</summary>
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

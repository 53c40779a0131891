using System.Collections.Concurrent;
using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>
/// Decides when a poll of a source may be sent. <see cref="PollSlots"/> limits concurrent polls. If no slot is free, <see cref="Watching.Poller"/> postpones
/// the poll.
/// </summary>
/// <remarks>
/// It allows at most <see cref="Watching.PollSettings.PerSecond"/> polls of a source in any second, rounded up, and none while the source has asked to slow
/// down. Sources are identified by name, whatever changes of their settings; a pause ends with a change of the status API. A caller that stops waiting costs
/// the callers behind it nothing. Thread-safe.
/// </remarks>
/// <param name="time">The clock.</param>
/// <param name="shares">The share of this process in the limit; null for all of it.</param>
/// <param name="sources">The sources, if their settings can change while a poll waits; null if they cannot.</param>
public sealed class PollPacer(TimeProvider time, IPollShares? shares = null, Sources? sources = null)
{
    /// <summary>The first pause after a throttled poll without a given time. Each further pause is twice as long.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause after a throttled poll without a given time.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    // The time between two requests for a share of the limit.
    private static readonly TimeSpan ShareWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>
    /// Waits until the source may be polled, and counts the poll. Gives up if the source is paused for longer than <paramref name="longestPause"/>, or if other
    /// processes use its whole limit for that long.
    /// </summary>
    /// <returns>Null if the source may be polled. Otherwise the time until a retry, and no poll is counted.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; no poll is counted.</exception>
    /// <exception cref="SourceReplacedException">The source was replaced or removed meanwhile; no poll is counted.</exception>
    public async ValueTask<TimeSpan?> TryWaitAsync(Source source, TimeSpan longestPause, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var lane = LaneOf(source);
        if (lane.PauseLeft(source, time.GetTimestamp()) is var pause && pause > longestPause)
            return pause;

        // Callers wait one at a time, and the others queue behind. So a cancellation wastes no reservation.
        await lane.Turn.WaitAsync(cancellationToken);
        try
        {
            var since = time.GetTimestamp();
            while (true)
            {
                var replaced = sources?.Replaced ?? CancellationToken.None;
                if (sources is not null && sources.Find(source.Name) != source)
                    throw new SourceReplacedException(source.Name);
                var rate = PollRate.Of(source);
                var most = shares is null ? rate.Polls : await shares.TakeAsync(source, cancellationToken);
                var now = time.GetTimestamp();
                pause = lane.PauseLeft(source, now);
                if (pause > longestPause)
                    return pause;

                if (most == 0 && time.GetElapsedTime(since, now) >= longestPause)
                    return ShortestPause;
                var spacing = most == 0 ? ShareWait : lane.SpacingLeft(now, most, rate.Window);
                var wait = pause > spacing ? pause : spacing;
                if (wait <= TimeSpan.Zero)
                {
                    lane.Count(now, most);
                    return null;
                }

                // Timers round down to whole milliseconds and cannot wait for months.
                var milliseconds = Math.Min(Math.Ceiling(wait.TotalMilliseconds), LongestWait.TotalMilliseconds);
                await DelayAsync(TimeSpan.FromMilliseconds(milliseconds), replaced, cancellationToken);
            }
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    /// <summary>Pauses a source that asked to slow down: for the time that it gave, else for a time that grows with each request. A pause is never shortened.</summary>
    public void Throttled(Source source, TimeSpan? retryAfter) => LaneOf(source).Throttled(source, time.GetTimestamp(), retryAfter);

    /// <summary>Notes a normal answer of a source, after which the next pause is short again.</summary>
    public void Answered(Source source) => LaneOf(source).Answered(source, time.GetTimestamp());

    /// <summary>Waits for a time, or until settings are replaced.</summary>
    private async Task DelayAsync(TimeSpan wait, CancellationToken replaced, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(replaced, cancellationToken);
        try
        {
            await Task.Delay(wait, time, either.Token);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    private Lane LaneOf(Source source) => _lanes.GetOrAdd(source.Name, static (_, clock) => new(clock), time);

    private sealed class Lane(TimeProvider time)
    {
        private readonly Lock _lock = new();
        private readonly Queue<long> _polls = new();
        private long? _pausedUntil;
        private Uri? _pausedEndpoint;
        private TimeSpan _lastPause;

        public SemaphoreSlim Turn { get; } = new(1);

        public TimeSpan PauseLeft(Source source, long now)
        {
            lock (_lock)
                return IsPaused(source, now) ? time.GetElapsedTime(now, _pausedUntil!.Value) : TimeSpan.Zero;
        }

        public TimeSpan SpacingLeft(long now, int most, TimeSpan window)
        {
            lock (_lock)
            {
                while (_polls.Count > most)
                    _polls.Dequeue();
                return _polls.Count < most ? TimeSpan.Zero : window - time.GetElapsedTime(_polls.Peek(), now);
            }
        }

        public void Count(long now, int most)
        {
            lock (_lock)
            {
                if (_polls.Count >= most)
                    _polls.Dequeue();
                _polls.Enqueue(now);
            }
        }

        public void Throttled(Source source, long now, TimeSpan? retryAfter)
        {
            lock (_lock)
            {
                // Concurrent polls are throttled together, which counts once.
                var paused = IsPaused(source, now);
                if (!paused)
                    _lastPause = _lastPause == TimeSpan.Zero ? ShortestPause : _lastPause >= LongestPause / 2 ? LongestPause : _lastPause * 2;
                if (!paused || retryAfter is not null)
                    Pause(source, now, retryAfter ?? _lastPause);
            }
        }

        public void Answered(Source source, long now)
        {
            lock (_lock)
            {
                // An answer to a poll from before the pause says nothing about the time after it.
                if (!IsPaused(source, now))
                    _lastPause = TimeSpan.Zero;
            }
        }

        private bool IsPaused(Source source, long now) => _pausedUntil > now && _pausedEndpoint == source.StatusEndpoint;

        private void Pause(Source source, long now, TimeSpan length)
        {
            var until = now + (long)(Math.Clamp(length.TotalDays, 0, 365) * TimeSpan.FromDays(1).TotalSeconds * time.TimestampFrequency);
            if (_pausedUntil is not { } known || until > known || _pausedEndpoint != source.StatusEndpoint)
                (_pausedUntil, _pausedEndpoint) = (until, source.StatusEndpoint);
        }
    }
}

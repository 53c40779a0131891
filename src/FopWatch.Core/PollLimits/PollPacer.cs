using System.Collections.Concurrent;
using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>
/// Decides when a poll of a source may be sent. <see cref="PollSlots"/> decides how many may be under way at once.
/// </summary>
/// <remarks>
/// Sends at most <see cref="Watching.PollSettings.PerSecond"/> polls of a source in any second, rounded up, and none while the source asked us to slow down.
/// A source is known by its name. A caller that gives up waiting takes nothing from those behind it. Thread-safe.
/// </remarks>
/// <param name="time">The clock.</param>
/// <param name="shares">How much of the limit is this process's; null for all of it.</param>
public sealed class PollPacer(TimeProvider time, IPollShares? shares = null)
{
    /// <summary>The first pause after a throttled poll that names no time; each further one is twice as long.</summary>
    public static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5);

    /// <summary>The longest pause after a throttled poll that names no time.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(60);

    /// <summary>How long who waits for a share of the limit waits before asking for one again.</summary>
    private static readonly TimeSpan ShareWait = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly ConcurrentDictionary<string, Lane> _lanes = new(StringComparer.Ordinal);

    /// <summary>
    /// Waits until the source may be asked, and counts that as a poll; unless the source is paused for longer than <paramref name="longestPause"/>, or other
    /// processes have its whole limit for that long.
    /// </summary>
    /// <returns>Null when the source may be asked, or how long to wait before trying again; then no poll is counted.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled; no poll is counted.</exception>
    public async ValueTask<TimeSpan?> TryWaitAsync(Source source, TimeSpan longestPause, CancellationToken cancellationToken)
    {
        var lane = LaneOf(source);
        if (lane.PauseLeft(time.GetTimestamp()) is var pause && pause > longestPause)
            return pause;

        // One at a time works out its wait, the others queue behind it: so nothing is reserved that a cancellation would waste.
        await lane.Turn.WaitAsync(cancellationToken);
        try
        {
            var since = time.GetTimestamp();
            while (true)
            {
                var rate = PollRate.Of(source);
                var most = shares is null ? rate.Polls : await shares.TakeAsync(source, cancellationToken);
                var now = time.GetTimestamp();
                pause = lane.PauseLeft(now);
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

                // Timers count whole milliseconds, round down, and cannot wait for months.
                var milliseconds = Math.Min(Math.Ceiling(wait.TotalMilliseconds), LongestWait.TotalMilliseconds);
                await Task.Delay(TimeSpan.FromMilliseconds(milliseconds), time, cancellationToken);
            }
        }
        finally
        {
            lane.Turn.Release();
        }
    }

    /// <summary>The source asked us to slow down: pauses it for as long as it said, or longer each time if it did not say. A pause is never shortened.</summary>
    public void Throttled(Source source, TimeSpan? retryAfter) => LaneOf(source).Throttled(time.GetTimestamp(), retryAfter);

    /// <summary>The source answered as it should: the next pause is a short one again.</summary>
    public void Answered(Source source) => LaneOf(source).Answered(time.GetTimestamp());

    private Lane LaneOf(Source source) => _lanes.GetOrAdd(source.Name, static (_, clock) => new(clock), time);

    private sealed class Lane(TimeProvider time)
    {
        private readonly Lock _lock = new();
        private readonly Queue<long> _polls = new();
        private long? _pausedUntil;
        private TimeSpan _lastPause;

        public SemaphoreSlim Turn { get; } = new(1);

        public TimeSpan PauseLeft(long now)
        {
            lock (_lock)
                return _pausedUntil is { } until && until > now ? time.GetElapsedTime(now, until) : TimeSpan.Zero;
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

        public void Throttled(long now, TimeSpan? retryAfter)
        {
            lock (_lock)
            {
                // Polls that were under way together are throttled together: that is one time, not several.
                var paused = _pausedUntil > now;
                if (!paused)
                    _lastPause = _lastPause == TimeSpan.Zero ? ShortestPause : _lastPause >= LongestPause / 2 ? LongestPause : _lastPause * 2;
                if (!paused || retryAfter is not null)
                    Pause(now, retryAfter ?? _lastPause);
            }
        }

        public void Answered(long now)
        {
            lock (_lock)
            {
                // An answer that was under way when the pause began says nothing about after it.
                if (!(_pausedUntil > now))
                    _lastPause = TimeSpan.Zero;
            }
        }

        private void Pause(long now, TimeSpan length)
        {
            var until = now + (long)(Math.Clamp(length.TotalDays, 0, 365) * TimeSpan.FromDays(1).TotalSeconds * time.TimestampFrequency);
            if (_pausedUntil is not { } known || until > known)
                _pausedUntil = until;
        }
    }
}

namespace FopWatch.Clocks;

/// <summary>
/// A clock that ignores short jumps of the system clock. It counts elapsed time, follows the system clock while the two differ by at most
/// <see cref="Tolerance"/>, and adopts a larger difference once it has lasted for <see cref="AdoptedAfter"/>. Thread-safe.
/// </summary>
/// <remarks>
/// The time of a service (<see cref="Observe"/>) takes precedence over the system clock. Timers and timestamps are those of the system clock's
/// provider: a jump does not change elapsed time.
/// </remarks>
/// <param name="clock">The system clock.</param>
public sealed class SteadyTime(TimeProvider clock) : TimeProvider
{
    /// <summary>The largest difference that is adopted at once.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>How long a larger difference must last unchanged before it is adopted.</summary>
    public static readonly TimeSpan AdoptedAfter = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How far the system clock may be behind the last written time at startup for the written time to count. A clock that was set to local time or to
    /// another time zone is less than a day behind. If it is further behind, the written time may be the wrong one.
    /// </summary>
    public static readonly TimeSpan LongestBehind = TimeSpan.FromDays(1);

    // An earlier time is wrong: this program did not exist. A machine without a clock battery starts in 1970.
    private static readonly DateTimeOffset Earliest = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private DateTimeOffset _utc = clock.GetUtcNow();
    private long _at = clock.GetTimestamp();
    private Difference? _ofSystem;
    private Difference? _ofService;
    private long? _observedAt;

    /// <summary>How far the system clock is ahead of this clock, negative if it is behind; null while this clock follows it.</summary>
    public TimeSpan? SystemAhead
    {
        get
        {
            lock (_lock)
            {
                Read();
                return _ofSystem?.Ahead;
            }
        }
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => clock.LocalTimeZone;

    /// <inheritdoc/>
    public override long TimestampFrequency => clock.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return Read();
    }

    /// <inheritdoc/>
    public override long GetTimestamp() => clock.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        clock.CreateTimer(callback, state, dueTime, period);

    /// <summary>Starts at the last time that an earlier process wrote, if the system clock is behind that time and the time is plausible.</summary>
    /// <param name="written">The last written time.</param>
    /// <returns>Whether the clock starts there.</returns>
    public bool StartFrom(DateTimeOffset written)
    {
        lock (_lock)
        {
            var system = clock.GetUtcNow();
            var behind = written - system;
            if (behind <= Tolerance || (behind > LongestBehind && system >= Earliest))
                return false;
            Set(written, clock.GetTimestamp());
            _ofSystem = null;
            return true;
        }
    }

    /// <summary>Takes the time of an answer from a service with a reliable clock. It counts once two consecutive answers agree, whatever the difference.</summary>
    /// <param name="now">The time in the answer, possibly in whole seconds.</param>
    public void Observe(DateTimeOffset now)
    {
        lock (_lock)
        {
            var (at, steady) = (clock.GetTimestamp(), Read());
            var ahead = now - steady;
            if (ahead.Duration() > Tolerance)
            {
                var before = _ofService;
                _ofService = new(ahead, at);
                if (before is null || !IsSame(before.Ahead, ahead))
                    return;
                Set(now, at);
            }

            (_ofService, _observedAt) = (null, at);
        }
    }

    private static bool IsSame(TimeSpan one, TimeSpan other) => (one - other).Duration() <= Tolerance;

    private DateTimeOffset Read()
    {
        var (at, system) = (clock.GetTimestamp(), clock.GetUtcNow());
        var steady = _utc + clock.GetElapsedTime(_at, at);
        var ahead = system - steady;
        if (ahead.Duration() <= Tolerance)
            return Adopt(system, at);

        if (_ofSystem is null || !IsSame(_ofSystem.Ahead, ahead))
            _ofSystem = new(ahead, at);
        var isContradicted = _observedAt is { } observed && clock.GetElapsedTime(observed, at) < AdoptedAfter;
        return isContradicted || clock.GetElapsedTime(_ofSystem.Since, at) < AdoptedAfter ? steady : Adopt(system, at);
    }

    private DateTimeOffset Adopt(DateTimeOffset system, long at)
    {
        _ofSystem = null;
        Set(system, at);
        return system;
    }

    private void Set(DateTimeOffset utc, long at) => (_utc, _at) = (utc, at);

    private sealed record Difference(TimeSpan Ahead, long Since);
}

namespace FopWatch.Clocks;

/// <summary>
/// A clock that a jump of the system clock does not move at once. It counts elapsed time, follows the system clock where the two differ by
/// at most <see cref="Tolerance"/>, and adopts a larger difference once it has lasted for <see cref="AdoptedAfter"/>. Thread-safe.
/// </summary>
/// <remarks>
/// Where a service tells the time (<see cref="Observe"/>), its time counts and not the system clock's. Timers and timestamps are those of the
/// system clock's provider, whose elapsed time no jump changes.
/// </remarks>
/// <param name="clock">The system clock.</param>
public sealed class SteadyTime(TimeProvider clock) : TimeProvider
{
    /// <summary>The largest difference that is adopted at once.</summary>
    public static readonly TimeSpan Tolerance = TimeSpan.FromSeconds(5);

    /// <summary>How long a larger difference has to last, and stay the same, before it is adopted.</summary>
    public static readonly TimeSpan AdoptedAfter = TimeSpan.FromMinutes(10);

    /// <summary>
    /// How far the system clock may be behind the last written time for that time to count at the start: a clock that was set to local time, or
    /// to the time zone of another place, is less than a day behind. If it is further behind, the written time may be the wrong one.
    /// </summary>
    public static readonly TimeSpan LongestBehind = TimeSpan.FromDays(1);

    // Before this program was written. A machine whose clock has no battery starts in 1970.
    private static readonly DateTimeOffset Earliest = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly Lock _lock = new();
    private DateTimeOffset _utc = clock.GetUtcNow();
    private long _at = clock.GetTimestamp();
    private Difference? _ofSystem;
    private Difference? _ofService;
    private long? _observedAt;

    /// <summary>How far the system clock is ahead of this one, negative if it is behind; null while this one follows it.</summary>
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

    /// <summary>Begins at the last time that an earlier process wrote, if the system clock is behind it and that time is plausible.</summary>
    /// <param name="written">The last written time.</param>
    /// <returns>Whether it begins there.</returns>
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

    /// <summary>A service that keeps the right time has answered. Its time counts once two answers in a row agree, however far it is from here.</summary>
    /// <param name="now">The time of its answer, of which it may tell whole seconds only.</param>
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

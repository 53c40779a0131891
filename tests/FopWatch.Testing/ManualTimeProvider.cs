namespace FopWatch.Testing;

/// <summary>
/// A clock that only <see cref="Advance"/> moves. Its timers fire inside <see cref="Advance"/>, on the caller's thread, each at its
/// due time and in the order of due times, so <c>Task.Delay(delay, clock)</c> and <c>new CancellationTokenSource(delay, clock)</c> work.
/// Thread-safe.
/// </summary>
public sealed class ManualTimeProvider : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly PriorityQueue<(ManualTimer Timer, int Arming), (DateTimeOffset Due, long Sequence)> _queue = new();
    private readonly List<(int Count, TaskCompletionSource Reached)> _waiters = [];
    private DateTimeOffset _now;
    private long _sequence;
    private int _pending;

    /// <param name="start">The start time; 2026-01-02 03:04:05 UTC if null.</param>
    public ManualTimeProvider(DateTimeOffset? start = null) =>
        _now = (start ?? new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero)).ToUniversalTime();

    /// <summary>The number of active timers: pending delays and timeouts.</summary>
    public int PendingTimers
    {
        get
        {
            lock (_lock)
                return _pending;
        }
    }

    /// <summary>How far the shown time is ahead of the elapsed time: simulates a clock that is wrong, or is set right.</summary>
    public TimeSpan Ahead { get; set; }

    private DateTimeOffset Elapsed
    {
        get
        {
            lock (_lock)
                return _now;
        }
    }

    /// <inheritdoc/>
    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    /// <inheritdoc/>
    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => Elapsed + Ahead;

    /// <inheritdoc/>
    public override long GetTimestamp() => Elapsed.Ticks;

    /// <summary>Advances the clock, and fires the timers that become due, including those set by callbacks.</summary>
    /// <param name="by">By how much; not negative.</param>
    public void Advance(TimeSpan by)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(by, TimeSpan.Zero);
        ElapseTo(Elapsed + by);
    }

    /// <summary>Advances the clock to a time like <see cref="Advance"/>; does nothing if that is past.</summary>
    public void AdvanceTo(DateTimeOffset until) => ElapseTo(until - Ahead);

    private void ElapseTo(DateTimeOffset until)
    {
        while (TakeDue(until) is { } timer)
            timer.Fire();
    }

    /// <summary>
    /// Completes once at least this many timers are active. A test uses it to wait, without sleeping, until the code under test waits for
    /// the clock.
    /// </summary>
    public Task UntilTimersAsync(int count, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (_pending >= count)
                return Task.CompletedTask;

            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiters.Add((count, reached));
            return reached.Task.WaitAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        ArgumentNullException.ThrowIfNull(callback);
        var timer = new ManualTimer(this, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }

    private ManualTimer? TakeDue(DateTimeOffset until)
    {
        lock (_lock)
        {
            while (_queue.TryPeek(out var next, out var priority) && priority.Due <= until)
            {
                _queue.Dequeue();
                if (next.Timer.Arming != next.Arming || !next.Timer.Armed)
                    continue;

                if (priority.Due > _now)
                    _now = priority.Due;
                Disarm(next.Timer);
                if (next.Timer.Period is { } period)
                    Arm(next.Timer, period);
                return next.Timer;
            }

            if (until > _now)
                _now = until;
            return null;
        }
    }

    private void Arm(ManualTimer timer, TimeSpan dueTime)
    {
        timer.Armed = true;
        timer.Arming++;
        _pending++;
        _queue.Enqueue((timer, timer.Arming), (_now + dueTime, _sequence++));
        foreach (var (_, reached) in _waiters.Where(waiter => waiter.Count <= _pending))
            reached.TrySetResult();
        _waiters.RemoveAll(waiter => waiter.Count <= _pending);
    }

    private void Disarm(ManualTimer timer)
    {
        if (timer.Armed)
            _pending--;
        timer.Armed = false;
    }

    private sealed class ManualTimer(ManualTimeProvider clock, TimerCallback callback, object? state) : ITimer
    {
        private bool _disposed;

        public bool Armed { get; set; }

        /// <summary>Incremented whenever the timer is set, so that a replaced one is recognised in the queue.</summary>
        public int Arming { get; set; }

        public TimeSpan? Period { get; private set; }

        public void Fire() => callback(state);

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._lock)
            {
                if (_disposed)
                    return false;

                clock.Disarm(this);
                Period = period > TimeSpan.Zero ? period : null;
                if (dueTime >= TimeSpan.Zero)
                    clock.Arm(this, dueTime);
                return true;
            }
        }

        public void Dispose()
        {
            lock (clock._lock)
            {
                clock.Disarm(this);
                _disposed = true;
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}

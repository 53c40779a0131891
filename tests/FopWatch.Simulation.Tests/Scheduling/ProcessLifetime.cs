namespace FopWatch.Simulation.Tests.Scheduling;

/// <summary>
/// One lifetime of a process: its work continues only as long as the lifetime. Afterwards whatever it awaits never completes, its timers
/// never fire, and its memory is lost.
/// </summary>
internal sealed class ProcessLifetime : SynchronizationContext
{
    private readonly Scheduler _scheduler;
    private readonly List<Action> _mourners = [];

    public ProcessLifetime(Scheduler scheduler, string name)
    {
        _scheduler = scheduler;
        Name = name;
        Clock = new(scheduler, this);
    }

    public string Name { get; }

    public bool IsOver { get; private set; }

    public ProcessClock Clock { get; }

    /// <summary>Ends it, like a crash.</summary>
    public void End()
    {
        if (IsOver)
            return;
        IsOver = true;
        _scheduler.Trace.Add(_scheduler.Now, Name, "crashes");
        foreach (var mourner in _mourners)
            mourner();
        _mourners.Clear();
    }

    /// <summary>Registers an action for its end. The action may only complete what others await.</summary>
    public void WhenOver(Action action)
    {
        if (IsOver)
            action();
        else
            _mourners.Add(action);
    }

    /// <summary>What callers await after their process has crashed.</summary>
    public static Task Never() => new TaskCompletionSource().Task;

    public override void Post(SendOrPostCallback d, object? state) => _scheduler.Enqueue(this, d, state);

    public override void Send(SendOrPostCallback d, object? state) => throw new NotSupportedException();

    public override SynchronizationContext CreateCopy() => this;
}

/// <summary>The clock of a process lifetime. It may be wrong and may jump; durations do not depend on it.</summary>
internal sealed class ProcessClock(Scheduler scheduler, ProcessLifetime lifetime) : TimeProvider
{
    /// <summary>How far it is ahead of the true time.</summary>
    public TimeSpan Offset { get; set; }

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => scheduler.Now + Offset;

    public override long GetTimestamp() => scheduler.Now.UtcTicks;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new VirtualTimer(scheduler, lifetime, callback, state);
        timer.Change(dueTime, period);
        return timer;
    }
}

/// <summary>A timer of a lifetime.</summary>
internal sealed class VirtualTimer(Scheduler scheduler, ProcessLifetime lifetime, TimerCallback callback, object? state) : ITimer
{
    private bool _armed;
    private TimeSpan _period;

    public ProcessLifetime ProcessLifetime { get; } = lifetime;

    /// <summary>Incremented whenever the timer is set, so that a replaced one is recognised in the queue.</summary>
    public int Arming { get; private set; }

    public bool IsArmed(int arming) => _armed && Arming == arming && !ProcessLifetime.IsOver;

    public void Fire()
    {
        _armed = false;
        if (_period > TimeSpan.Zero)
            Change(_period, _period);
        callback(state);
    }

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        Arming++;
        _period = period;
        _armed = dueTime >= TimeSpan.Zero;
        if (_armed)
            scheduler.Arm(this, dueTime);
        return true;
    }

    public void Dispose() => _armed = false;

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}

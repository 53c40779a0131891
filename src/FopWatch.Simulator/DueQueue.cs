namespace FopWatch.Simulator;

/// <summary>
/// Lets any number of flows wait for their due times with one timer. It counts the flows that are not waiting, so it knows when nothing
/// more will happen until the clock advances.
/// </summary>
internal sealed class DueQueue : IDisposable
{
    private static readonly TimeSpan MaxWait = TimeSpan.FromDays(1);

    private readonly TimeProvider _clock;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<TaskCompletionSource, (DateTimeOffset Due, long Sequence)> _waiting = new();
    private long _sequence;
    private int _busy;
    private TaskCompletionSource? _idle;
    private bool _disposed;

    public DueQueue(TimeProvider clock)
    {
        _clock = clock;
        _timer = clock.CreateTimer(_ => Release(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>When the next flow continues; null if none is waiting.</summary>
    public DateTimeOffset? NextDue
    {
        get
        {
            lock (_lock)
                return _waiting.TryPeek(out _, out var next) ? next.Due : null;
        }
    }

    /// <summary>Runs a flow, which can wait with <see cref="UntilAsync"/>.</summary>
    public async Task RunAsync(Func<Task> flow)
    {
        Enter();
        try
        {
            await flow();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Waits for several flows from within one flow, which does not count as busy meanwhile.</summary>
    public async Task AllAsync(IEnumerable<Task> flows)
    {
        var all = Task.WhenAll(flows);
        Leave();
        try
        {
            await all;
        }
        finally
        {
            Enter();
        }
    }

    /// <summary>Waits, from within a flow, until a time.</summary>
    /// <exception cref="OperationCanceledException">The queue was disposed.</exception>
    public Task UntilAsync(DateTimeOffset due)
    {
        lock (_lock)
        {
            if (_disposed)
                return Task.FromCanceled(new CancellationToken(canceled: true));
            if (due <= _clock.GetUtcNow())
                return Task.CompletedTask;

            var waiting = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var earlier = !_waiting.TryPeek(out _, out var next) || due < next.Due;
            _waiting.Enqueue(waiting, (due, _sequence++));
            if (earlier)
                Arm(TimeSpan.Zero);
            LeaveLocked();
            return waiting.Task;
        }
    }

    /// <summary>Waits until every flow waits for its due time or has ended.</summary>
    public Task IdleAsync()
    {
        lock (_lock)
        {
            if (_busy == 0)
                return Task.CompletedTask;
            _idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _idle.Task;
        }
    }

    public void Dispose()
    {
        List<TaskCompletionSource> cancelled = [];
        lock (_lock)
        {
            _disposed = true;
            while (_waiting.TryDequeue(out var waiting, out _))
                cancelled.Add(waiting);
            _busy += cancelled.Count;
        }

        _timer.Dispose();
        foreach (var waiting in cancelled)
            waiting.SetCanceled();
    }

    private void Enter()
    {
        lock (_lock)
            _busy++;
    }

    private void Leave()
    {
        lock (_lock)
            LeaveLocked();
    }

    private void LeaveLocked()
    {
        if (--_busy > 0)
            return;
        _idle?.SetResult();
        _idle = null;
    }

    private void Release()
    {
        List<TaskCompletionSource> due = [];
        lock (_lock)
        {
            if (_disposed)
                return;
            var now = _clock.GetUtcNow();
            while (_waiting.TryPeek(out var waiting, out var next) && next.Due <= now)
            {
                _waiting.Dequeue();
                due.Add(waiting);
            }

            // They count as busy from here, so that the queue is not idle before they run.
            _busy += due.Count;
            // System timers count whole milliseconds and can be early. A wait of zero would spin.
            Arm(due.Count > 0 ? TimeSpan.Zero : TimeSpan.FromMilliseconds(1));
        }

        foreach (var waiting in due)
            waiting.SetResult();
    }

    private void Arm(TimeSpan least)
    {
        if (!_waiting.TryPeek(out _, out var next))
            return;
        var wait = next.Due - _clock.GetUtcNow();
        // Timers cannot be set for more than 49 days.
        _timer.Change(wait < least ? least : wait > MaxWait ? MaxWait : wait, Timeout.InfiniteTimeSpan);
    }
}


namespace FopWatch.Embedded;

/// <summary>Wakes one sleeper. A call while nobody sleeps is remembered, so no call is missed. Several calls count as one.</summary>
public sealed class WakeSignal(TimeProvider time)
{
    private readonly Lock _lock = new();
    private TaskCompletionSource? _sleeper;
    private bool _called;
    private long _wakesAt = long.MaxValue;

    /// <summary>The sleeper is about to look for work. Until it sleeps, every <see cref="WakeBy"/> wakes it.</summary>
    public void Listen() => Volatile.Write(ref _wakesAt, long.MaxValue);

    /// <summary>Wakes the sleeper.</summary>
    public void Wake()
    {
        lock (_lock)
        {
            _called = true;

            // The continuation runs asynchronously, outside the lock.
            _sleeper?.TrySetResult();
        }
    }

    /// <summary>Wakes the sleeper if it would sleep past a time.</summary>
    public void WakeBy(DateTimeOffset dueAt)
    {
        if (dueAt.UtcTicks < Volatile.Read(ref _wakesAt))
            Wake();
    }

    /// <summary>Sleeps until woken, for at most the given time.</summary>
    public Task SleepAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _wakesAt, time.GetUtcNow().UtcTicks + longest.Ticks);
        return SleepAsync((TimeSpan?)longest, cancellationToken);
    }

    /// <summary>Sleeps until woken.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => SleepAsync(null, cancellationToken);

    private async Task SleepAsync(TimeSpan? longest, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        TaskCompletionSource? sleeper = null;
        lock (_lock)
        {
            if (!_called && !(longest <= TimeSpan.Zero))
                sleeper = _sleeper = new(TaskCreationOptions.RunContinuationsAsynchronously);
            else
                _called = false;
        }

        if (sleeper is null)
            return;

        using (longest is { } timer ? time.CreateTimer(static state => ((TaskCompletionSource)state!).TrySetResult(), sleeper, timer, Timeout.InfiniteTimeSpan) : null)
        using (cancellationToken.UnsafeRegister(static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), sleeper))
        {
            try
            {
                await sleeper.Task;
            }
            finally
            {
                lock (_lock)
                    (_sleeper, _called) = (null, false);
            }
        }
    }
}

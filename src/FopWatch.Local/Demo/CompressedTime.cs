using System.Diagnostics;

namespace FopWatch.Local.Demo;

/// <summary>A clock that runs faster than real time, timers included, so that minutes take seconds.</summary>
/// <param name="factor">The speed relative to real time; greater than 0.</param>
internal sealed class CompressedTime(double factor) : TimeProvider
{
    private readonly DateTimeOffset _start = System.GetUtcNow();
    private readonly long _started = Stopwatch.GetTimestamp();

    public override DateTimeOffset GetUtcNow() => _start + (Stopwatch.GetElapsedTime(_started) * factor);

    public override long GetTimestamp() => (long)((Stopwatch.GetTimestamp() - _started) * factor);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new Timer(System.CreateTimer(callback, state, Real(dueTime), Real(period)), this);

    private TimeSpan Real(TimeSpan virtualTime)
    {
        if (virtualTime == Timeout.InfiniteTimeSpan)
            return virtualTime;

        // Rounded up: a timer that fires early would find that it is not due yet.
        return TimeSpan.FromMilliseconds(Math.Ceiling(virtualTime.TotalMilliseconds / factor));
    }

    private sealed class Timer(ITimer real, CompressedTime time) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => real.Change(time.Real(dueTime), time.Real(period));

        public void Dispose() => real.Dispose();

        public ValueTask DisposeAsync() => real.DisposeAsync();
    }
}

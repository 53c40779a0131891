namespace FopWatch.Testing;

/// <summary>A clock that advances by a fixed step at every reading. Timers are real.</summary>
/// <param name="step">The step per reading.</param>
/// <param name="start">The start time; the beginning of 2026 if null.</param>
public sealed class StepTime(TimeSpan step, DateTimeOffset? start = null) : TimeProvider
{
    private readonly DateTimeOffset _start = start ?? new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private long _looks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Increment(ref _looks) * step.Ticks;

    public override DateTimeOffset GetUtcNow() => _start + (step * Interlocked.Increment(ref _looks));
}

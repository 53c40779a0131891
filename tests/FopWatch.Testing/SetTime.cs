namespace FopWatch.Testing;

/// <summary>A clock set by the test. Timers and elapsed times are real.</summary>
public sealed class SetTime(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}

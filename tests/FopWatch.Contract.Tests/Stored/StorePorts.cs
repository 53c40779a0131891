using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Contract.Tests.Stored;

/// <summary>The ports of one store.</summary>
public sealed record StorePorts(IJobStore Jobs, IDueIndex Due, IOutbox Outbox, IQuarantine Quarantine);

/// <summary>A clock that a test sets. Timers and elapsed times are real.</summary>
public sealed class SetTime(DateTimeOffset now) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = now;

    public override DateTimeOffset GetUtcNow() => Now;
}

using FopWatch.Watching;

namespace FopWatch.Intake;

/// <summary>The limits of a process on untrusted notifications; one instance per process.</summary>
/// <param name="quarantine">The quarantine.</param>
/// <param name="due">The due index, which shows how far the polls are behind.</param>
/// <param name="time">The clock.</param>
public sealed class IntakeLimits(IQuarantine quarantine, IDueIndex due, TimeProvider time)
{
    internal HintAdmission UnknownIds { get; } = new(due, time);

    internal QuarantineLimit Quarantined { get; } = new(quarantine, time);
}

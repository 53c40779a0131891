using FopWatch.Watching;

namespace FopWatch.Intake;

/// <summary>What a process takes of notifications that it cannot trust; one for all that take them.</summary>
/// <param name="quarantine">What is kept already.</param>
/// <param name="due">Tells how far the polls are behind.</param>
/// <param name="time">The clock.</param>
public sealed class IntakeLimits(IQuarantine quarantine, IDueIndex due, TimeProvider time)
{
    internal HintAdmission UnknownIds { get; } = new(due, time);

    internal QuarantineLimit Quarantined { get; } = new(quarantine, time);
}

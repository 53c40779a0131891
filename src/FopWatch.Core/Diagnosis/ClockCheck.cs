using FopWatch.Clocks;
using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>Compares the system clock with the host's clock, which ignores short jumps.</summary>
/// <param name="time">The host's clock.</param>
public sealed class ClockCheck(SteadyTime time) : IDoctorCheck
{
    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.Clock, null, _ => Task.FromResult<IReadOnlyList<DoctorFinding>>([Examine()]))];

    private DoctorFinding Examine() => time.SystemAhead is { } ahead
        ? new()
        {
            Check = DoctorCheck.Clock,
            Level = DoctorLevel.Warning,
            What = ahead > TimeSpan.Zero
                ? (Sentence)$"The system clock is {ahead.Duration().TotalSeconds:0} s ahead of FopWatch's clock: it jumped, or a service reports another time."
                : (Sentence)$"The system clock is {ahead.Duration().TotalSeconds:0} s behind FopWatch's clock: it jumped, or a service reports another time.",
            Why = $"FopWatch adopts a difference that lasts 10 minutes. Jobs then expire and are purged by the new time.",
            Fix = $"Check the clock of the machine and its time synchronisation. See docs/clocks.md.",
        }
        : new() { Check = DoctorCheck.Clock, Level = DoctorLevel.Pass, What = $"The system clock agrees with elapsed time." };
}

using System.Globalization;
using FopWatch.Clocks;

namespace FopWatch.Diagnosis;

/// <summary>Compares the system clock with the time that the host goes by, which no jump of the clock moves at once.</summary>
/// <param name="time">The time that the host goes by.</param>
public sealed class ClockCheck(SteadyTime time) : IDoctorCheck
{
    /// <inheritdoc/>
    public IEnumerable<DoctorStep> Steps => [new(DoctorCheck.Clock, null, _ => Task.FromResult<IReadOnlyList<DoctorFinding>>([Examine()]))];

    private DoctorFinding Examine() => time.SystemAhead is { } ahead
        ? new()
        {
            Check = DoctorCheck.Clock,
            Level = DoctorLevel.Warning,
            What = string.Create(
                CultureInfo.InvariantCulture,
                $"The system clock is {ahead.Duration().TotalSeconds:0} s {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} the time that FopWatch goes by: it jumped, or a service tells another time."),
            Why = "FopWatch adopts a difference that lasts for 10 minutes. Jobs then expire, and are purged, by the new time.",
            Fix = "Check the clock of the machine and its time synchronisation. docs/clocks.md has more.",
        }
        : new() { Check = DoctorCheck.Clock, Level = DoctorLevel.Pass, What = "The system clock agrees with elapsed time." };
}

using FopWatch.Diagnosis;
using FopWatch.Wording;

namespace FopWatch.Clocks;

/// <summary>Warns when the system clock has jumped.</summary>
public static class ClockTroubles
{
    /// <summary>Checks whether the system clock differs from FopWatch's clock. Hosts call it every minute.</summary>
    public static void CheckClock(this Troubles troubles, SteadyTime time)
    {
        ArgumentNullException.ThrowIfNull(troubles);
        ArgumentNullException.ThrowIfNull(time);
        if (time.SystemAhead is { } ahead)
            troubles.Occurred(null, TroubleKind.ClockJumped, Describe(ahead));
        else
            troubles.Worked(null, TroubleKind.ClockJumped);
    }

    private static Sentence Describe(TimeSpan ahead)
    {
        var by = TimeSpan.FromSeconds(Math.Round(ahead.Duration().TotalSeconds));
        return ahead > TimeSpan.Zero ? (Sentence)$"it is {by:c} ahead" : (Sentence)$"it is {by:c} behind";
    }
}

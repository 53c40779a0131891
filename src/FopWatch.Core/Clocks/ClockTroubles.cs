using System.Globalization;
using FopWatch.Diagnosis;

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

    private static string Describe(TimeSpan ahead) => string.Create(
        CultureInfo.InvariantCulture, $"it is {TimeSpan.FromSeconds(Math.Round(ahead.Duration().TotalSeconds)):c} {(ahead > TimeSpan.Zero ? "ahead" : "behind")}");
}

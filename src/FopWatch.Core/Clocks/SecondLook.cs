namespace FopWatch.Clocks;

/// <summary>
/// The rule for irreversible actions when the clock may have jumped: the action is postponed, the time of the doubt is stored, and the first look at
/// least <see cref="After"/> later decides.
/// </summary>
public static class SecondLook
{
    /// <summary>The minimum time between the doubt and the deciding look.</summary>
    public static readonly TimeSpan After = TimeSpan.FromMinutes(45);

    /// <summary>Whether a look decides. A clock that is ahead at both looks is believed.</summary>
    /// <param name="doubted">The time of the doubt.</param>
    /// <param name="now">The time of the look.</param>
    public static bool Decides(DateTimeOffset doubted, DateTimeOffset now) => now - doubted >= After;
}

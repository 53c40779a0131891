namespace FopWatch.Clocks;

/// <summary>
/// The rule for what cannot be undone when the clock may have jumped: it is put off, the time of the doubt is stored, and a look at least
/// <see cref="After"/> later decides, however much later it is.
/// </summary>
public static class SecondLook
{
    /// <summary>The least time between the doubt and the look that decides.</summary>
    public static readonly TimeSpan After = TimeSpan.FromMinutes(45);

    /// <summary>Whether a look decides. A clock that is ahead at both is believed.</summary>
    /// <param name="doubted">The time of the doubt.</param>
    /// <param name="now">The time of the look.</param>
    public static bool Decides(DateTimeOffset doubted, DateTimeOffset now) => now - doubted >= After;
}

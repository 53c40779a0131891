using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>The polls that a source allows: at most so many in a window of at least a second that is just long enough for them.</summary>
/// <param name="Polls">The most polls in any window; at least 1.</param>
/// <param name="Window">The window.</param>
public readonly record struct PollRate(int Polls, TimeSpan Window)
{
    // What a limit beyond any API's amounts to; keeps the record of past polls short.
    private const int MostPolls = 10_000;

    private static readonly TimeSpan LongestWindow = TimeSpan.FromDays(1);

    /// <summary>The rate of a source.</summary>
    public static PollRate Of(Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var perSecond = source.Poll.PerSecond;
        var polls = (int)Math.Clamp(Math.Ceiling(perSecond), 1, MostPolls);
        return new(polls, TimeSpan.FromSeconds(Math.Min(polls / perSecond, LongestWindow.TotalSeconds)));
    }
}

using FopWatch.Providers;

namespace FopWatch.PollLimits;

/// <summary>The poll rate of a source: a whole number of polls per window. The window is the shortest that fits the rate, and at least 1 s.</summary>
/// <param name="Polls">The most polls in any window; at least 1.</param>
/// <param name="Window">The window.</param>
public readonly record struct PollRate(int Polls, TimeSpan Window)
{
    // Beyond the limit of any API. It bounds the record of past polls.
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

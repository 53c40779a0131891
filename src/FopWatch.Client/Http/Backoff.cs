namespace FopWatch.Client.Http;

/// <summary>
/// Pauses between attempts. They double each time and are randomized, so that clients cut off by one restart do not reconnect together.
/// </summary>
internal static class Backoff
{
    /// <summary>The longest pause that <c>Retry-After</c> can request.</summary>
    public static readonly TimeSpan LongestAsked = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    /// <summary>The pause after a failure.</summary>
    /// <param name="failures">The number of failures before it.</param>
    /// <param name="asked">The pause in <c>Retry-After</c>.</param>
    public static TimeSpan After(int failures, TimeSpan? asked = null)
    {
        var pause = First * Math.Pow(2, Math.Min(failures, 10));
        pause = (pause < Longest ? pause : Longest) * (0.8 + (0.2 * Random.Shared.NextDouble()));
        return asked is { } least && least > pause ? (least < LongestAsked ? least : LongestAsked) * (1 + (0.2 * Random.Shared.NextDouble())) : pause;
    }
}

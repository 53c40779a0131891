namespace FopWatch.Client.Http;

/// <summary>Pauses between attempts: twice as long each time, and never twice the same, so that those whom one restart cut off do not come back together.</summary>
internal static class Backoff
{
    /// <summary>The longest pause that a host asks for and gets.</summary>
    public static readonly TimeSpan LongestAsked = TimeSpan.FromMinutes(2);

    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(15);

    /// <summary>The pause after a number of failures before the last.</summary>
    /// <param name="failures">How many there were before.</param>
    /// <param name="asked">What <c>Retry-After</c> asks for.</param>
    public static TimeSpan After(int failures, TimeSpan? asked = null)
    {
        var pause = First * Math.Pow(2, Math.Min(failures, 10));
        pause = (pause < Longest ? pause : Longest) * (0.8 + (0.2 * Random.Shared.NextDouble()));
        return asked is { } least && least > pause ? (least < LongestAsked ? least : LongestAsked) * (1 + (0.2 * Random.Shared.NextDouble())) : pause;
    }
}

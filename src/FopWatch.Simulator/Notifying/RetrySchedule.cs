namespace FopWatch.Simulator;

/// <summary>When a notification that was not answered with 200 is sent again.</summary>
internal static class RetrySchedule
{
    /// <summary>13 times, the first after a second and each wait twice as long as the one before (providers.md, section 1).</summary>
    public static IReadOnlyList<TimeSpan> Qiniu { get; } = [.. Enumerable.Range(0, 13).Select(i => TimeSpan.FromSeconds(1 << i))];

    /// <summary>3 times at once and 5 times a minute apart (providers.md, section 2).</summary>
    public static IReadOnlyList<TimeSpan> Wangsu { get; } =
        [.. Enumerable.Repeat(TimeSpan.Zero, 3), .. Enumerable.Repeat(TimeSpan.FromMinutes(1), 5)];

    /// <summary>Qiniu takes a 4xx as the receiver's last word; Wangsu does not care.</summary>
    public static bool GivesUpAt(int? status, bool isWangsu) => !isWangsu && status is >= 400 and < 500;
}

namespace FopWatch.Simulator;

/// <summary>When a notification that was not answered with 200 is retried.</summary>
internal static class RetrySchedule
{
    /// <summary>13 retries, the first after 1 s, each wait twice as long as the previous one (providers.md, section 1).</summary>
    public static IReadOnlyList<TimeSpan> Qiniu { get; } = [.. Enumerable.Range(0, 13).Select(i => TimeSpan.FromSeconds(1 << i))];

    /// <summary>3 retries at once, then 5 retries one minute apart (providers.md, section 2).</summary>
    public static IReadOnlyList<TimeSpan> Wangsu { get; } =
        [.. Enumerable.Repeat(TimeSpan.Zero, 3), .. Enumerable.Repeat(TimeSpan.FromMinutes(1), 5)];

    /// <summary>Qiniu gives up after a 4xx answer; Wangsu does not.</summary>
    public static bool GivesUpAt(int? status, bool isWangsu) => !isWangsu && status is >= 400 and < 500;
}

namespace FopWatch.Webhooks;

/// <summary>Decides when an undelivered event is retried. The attempts span a little more than three days.</summary>
public static class WebhookRetries
{
    /// <summary>The longest wait between two attempts.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    /// <summary>The relative variation of a wait (±20 %), so that webhooks that failed together are not retried together.</summary>
    public const double Jitter = 0.2;

    private static readonly TimeSpan Hourly = TimeSpan.FromHours(1);

    private static readonly TimeSpan[] First =
        [TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(30)];

    /// <summary>The total number of attempts.</summary>
    public static int MostAttempts { get; } = First.Length + (int)(TimeSpan.FromDays(3) / Hourly) + 1;

    /// <summary>How long to wait after a failed attempt.</summary>
    /// <param name="failed">The number of failed attempts, at least 1.</param>
    /// <param name="retryAfter">How long the receiver asks the sender to wait; null if it does not ask.</param>
    /// <param name="random">Varies the wait.</param>
    /// <returns>The wait; null if there are no further attempts.</returns>
    public static TimeSpan? WaitAfter(int failed, TimeSpan? retryAfter, Random random)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(failed, 1);
        ArgumentNullException.ThrowIfNull(random);
        if (failed >= MostAttempts)
            return null;
        var wait = failed <= First.Length ? First[failed - 1] : Hourly;
        wait *= 1 - Jitter + (2 * Jitter * random.NextDouble());
        var asked = retryAfter > LongestWait ? LongestWait : retryAfter;
        return asked > wait ? asked : wait;
    }
}

using System.Threading.RateLimiting;

namespace FopWatch.Api;

internal static class Limiters
{
    /// <summary>A limiter of concurrent permits, with a queue in the order of arrival.</summary>
    public static ConcurrencyLimiter Of(int permits, int waiting = 0) =>
        new(new() { PermitLimit = permits, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });
}

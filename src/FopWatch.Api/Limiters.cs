using System.Threading.RateLimiting;

namespace FopWatch.Api;

internal static class Limiters
{
    /// <summary>Lets so many in at once, and so many more wait in the order in which they came.</summary>
    public static ConcurrencyLimiter Of(int permits, int waiting = 0) =>
        new(new() { PermitLimit = permits, QueueLimit = waiting, QueueProcessingOrder = QueueProcessingOrder.OldestFirst });
}

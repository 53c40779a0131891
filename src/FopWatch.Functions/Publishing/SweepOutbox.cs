using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Publishing;

/// <summary>Each minute, publishes the events that a crash or a broker that was down left behind.</summary>
public sealed class SweepOutbox(Outbox outbox, StartNotice notice)
{
    /// <summary>Does one sweep.</summary>
    [Function("SweepOutbox")]
    public Task RunAsync([TimerTrigger("30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        notice.Give();
        return outbox.SweepAsync(cancellationToken);
    }
}

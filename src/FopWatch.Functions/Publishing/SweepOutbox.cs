using FopWatch.Cloud;
using FopWatch.Functions.Upkeep;
using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Publishing;

/// <summary>Each minute, publishes events that remained in the outbox after a crash or a failure of the broker.</summary>
public sealed class SweepOutbox(PromptPublisher publisher, StartNotice notice, TimerRuns runs)
{
    /// <summary>The timer's name.</summary>
    public const string Name = "SweepOutbox";

    /// <summary>Runs one sweep.</summary>
    [Function(Name)]
    public async Task RunAsync([TimerTrigger("30 * * * * *")] TimerInfo timer, CancellationToken cancellationToken)
    {
        notice.Give();
        await runs.RanAsync(Name, cancellationToken);
        await publisher.SweepAsync(cancellationToken);
    }
}

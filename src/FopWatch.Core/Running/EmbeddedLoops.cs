using FopWatch.Publishing;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Running;

/// <summary>All loops of a process that runs everything itself: the watches of each source, the outbox and the sweep.</summary>
public sealed class EmbeddedLoops(LoopSupervisor supervisor, WatchLoops watches, OutboxLoop outbox, SweepLoop sweep)
{
    /// <summary>Runs until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => supervisor.RunAsync(
        [.. watches.Loops, new("outbox loop", outbox.RunAsync), new("sweep", sweep.RunAsync)],
        cancellationToken);
}

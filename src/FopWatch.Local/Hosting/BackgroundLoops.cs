using FopWatch.Diagnosis;
using FopWatch.Providers;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Local.Hosting;

/// <summary>Runs the loops of the host: the watches of each source, the outbox and the sweep.</summary>
internal sealed class BackgroundLoops(
    LoopSupervisor supervisor,
    Sources sources,
    IDueIndex index,
    Poller poller,
    DueSignals signals,
    OutboxLoop outbox,
    SweepLoop sweep,
    Troubles troubles,
    TimeProvider time,
    ILogger<WatchLoop> logger) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => supervisor.RunAsync(
        [
            .. sources.All.Select(source => new SupervisedLoop("watch loop", cancelled => Watch(source).RunAsync(cancelled)) { Source = source.Name }),
            new("outbox loop", outbox.RunAsync),
            new("sweep", sweep.RunAsync),
        ],
        stoppingToken);

    private WatchLoop Watch(Source source) => new(source, index, poller, signals.Of(source.Name), troubles, time, logger);
}

using FopWatch.Embedded;

namespace FopWatch.Local.Hosting;

internal sealed class BackgroundLoops(LoopSupervisor supervisor, EmbeddedLoops loops) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => supervisor.RunAsync(loops.All, stoppingToken);
}

using FopWatch.Embedded;

namespace FopWatch.Local.Hosting;

/// <summary>Runs the loops for as long as the host runs.</summary>
internal sealed class BackgroundLoops(LoopSupervisor supervisor, EmbeddedLoops loops) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => supervisor.RunAsync(loops.All, stoppingToken);
}

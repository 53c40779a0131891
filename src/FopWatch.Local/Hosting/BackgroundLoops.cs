using FopWatch.Embedded;

namespace FopWatch.Local.Hosting;

/// <summary>Runs the loops for as long as the host runs.</summary>
internal sealed class BackgroundLoops(EmbeddedLoops loops) : BackgroundService
{
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => loops.RunAsync(stoppingToken);
}

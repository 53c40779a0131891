using FopWatch.Embedded;
using FopWatch.Webhooks;

namespace FopWatch.Local.Hosting;

internal sealed class BackgroundLoops(LoopSupervisor supervisor, EmbeddedLoops loops, IHostApplicationLifetime lifetime) : BackgroundService
{
    /// <summary>How long the loops may take to end. A webhook waits for the answer to the event that is on its way.</summary>
    private static readonly TimeSpan Longest = WebhookSender.Grace + TimeSpan.FromSeconds(2);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // The server stops first, and connections that it waited for may have taken all the time that there was. The store is closed next: what a loop has
        // not written by then is done again after the start.
        if (ExecuteTask is { } running)
            await running.WaitAsync(Longest, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        await supervisor.RunAsync(loops.All, stopping.Token);
    }
}

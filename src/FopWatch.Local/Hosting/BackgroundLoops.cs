using FopWatch.Embedded;
using FopWatch.Webhooks;

namespace FopWatch.Local.Hosting;

internal sealed class BackgroundLoops(LoopSupervisor supervisor, EmbeddedLoops loops, IHostApplicationLifetime lifetime, SettingsReload? reload = null) : BackgroundService
{
    /// <summary>How long the loops may take to end. A webhook waits for the answer to the event in flight.</summary>
    private static readonly TimeSpan Longest = WebhookSender.Grace + TimeSpan.FromSeconds(2);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // The server stops first, and waiting for connections may have used up the shutdown time. The store is closed next: a loop repeats
        // unwritten work after the next start.
        if (ExecuteTask is { } running)
            await running.WaitAsync(Longest, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lifetime.ApplicationStopping);
        await supervisor.RunAsync([.. loops.All, .. reload is null ? [] : (SupervisedLoop[])[new("reload of settings", reload.RunAsync)]], stopping.Token);
    }
}

using FopWatch.Azure.ServiceBus;
using FopWatch.Cloud;
using FopWatch.Jobs;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Functions.Publishing;

/// <summary>
/// Connects to the broker in the background when the app starts. Otherwise the token, TLS and the link would delay the event of the first notification.
/// When the app stops, events in progress are published first.
/// </summary>
public sealed class OpenBus(ServiceBusPublisher publisher, Lazy<PromptPublisher> prompt, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan LongestEnd = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await publisher.OpenAsync(stoppingToken);
        }
        catch (Exception)
        {
            // Publishing retries, and reports the problem.
        }
    }

    /// <inheritdoc/>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        try
        {
            await prompt.Value.IdleAsync().WaitAsync(LongestEnd, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException or StoreUnavailableException)
        {
            // Remaining events are in the outbox, or the store was never open.
        }

        await base.StopAsync(cancellationToken);
    }
}

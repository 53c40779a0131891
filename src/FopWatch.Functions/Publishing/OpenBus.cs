using FopWatch.Azure.ServiceBus;
using FopWatch.Cloud;
using FopWatch.Jobs;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Functions.Publishing;

/// <summary>
/// Connects to the broker when the app starts, beside all else: the first notification's event is to be published at once, and a token,
/// TLS and the link take longer than it would be waited for. When the app stops, what is being published is published first.
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
            // Publishing tries again, and says what is wrong.
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
            // What is left is in the outbox, or the store was never open.
        }

        await base.StopAsync(cancellationToken);
    }
}

using FopWatch.Azure.ServiceBus;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Functions.Publishing;

/// <summary>
/// Connects to the broker when the app starts, beside all else: the first notification's event is to be published at once, and a token,
/// TLS and the link take longer than it would be waited for.
/// </summary>
public sealed class OpenBus(ServiceBusPublisher publisher) : BackgroundService
{
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
}

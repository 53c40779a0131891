using FopWatch.Jobs;

namespace FopWatch.Webhooks;

/// <summary>The places of webhooks in the log, and their last attempts. What a call has confirmed survives a crash.</summary>
public interface IWebhookCursors
{
    /// <summary>How many attempts of a webhook are kept: the last ones.</summary>
    const int KeptDeliveries = 300;

    /// <summary>The cursor of a webhook; null if it has none.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<WebhookCursor?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>All cursors, those of webhooks that are in no settings included, in the order of their names.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<IReadOnlyList<WebhookCursor>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Writes a cursor and attempts of its webhook, all or nothing. Of the attempts, the oldest in excess are deleted.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <param name="deliveries">The attempts since it was written last, in their order.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing was written.</exception>
    ValueTask WriteAsync(WebhookCursor cursor, IReadOnlyList<WebhookDelivery> deliveries, CancellationToken cancellationToken);

    /// <summary>The last attempts of a webhook, newest first.</summary>
    /// <param name="name">The webhook.</param>
    /// <param name="top">The most to answer; at least 1.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string name, int top, CancellationToken cancellationToken);
}

using FopWatch.Jobs;

namespace FopWatch.Webhooks;

/// <summary>The positions of webhooks in the log, and their last attempts. Once a call returns, its changes survive a crash.</summary>
public interface IWebhookCursors
{
    /// <summary>How many attempts per webhook are kept: the most recent ones.</summary>
    const int KeptDeliveries = 300;

    /// <summary>The cursor of a webhook; null if it has none.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<WebhookCursor?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>All cursors in the order of their names, including those of webhooks that are no longer in the settings.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<IReadOnlyList<WebhookCursor>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Writes a cursor and attempts of its webhook in one transaction. Deletes the oldest attempts in excess of <see cref="KeptDeliveries"/>.</summary>
    /// <param name="cursor">The cursor.</param>
    /// <param name="deliveries">The attempts since the cursor was last written, in order.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now. Nothing was written.</exception>
    ValueTask WriteAsync(WebhookCursor cursor, IReadOnlyList<WebhookDelivery> deliveries, CancellationToken cancellationToken);

    /// <summary>The last attempts of a webhook, newest first.</summary>
    /// <param name="name">The webhook.</param>
    /// <param name="top">The most attempts to return; at least 1.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(string name, int top, CancellationToken cancellationToken);
}

namespace FopWatch.Webhooks;

/// <summary>The configured webhooks. Reloaded settings replace all of them at once.</summary>
/// <param name="webhooks">The webhooks at startup.</param>
public sealed class ConfiguredWebhooks(IReadOnlyList<Webhook> webhooks)
{
    private volatile IReadOnlyList<Webhook> _all = webhooks;

    /// <summary>Raised after the webhooks were replaced. Handlers must return quickly.</summary>
    public event Action? Replaced;

    /// <summary>The current webhooks.</summary>
    public IReadOnlyList<Webhook> All => _all;

    /// <summary>Replaces the webhooks. A webhook that keeps its name keeps its position in the log.</summary>
    public void Replace(IReadOnlyList<Webhook> others)
    {
        _all = others;
        Replaced?.Invoke();
    }
}

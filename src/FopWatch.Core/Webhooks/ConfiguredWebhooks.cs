namespace FopWatch.Webhooks;

/// <summary>The webhooks of the settings. Settings that are read again replace all of them at once.</summary>
/// <param name="webhooks">The webhooks at the start.</param>
public sealed class ConfiguredWebhooks(IReadOnlyList<Webhook> webhooks)
{
    private volatile IReadOnlyList<Webhook> _all = webhooks;

    /// <summary>Is called after the webhooks were replaced; in no time.</summary>
    public event Action? Replaced;

    /// <summary>All of them, as they are now.</summary>
    public IReadOnlyList<Webhook> All => _all;

    /// <summary>Takes other webhooks. Those of the same name keep their places in the log.</summary>
    public void Replace(IReadOnlyList<Webhook> others)
    {
        _all = others;
        Replaced?.Invoke();
    }
}

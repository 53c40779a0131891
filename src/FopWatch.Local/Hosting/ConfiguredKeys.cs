using FopWatch.Settings;

namespace FopWatch.Local.Hosting;

/// <summary>The API keys of the settings. Settings that are read again replace all of them at once. Thread-safe.</summary>
/// <param name="keys">The keys at the start.</param>
internal sealed class ConfiguredKeys(ApiKeys keys)
{
    private volatile Snapshot _now = new(keys);

    /// <summary>The keys as they are now.</summary>
    public ApiKeys Now => _now.Keys;

    /// <summary>Is cancelled once others have replaced the keys as they are now.</summary>
    public CancellationToken Replaced => _now.Replaced.Token;

    /// <summary>Takes other keys.</summary>
    public void Replace(ApiKeys others)
    {
        var before = _now;
        _now = new(others);
        before.Replaced.Cancel();
    }

    private sealed class Snapshot(ApiKeys keys)
    {
        public ApiKeys Keys => keys;

        public CancellationTokenSource Replaced { get; } = new();
    }
}

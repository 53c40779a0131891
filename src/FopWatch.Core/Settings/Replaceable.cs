namespace FopWatch.Settings;

/// <summary>Settings that a reload replaces as a whole. Thread-safe.</summary>
/// <typeparam name="T">The settings. They do not change.</typeparam>
/// <param name="value">The settings at the start.</param>
public sealed class Replaceable<T>(T value)
{
    private volatile Snapshot _now = new(value);

    /// <summary>The current settings.</summary>
    public T Now => _now.Value;

    /// <summary>Cancelled when the current settings are replaced. Read it before <see cref="Now"/>, so that no replacement is missed.</summary>
    public CancellationToken Replaced => _now.Replaced.Token;

    /// <summary>Replaces the settings, and then cancels <see cref="Replaced"/> of the old ones.</summary>
    /// <param name="other">The new settings.</param>
    public void Replace(T other)
    {
        var before = _now;
        _now = new(other);
        before.Replaced.Cancel();
    }

    private sealed class Snapshot(T value)
    {
        public T Value => value;

        public CancellationTokenSource Replaced { get; } = new();
    }
}

namespace FopWatch.Providers;

/// <summary>
/// The configured sources, by name. Settings that are read again replace all of them at once. Whoever does several things with a source takes it once, with
/// <see cref="Find"/>, and goes on with it: it stays as it was. Thread-safe.
/// </summary>
/// <param name="sources">The sources at the start; no two of one name.</param>
public sealed class Sources(IEnumerable<Source> sources)
{
    private volatile Snapshot _now = new(sources);

    /// <summary>All of them, as they are now.</summary>
    public IReadOnlyCollection<Source> All => _now.ByName.Values;

    /// <summary>Is cancelled once others have replaced the sources as they are now.</summary>
    public CancellationToken Replaced => _now.Replaced.Token;

    /// <summary>The source of a name as it is now; null if there is none.</summary>
    public Source? Find(string? name) => name is null ? null : _now.ByName.GetValueOrDefault(name);

    /// <summary>Takes other sources. One that is equal to what it replaces stays the same object.</summary>
    /// <param name="others">The sources; no two of one name.</param>
    public void Replace(IEnumerable<Source> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        var before = _now;
        _now = new(others.Select(other => before.ByName.GetValueOrDefault(other.Name) is { } known && known == other ? known : other));
        before.Replaced.Cancel();
    }

    private sealed class Snapshot(IEnumerable<Source> sources)
    {
        public Dictionary<string, Source> ByName { get; } = sources.ToDictionary(source => source.Name, StringComparer.Ordinal);

        public CancellationTokenSource Replaced { get; } = new();
    }
}

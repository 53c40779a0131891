using FopWatch.Settings;

namespace FopWatch.Providers;

/// <summary>
/// The configured sources, by name. Reloaded settings replace all of them at once. An operation that uses a source several times calls
/// <see cref="Find"/> once and keeps the result, which does not change. Thread-safe.
/// </summary>
/// <param name="sources">The sources at the start. Names are unique.</param>
public sealed class Sources(IEnumerable<Source> sources)
{
    private readonly Replaceable<Dictionary<string, Source>> _byName = new(ByName(sources));

    /// <summary>The current sources.</summary>
    public IReadOnlyCollection<Source> All => _byName.Now.Values;

    /// <summary>Cancelled when a current source is changed or removed, or another one is added.</summary>
    public CancellationToken Replaced => _byName.Replaced;

    /// <summary>The current source of a name; null if there is none.</summary>
    public Source? Find(string? name) => name is null ? null : _byName.Now.GetValueOrDefault(name);

    /// <summary>Whether a text can be the name of a source.</summary>
    public static bool IsName(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return FopWatchSettings.IsName(text, 1, 64);
    }

    /// <summary>Replaces the sources. A source that is equal to its predecessor stays the same object. If all are equal, nothing happens.</summary>
    /// <param name="others">The new sources. Names are unique.</param>
    public void Replace(IEnumerable<Source> others)
    {
        ArgumentNullException.ThrowIfNull(others);
        var before = _byName.Now;
        var after = ByName(others.Select(other => before.GetValueOrDefault(other.Name) is { } known && known == other ? known : other));
        if (after.Count != before.Count || after.Any(one => before.GetValueOrDefault(one.Key) != one.Value))
            _byName.Replace(after);
    }

    private static Dictionary<string, Source> ByName(IEnumerable<Source> sources) => sources.ToDictionary(source => source.Name, StringComparer.Ordinal);
}

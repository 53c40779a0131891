namespace FopWatch.Local.Hosting;

/// <summary>Describes which of several named settings were added, changed and removed.</summary>
internal static class NamedChanges
{
    /// <summary>A clause each for additions, changes and removals; empty if there are none.</summary>
    /// <param name="kind">The noun, such as "source".</param>
    /// <param name="before">The old settings.</param>
    /// <param name="after">The new settings.</param>
    /// <typeparam name="T">The settings, compared by value.</typeparam>
    public static IEnumerable<string> Of<T>(string kind, IReadOnlyDictionary<string, T> before, IReadOnlyDictionary<string, T> after)
    {
        (IEnumerable<string> Names, string What)[] all =
        [
            (after.Keys.Except(before.Keys), "added"),
            (after.Keys.Where(name => before.TryGetValue(name, out var known) && !EqualityComparer<T>.Default.Equals(known, after[name])), "changed"),
            (before.Keys.Except(after.Keys), "removed"),
        ];
        return all
            .Select(one => (Names: one.Names.Order(StringComparer.Ordinal).ToList(), one.What))
            .Where(one => one.Names.Count > 0)
            .Select(one => $"{kind}{(one.Names.Count == 1 ? "" : "s")} {string.Join(", ", one.Names)} {one.What}");
    }
}

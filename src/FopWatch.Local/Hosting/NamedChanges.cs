namespace FopWatch.Local.Hosting;

/// <summary>What is added, changed and removed among things that have names, in words.</summary>
internal static class NamedChanges
{
    /// <summary>Compares.</summary>
    /// <typeparam name="T">What things are, equal where they are the same.</typeparam>
    /// <param name="kind">What they are called, such as "source".</param>
    /// <param name="before">What there was.</param>
    /// <param name="after">What there is.</param>
    /// <returns>A clause for each way in which they differ; none if they do not.</returns>
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

using FopWatch.Jobs;

namespace FopWatch.PortContracts;

/// <summary>The totals of all parts of a store.</summary>
public static class StoreBooks
{
    /// <summary>Counts every part.</summary>
    /// <returns>The books by source, ordered by the sources' names.</returns>
    public static async Task<IReadOnlyList<Books>> BooksAsync(this IJobStore store, CancellationToken cancellationToken)
    {
        var books = new List<Books>();
        foreach (var part in await store.PartsAsync(cancellationToken))
            books.AddRange((await store.CountAsync(part.Name, 0, cancellationToken)).Books);
        return [.. books.GroupBy(of => of.Source, StringComparer.Ordinal).OrderBy(of => of.Key, StringComparer.Ordinal).Select(of => of.Aggregate((sum, part) => sum.Plus(part)))];
    }

    /// <summary>Counts every part, and returns at most the given number of unwatched jobs.</summary>
    public static async Task<IReadOnlyList<JobKey>> UnwatchedAsync(this IJobStore store, int limit, CancellationToken cancellationToken)
    {
        var found = new List<JobKey>();
        foreach (var part in await store.PartsAsync(cancellationToken))
            found.AddRange((await store.CountAsync(part.Name, limit - found.Count, cancellationToken)).Unwatched);
        return found;
    }
}

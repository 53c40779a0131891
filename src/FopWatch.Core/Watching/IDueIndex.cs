using System.Runtime.CompilerServices;
using FopWatch.Jobs;

namespace FopWatch.Watching;

/// <summary>A job in the due index.</summary>
/// <param name="Key">The job.</param>
/// <param name="DueAt">When its poll is due.</param>
public readonly record struct DueJob(JobKey Key, DateTimeOffset DueAt);

/// <summary>The index of watched jobs by the time of their next poll. It makes watches durable.</summary>
public interface IDueIndex
{
    /// <summary>The jobs of a source that are due by a time, longest due first. The cost does not depend on jobs that are due later.</summary>
    /// <param name="source">The source.</param>
    /// <param name="after">The last job of the previous page; it need not exist. Null for the first page.</param>
    /// <param name="by">The time.</param>
    /// <param name="limit">The most jobs of the page.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Jobs ordered by time and then in a fixed order of ids.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    ValueTask<IReadOnlyList<DueJob>> DueAsync(
        string source, DueJob? after, DateTimeOffset by, int limit, CancellationToken cancellationToken);

    /// <summary>The earliest due time of a source after a given time; null if there is none.</summary>
    ValueTask<DateTimeOffset?> NextDueAsync(string source, DateTimeOffset after, CancellationToken cancellationToken);
}

/// <summary>Reads the due index.</summary>
public static class DueIndex
{
    private const int PageLength = 500;

    /// <summary>The jobs of a source that are due by a time, longest due first.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public static ValueTask<IReadOnlyList<DueJob>> DueAsync(
        this IDueIndex index, string source, DateTimeOffset by, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(index);
        return index.DueAsync(source, null, by, limit, cancellationToken);
    }

    /// <summary>All jobs of a source that are due after one time and by another, longest due first. Pages are read on demand.</summary>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public static async IAsyncEnumerable<DueJob> DueBetweenAsync(
        this IDueIndex index,
        string source,
        DateTimeOffset after,
        DateTimeOffset by,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(index);

        // Sorts before every job of the next tick, because no id is empty.
        var last = new DueJob(new(source, ""), after.AddTicks(1));
        while (true)
        {
            var page = await index.DueAsync(source, last, by, PageLength, cancellationToken);
            foreach (var job in page)
                yield return job;
            if (page.Count < PageLength)
                yield break;
            last = page[^1];
        }
    }
}

using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Providers;

namespace FopWatch.Watching;

/// <summary>
/// Finds the jobs whose polls a clock that was ahead put off: they would wait for as long as it was ahead. Only jobs that are due later than a
/// wait of the source's plan are looked at, some of them each time, in turns.
/// </summary>
/// <param name="sources">The configured sources.</param>
/// <param name="due">The due index.</param>
/// <param name="recorder">Moves what was put off.</param>
/// <param name="time">The clock.</param>
public sealed class FarWatches(Sources sources, IDueIndex due, JobRecorder recorder, TimeProvider time)
{
    /// <summary>The most jobs of a source that are looked at each time.</summary>
    public const int AtOnce = 100;

    private readonly ConcurrentDictionary<string, DateTimeOffset> _seen = new(StringComparer.Ordinal);

    /// <summary>Looks at some jobs of each source.</summary>
    /// <returns>How many polls were brought forward.</returns>
    /// <exception cref="StoreUnavailableException">The store cannot answer now.</exception>
    public async Task<int> BringForwardAsync(CancellationToken cancellationToken)
    {
        var brought = 0;
        foreach (var source in sources.All)
        {
            var from = time.GetUtcNow() + PollPlan.LongestWait(source.Poll);
            if (_seen.TryGetValue(source.Name, out var seen) && seen > from)
                from = seen;

            var far = await due.DueAfterAsync(source.Name, from, AtOnce, cancellationToken);
            foreach (var job in far)
            {
                if (await IsBroughtForwardAsync(job, cancellationToken))
                    brought++;
            }

            // After the last, from the beginning.
            if (far.Count == AtOnce)
                _seen[source.Name] = far[^1].DueAt;
            else
                _seen.TryRemove(source.Name, out _);
        }

        return brought;
    }

    private async Task<bool> IsBroughtForwardAsync(DueJob job, CancellationToken cancellationToken)
    {
        try
        {
            return await recorder.RestoreTimesAsync(job.Key, cancellationToken) is { } after && after.Watch.DueAt < job.DueAt;
        }
        catch (UnreadableJobException)
        {
            // When it was polled last is not known. Its polls report it.
            return false;
        }
    }
}

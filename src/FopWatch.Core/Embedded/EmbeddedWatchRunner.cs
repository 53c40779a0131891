using System.Collections.Concurrent;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Embedded;

/// <summary>
/// Wakes the watch loops of the embedded host (<see cref="WatchLoop"/>) when <see cref="CommitObserver"/> says so. The loops read due jobs from the due index, so
/// a job takes memory only while it is being polled.
/// </summary>
/// <param name="sources">The configured sources.</param>
/// <param name="time">The clock.</param>
public sealed class EmbeddedWatchRunner(Sources sources, TimeProvider time) : IWatchRunner
{
    private readonly ConcurrentDictionary<string, WakeSignal> _signals = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken) => new(Wake(job));

    /// <inheritdoc/>
    public ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        Wake(job);
        return ValueTask.CompletedTask;
    }

    /// <summary>Does nothing: no watch runs between polls, and the commit that ended the watch removed the job from the due index.</summary>
    public ValueTask EndAsync(JobKey key, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken) => new((RunningWatch?)null);

    /// <summary>The source of a name as it is configured now; null if it is not.</summary>
    internal Source? SourceOf(string name) => sources.Find(name);

    /// <summary>The signal that wakes the loop of a source.</summary>
    internal WakeSignal SignalOf(string source) => _signals.GetOrAdd(source, static (_, time) => new(time), time);

    /// <summary>Wakes all loops.</summary>
    internal void WakeAll()
    {
        foreach (var (_, signal) in _signals)
            signal.Wake();
    }

    /// <summary>The loop of a source has ended.</summary>
    internal void Forget(string source) => _signals.TryRemove(source, out _);

    private bool Wake(DueJob job)
    {
        // The source may have been removed from the settings.
        if (sources.Find(job.Key.Source) is null)
            return false;
        SignalOf(job.Key.Source).WakeBy(job.DueAt);
        return true;
    }
}

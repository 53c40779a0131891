using System.Collections.Frozen;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Embedded;

/// <summary>
/// Wakes the watch loops of the embedded host (<see cref="WatchLoop"/>) when <see cref="CommitObserver"/> says so. The loops read due jobs from the due index, so
/// a job takes memory only while it is being polled.
/// </summary>
public sealed class EmbeddedWatchRunner : IWatchRunner
{
    private readonly FrozenDictionary<string, WakeSignal> _signals;

    /// <summary>Creates the runner of the given sources.</summary>
    public EmbeddedWatchRunner(Sources sources, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(sources);
        _signals = sources.All.ToFrozenDictionary(source => source.Name, _ => new WakeSignal(time), StringComparer.Ordinal);
    }

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

    /// <summary>The signal that wakes the loop of a source.</summary>
    internal WakeSignal SignalOf(Source source) => _signals[source.Name];

    private bool Wake(DueJob job)
    {
        // The source may have been removed from the settings.
        if (!_signals.TryGetValue(job.Key.Source, out var signal))
            return false;
        signal.WakeBy(job.DueAt);
        return true;
    }
}

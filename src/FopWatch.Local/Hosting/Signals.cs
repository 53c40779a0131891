using System.Collections.Frozen;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Local.Hosting;

/// <summary>Wakes one sleeper. A call while nobody sleeps is remembered, so none is missed; several are one.</summary>
internal class Signal(TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _calls = new(0, 1);

    protected TimeProvider Time { get; } = time;

    public void Call()
    {
        try
        {
            _calls.Release();
        }
        catch (SemaphoreFullException)
        {
            // It is remembered already.
        }
    }

    /// <summary>Sleeps until called, at the longest for a given time.</summary>
    public virtual async Task SleepAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        if (longest <= TimeSpan.Zero)
        {
            await _calls.WaitAsync(0, cancellationToken);
            return;
        }

        using var timeout = new CancellationTokenSource(longest, Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await _calls.WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Time is up.
        }
    }

    /// <summary>Pauses for a time whatever is called, or until cancelled, which is no error.</summary>
    public async Task PauseAsync(TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(pause, Time, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Whoever pauses looks at the token.
        }
    }

    public void Dispose() => _calls.Dispose();
}

/// <summary>Wakes a watch loop when something becomes due sooner than it would wake by itself.</summary>
internal sealed class DueSignal(TimeProvider time) : Signal(time)
{
    private long _wakesAt = long.MaxValue;

    /// <summary>The loop is about to look at the index: whatever is committed from now on calls.</summary>
    public void Listen() => Volatile.Write(ref _wakesAt, long.MaxValue);

    public override Task SleepAsync(TimeSpan longest, CancellationToken cancellationToken)
    {
        Volatile.Write(ref _wakesAt, Time.GetUtcNow().UtcTicks + longest.Ticks);
        return base.SleepAsync(longest, cancellationToken);
    }

    /// <summary>Something is due at a time.</summary>
    public void Due(DateTimeOffset dueAt)
    {
        if (dueAt.UtcTicks < Volatile.Read(ref _wakesAt))
            Call();
    }
}

/// <summary>The signals of all sources' watch loops.</summary>
internal sealed class DueSignals(Sources sources, TimeProvider time) : IWatchRunner, IDisposable
{
    private readonly FrozenDictionary<string, DueSignal> _signals =
        sources.All.ToFrozenDictionary(source => source.Name, _ => new DueSignal(time), StringComparer.Ordinal);

    public DueSignal Of(string source) => _signals[source];

    public ValueTask<bool> StartAsync(DueJob job, CancellationToken cancellationToken)
    {
        Signal(job);
        return new(true);
    }

    public ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        Signal(job);
        return default;
    }

    // Nothing is held for a job that is not being polled.
    public ValueTask EndAsync(JobKey key, CancellationToken cancellationToken) => default;

    public ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken) => default;

    public void Dispose()
    {
        foreach (var signal in _signals.Values)
            signal.Dispose();
    }

    private void Signal(DueJob job)
    {
        if (_signals.TryGetValue(job.Key.Source, out var signal))
            signal.Due(job.DueAt);
    }
}

/// <summary>Wakes the outbox loop when an event was committed.</summary>
internal sealed class OutboxSignal(TimeProvider time) : Signal(time), ICommittedEvents
{
    public ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken)
    {
        Call();
        return ValueTask.CompletedTask;
    }
}

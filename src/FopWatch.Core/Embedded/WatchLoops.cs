using FopWatch.Diagnosis;
using FopWatch.PollLimits;
using FopWatch.Providers;
using FopWatch.Running;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Embedded;

/// <summary>
/// The watch loops of the configured sources, one each, so that a slow source does not delay others. A loop starts with its source, continues when
/// the source's settings change, and ends when the source is removed.
/// </summary>
/// <param name="sources">The configured sources.</param>
/// <param name="watches">Wakes the loops.</param>
/// <param name="due">The due index.</param>
/// <param name="step">Polls a job.</param>
/// <param name="slots">Limits concurrent polls.</param>
/// <param name="supervisor">Restarts loops that fail.</param>
/// <param name="work">Runs the polls.</param>
/// <param name="times">The times of the loops.</param>
/// <param name="troubles">Receives store failures.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class WatchLoops(
    Sources sources,
    EmbeddedWatchRunner watches,
    IDueIndex due,
    PollStep step,
    PollSlots slots,
    LoopSupervisor supervisor,
    IWorkScheduler work,
    LoopTimes times,
    Troubles troubles,
    ILogger log,
    TimeProvider time)
{
    private readonly WakeSignal _signal = new(time);

    /// <summary>Runs the loops until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var running = new Dictionary<string, Task>(StringComparer.Ordinal);
        try
        {
            while (true)
            {
                var replaced = sources.Replaced;
                var all = sources.All;
                foreach (var (name, _) in running.Where(one => one.Value.IsCompleted).ToList())
                {
                    running.Remove(name);
                    watches.Forget(name);

                    // Polls that were running at the removal may have failed since.
                    if (sources.Find(name) is null)
                        troubles.Forget(name);
                }

                foreach (var source in all.Where(source => !running.ContainsKey(source.Name)))
                {
                    // Signals the end after the task is complete. A signal from within the loop could be handled before that.
                    var loop = RunAsync(source, cancellationToken);
                    running.Add(source.Name, loop);
                    _ = SignalEndAsync(loop);
                }

                using (replaced.UnsafeRegister(_ => _signal.Wake(), null))
                    await _signal.WaitAsync(cancellationToken);

                // Loops of removed sources end, and changed sources may have more slots.
                if (replaced.IsCancellationRequested)
                    watches.WakeAll();
            }
        }
        finally
        {
            await Task.WhenAll(running.Values);
        }
    }

    private async Task SignalEndAsync(Task loop)
    {
        try
        {
            await loop;
        }
        finally
        {
            _signal.Wake();
        }
    }

    /// <summary>Runs the loop of a source. A failed loop is replaced, because its state may have caused the failure.</summary>
    private Task RunAsync(Source source, CancellationToken cancellationToken) =>
        supervisor.RunAsync(
            [
                new("watch loop", cancelled => new WatchLoop(source, watches, due, step, slots, work, times, troubles, log, time).RunAsync(cancelled))
                {
                    Source = source.Name,
                    MayEnd = true,
                },
            ],
            cancellationToken);
}

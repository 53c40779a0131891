using FopWatch.Diagnosis;
using FopWatch.Providers;
using FopWatch.Running;

namespace FopWatch.Watching;

/// <summary>The watch loops of all sources.</summary>
/// <param name="sources">The configured sources.</param>
/// <param name="watches">Wakes the loops.</param>
/// <param name="index">The due index.</param>
/// <param name="step">Polls a job.</param>
/// <param name="slots">How many polls there may be at once.</param>
/// <param name="work">Runs the polls.</param>
/// <param name="times">The times of the loops.</param>
/// <param name="troubles">Is told of a store that fails.</param>
/// <param name="log">The log.</param>
/// <param name="time">The clock.</param>
public sealed class WatchLoops(
    Sources sources,
    EmbeddedWatches watches,
    IDueIndex index,
    PollStep step,
    PollSlots slots,
    IWorkScheduler work,
    LoopTimes times,
    Troubles troubles,
    IRunLog log,
    TimeProvider time)
{
    /// <summary>The loops, one for each source. The polls that one has under way have ended when it ends.</summary>
    public IEnumerable<SupervisedLoop> Loops => sources.All.Select(
        source => new SupervisedLoop("watch loop", cancelled => LoopOf(source).RunAsync(cancelled)) { Source = source.Name });

    private WatchLoop LoopOf(Source source) => new(source, watches.SignalOf(source), index, step, slots, work, times, troubles, log, time);
}

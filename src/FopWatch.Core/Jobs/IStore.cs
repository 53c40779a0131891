using FopWatch.Intake;
using FopWatch.Publishing;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>A store: one for all that has to be committed together. What it has are views of the same database.</summary>
public interface IStore
{
    /// <summary>The jobs. A commit writes to the due index and the outbox as well.</summary>
    IJobStore Jobs { get; }

    /// <summary>The jobs that are to be polled, by time.</summary>
    IDueIndex Due { get; }

    /// <summary>The events that are committed and not yet published.</summary>
    IOutbox Outbox { get; }

    /// <summary>The notifications that could not be recorded.</summary>
    IQuarantine Quarantine { get; }

    /// <summary>The statistics.</summary>
    IStatistics Statistics { get; }
}

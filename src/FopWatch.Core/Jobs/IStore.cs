using FopWatch.Intake;
using FopWatch.Publishing;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>A store. Its members are views of one database, so that related data is committed together.</summary>
public interface IStore
{
    /// <summary>The jobs. A commit also writes to the due index and the outbox.</summary>
    IJobStore Jobs { get; }

    /// <summary>The jobs to poll, by time.</summary>
    IDueIndex Due { get; }

    /// <summary>The events that are committed but not yet published.</summary>
    IOutbox Outbox { get; }

    /// <summary>The notifications that could not be recorded.</summary>
    IQuarantine Quarantine { get; }

    /// <summary>The statistics.</summary>
    IStatistics Statistics { get; }
}

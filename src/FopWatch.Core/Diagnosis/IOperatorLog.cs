using FopWatch.Jobs;

namespace FopWatch.Diagnosis;

/// <summary>What the core says to whoever operates it. Called after the fact, from any thread; must not throw.</summary>
public interface IOperatorLog
{
    /// <summary>A job has a new outcome, and it is committed.</summary>
    /// <param name="job">The job.</param>
    /// <param name="references">Give its reference, which may be logged; its id may not.</param>
    void Settled(Job job, JobReferences references);

    /// <summary>Something goes wrong, for the first time or still.</summary>
    void Warn(Trouble trouble);

    /// <summary>Something that was warned of is over.</summary>
    /// <param name="trouble">How it stood at the end.</param>
    /// <param name="lasted">From its beginning to the last time that it happened.</param>
    void Over(Trouble trouble, TimeSpan lasted);
}

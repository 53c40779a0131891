using FopWatch.Jobs;

namespace FopWatch.Diagnosis;

/// <summary>Reports events to the operator. Called afterwards, from any thread; must not throw.</summary>
public interface IOperatorLog
{
    /// <summary>A new outcome of a job was committed.</summary>
    /// <param name="job">The job.</param>
    /// <param name="references">Provides the reference of the job. References may be logged, ids may not.</param>
    void Settled(Job job, JobReferences references);

    /// <summary>A trouble has begun or continues.</summary>
    void Warn(Trouble trouble);

    /// <summary>A trouble that was reported is over.</summary>
    /// <param name="trouble">The trouble in its last state.</param>
    /// <param name="lasted">The time from its first to its last occurrence.</param>
    void Over(Trouble trouble, TimeSpan lasted);
}

using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>What <see cref="JobDecider"/> decides about: everything that can change a job.</summary>
public abstract record DecisionInput
{
    private DecisionInput()
    {
    }

    /// <summary>What made the change.</summary>
    public virtual CommitCause Cause => CommitCause.Outside;

    /// <summary>The origin of the job that is created where there is none; null if none is.</summary>
    internal virtual JobOrigin? Creates => null;

    /// <summary>From the creation of the job to its first poll; null for the source's setting.</summary>
    internal virtual TimeSpan? FirstPoll => null;

    /// <summary>An application registers the job.</summary>
    /// <param name="Metadata">What to echo in every event.</param>
    /// <param name="FirstPollAfter">From now to the first poll; null for the source's setting.</param>
    public sealed record Registration(IReadOnlyDictionary<string, string> Metadata, TimeSpan? FirstPollAfter) : DecisionInput
    {
        internal override JobOrigin? Creates => JobOrigin.Registration;

        internal override TimeSpan? FirstPoll => FirstPollAfter;
    }

    /// <summary>A trusted notification reports on the job.</summary>
    /// <param name="Told">The report.</param>
    /// <param name="Correlation">The correlation in the path of the notify URL; null if it has none.</param>
    public sealed record Report(JobReport Told, string? Correlation) : DecisionInput
    {
        internal override JobOrigin? Creates => JobOrigin.Report;
    }

    /// <summary>A notification that is not trusted names the job.</summary>
    /// <param name="IsWorkflow">Whether it names the job as a workflow whose status has a query of its own.</param>
    public sealed record Hint(bool IsWorkflow) : DecisionInput
    {
        internal override JobOrigin? Creates => JobOrigin.Hint;

        internal override TimeSpan? FirstPoll => TimeSpan.Zero;
    }

    /// <summary>The status API was asked.</summary>
    /// <param name="Asked">
    /// The watch as it was when the question was asked. If the job had been given up by then and the provider reports that it goes on, it is watched
    /// again; the answer to a question that is older than the giving up does not undo it.
    /// </param>
    /// <param name="Answer">The answer.</param>
    /// <param name="Chance">A random number, at least 0 and less than 1, by which the next wait varies.</param>
    /// <param name="By">Whether the job's own watch asked.</param>
    public sealed record Polled(Watch Asked, StatusAnswer Answer, double Chance, CommitCause By) : DecisionInput
    {
        /// <inheritdoc/>
        public override CommitCause Cause => By;
    }

    /// <summary>Somebody wants the job watched no longer.</summary>
    public sealed record StopWatching : DecisionInput;

    /// <summary>Somebody wants the outcome published again.</summary>
    public sealed record Republish : DecisionInput;

    /// <summary>The sweep found that a watched job is in no index.</summary>
    public sealed record RestoreWatch : DecisionInput;

    /// <summary>A poll found a job in the due index that has nothing to be polled for.</summary>
    public sealed record Reindex : DecisionInput;

    /// <summary>The sweep found that a clock which was ahead may have set the times of the watch.</summary>
    public sealed record CorrectTimes : DecisionInput;
}

using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>The input of <see cref="JobDecider"/>: everything that can change a job.</summary>
public abstract record DecisionInput
{
    private DecisionInput()
    {
    }

    /// <summary>The origin of the job that the input creates if there is none; null if it creates none.</summary>
    internal virtual JobOrigin? Creates => null;

    /// <summary>The origin that decides whether a <see cref="Tombstone"/> keeps the id out.</summary>
    internal virtual JobOrigin? ComesAs => Creates;

    /// <summary>The time from the creation of the job to its first poll; null for the source's setting.</summary>
    internal virtual TimeSpan? FirstPoll => null;

    /// <summary>
    /// An application registers the job, even if its id has a <see cref="Tombstone"/>. Re-registering merges metadata. If that adds metadata to a settled job, its
    /// outcome is published again. Re-registering also resumes the watch of a job without an outcome that was stopped or given up.
    /// </summary>
    /// <param name="Metadata">The metadata to echo in every event.</param>
    /// <param name="FirstPollAfter">The time from now to the first poll; null for the source's setting. It counts only at the first registration.</param>
    public sealed record Registration(IReadOnlyDictionary<string, string> Metadata, TimeSpan? FirstPollAfter) : DecisionInput
    {
        /// <summary>
        /// Whether the provider's upload callback registers the job, and not an application. The callback may be a repetition, so an id with a
        /// <see cref="Tombstone"/> is not registered again.
        /// </summary>
        public bool IsUploadCallback { get; init; }

        internal override JobOrigin? ComesAs => IsUploadCallback ? JobOrigin.Report : Creates;

        internal override JobOrigin? Creates => JobOrigin.Registration;

        internal override TimeSpan? FirstPoll => FirstPollAfter;
    }

    /// <summary>
    /// A trusted notification reports on the job. If the job was given up and still has no outcome, it is watched again, because the provider knows the id.
    /// </summary>
    /// <param name="Told">The report.</param>
    /// <param name="Correlation">The correlation in the path of the notify URL; null if there is none. It becomes metadata unless the job already has one.</param>
    public sealed record Report(JobReport Told, string? Correlation) : DecisionInput
    {
        /// <summary>How far the signature is trusted, for the timeline; less than strong if the source trusts the token of the URL.</summary>
        public Trust Trust { get; init; } = Trust.Strong;

        internal override JobOrigin? Creates => JobOrigin.Report;
    }

    /// <summary>An untrusted notification names the job, so its next poll is due now.</summary>
    /// <param name="IsWorkflow">Whether it names the job as a workflow, whose status has a separate query.</param>
    public sealed record Hint(bool IsWorkflow) : DecisionInput
    {
        /// <summary>How far the signature is trusted, for the timeline.</summary>
        public Trust Trust { get; init; } = Trust.None;

        internal override JobOrigin? Creates => JobOrigin.Hint;

        internal override TimeSpan? FirstPoll => TimeSpan.Zero;
    }

    /// <summary>The status API was asked.</summary>
    /// <param name="Asked">
    /// The watch at the time of the request. If the job had already been given up then, and the provider reports that it is still running, it is watched
    /// again. The answer to a request that was sent before the job was given up does not resume the watch.
    /// </param>
    /// <param name="Answer">The answer.</param>
    /// <param name="Chance">A random number, at least 0 and less than 1, that varies the next wait.</param>
    public sealed record Polled(Watch Asked, StatusAnswer Answer, double Chance) : DecisionInput
    {
        /// <summary>Whether somebody requested the poll; if not, it was due.</summary>
        public bool IsRequested { get; init; }
    }

    /// <summary>Somebody stops the watch of the job. The job stays unchanged, and a notification can still settle it.</summary>
    public sealed record StopWatching : DecisionInput;

    /// <summary>Somebody has the outcome published again. It gets a new version, because brokers drop event ids that they have seen.</summary>
    public sealed record Republish : DecisionInput;

    /// <summary>The sweep found that a watched job is in no index.</summary>
    public sealed record RestoreWatch : DecisionInput;

    /// <summary>A poll found a job in the due index that needs no poll.</summary>
    public sealed record Reindex : DecisionInput;

    /// <summary>The sweep found that a clock that was ahead may have set the times of the watch; see <see cref="PollPlan.Corrected"/>.</summary>
    public sealed record CorrectTimes : DecisionInput;

    /// <summary>Somebody requests a poll by a time. An expired job is watched again from then on. A stopped job and a job with an outcome stay unchanged.</summary>
    /// <param name="At">The time. A poll that is due sooner keeps its due time.</param>
    public sealed record PollBy(DateTimeOffset At) : DecisionInput;

    /// <summary>An input that applies only if the job still matches the query that found it.</summary>
    /// <param name="Query">The query.</param>
    /// <param name="Then">The input. It creates no job.</param>
    public sealed record Matching(JobQuery Query, DecisionInput Then) : DecisionInput;
}

using FopWatch.Providers;
using FopWatch.Watching;

namespace FopWatch.Jobs;

/// <summary>What <see cref="JobDecider"/> decides about: everything that can change a job.</summary>
public abstract record DecisionInput
{
    private DecisionInput()
    {
    }

    /// <summary>The origin of the job that is created where there is none; null if none is.</summary>
    internal virtual JobOrigin? Creates => null;

    /// <summary>What names the id, for whether its <see cref="Tombstone"/> keeps it out.</summary>
    internal virtual JobOrigin? ComesAs => Creates;

    /// <summary>From the creation of the job to its first poll; null for the source's setting.</summary>
    internal virtual TimeSpan? FirstPoll => null;

    /// <summary>
    /// An application registers the job, also one whose id has a <see cref="Tombstone"/>. Re-registering merges metadata, publishes the outcome of a
    /// settled job again if that added any, and resumes the watch of a job without an outcome whose watch was stopped or that was given up.
    /// </summary>
    /// <param name="Metadata">What to echo in every event.</param>
    /// <param name="FirstPollAfter">From now to the first poll; null for the source's setting. Counts only the first time.</param>
    public sealed record Registration(IReadOnlyDictionary<string, string> Metadata, TimeSpan? FirstPollAfter) : DecisionInput
    {
        /// <summary>
        /// Whether the provider's upload callback registers it, and not an application. It may be a repetition, so an id that has a <see cref="Tombstone"/>
        /// stays out.
        /// </summary>
        public bool IsUploadCallback { get; init; }

        internal override JobOrigin? ComesAs => IsUploadCallback ? JobOrigin.Report : Creates;

        internal override JobOrigin? Creates => JobOrigin.Registration;

        internal override TimeSpan? FirstPoll => FirstPollAfter;
    }

    /// <summary>
    /// A trusted notification reports on the job. A job that was given up and has no outcome still is watched again, since the provider plainly knows of it.
    /// </summary>
    /// <param name="Told">The report.</param>
    /// <param name="Correlation">The correlation in the path of the notify URL, kept as metadata unless there is one already; null if it has none.</param>
    public sealed record Report(JobReport Told, string? Correlation) : DecisionInput
    {
        /// <summary>What its signature is worth, for the timeline; less than strong if the token of its URL is trusted.</summary>
        public Trust Trust { get; init; } = Trust.Strong;

        internal override JobOrigin? Creates => JobOrigin.Report;
    }

    /// <summary>A notification that is not trusted names the job: its next poll is due now.</summary>
    /// <param name="IsWorkflow">Whether it names the job as a workflow whose status has a query of its own.</param>
    public sealed record Hint(bool IsWorkflow) : DecisionInput
    {
        /// <summary>What its signature is worth, for the timeline.</summary>
        public Trust Trust { get; init; } = Trust.None;

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
    public sealed record Polled(Watch Asked, StatusAnswer Answer, double Chance) : DecisionInput
    {
        /// <summary>Whether somebody asked for the poll; otherwise it was due.</summary>
        public bool IsRequested { get; init; }
    }

    /// <summary>Somebody wants the job watched no longer. It stays as it is, and a notification still settles it.</summary>
    public sealed record StopWatching : DecisionInput;

    /// <summary>Somebody wants the outcome published again: as a new version, since brokers drop an event id that they have seen.</summary>
    public sealed record Republish : DecisionInput;

    /// <summary>The sweep found that a watched job is in no index.</summary>
    public sealed record RestoreWatch : DecisionInput;

    /// <summary>A poll found a job in the due index that has nothing to be polled for.</summary>
    public sealed record Reindex : DecisionInput;

    /// <summary>The sweep found that a clock which was ahead may have set the times of the watch; see <see cref="PollPlan.Corrected"/>.</summary>
    public sealed record CorrectTimes : DecisionInput;

    /// <summary>Somebody wants the job polled by a time. An expired job is watched again from then on; a stopped one, and one with an outcome, stays as it is.</summary>
    /// <param name="At">The time. A poll that is due sooner stays so.</param>
    public sealed record PollBy(DateTimeOffset At) : DecisionInput;

    /// <summary>Something that is to happen only if the job still passes the filters by which it was found.</summary>
    /// <param name="Query">The filters.</param>
    /// <param name="Then">What is to happen. It creates no job.</param>
    public sealed record Matching(JobQuery Query, DecisionInput Then) : DecisionInput;
}

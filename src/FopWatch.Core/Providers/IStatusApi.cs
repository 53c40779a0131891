using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>How a status API answered.</summary>
/// <param name="Answer">What it means for the plan of further polls.</param>
/// <param name="Report">What it said; only with <see cref="PollAnswer.Report"/>.</param>
/// <param name="Detail">The status, error or reason in words for the operator, without the body; null with a report.</param>
/// <param name="RetryAfter">How long it asked us to wait; null if it did not say.</param>
/// <param name="Asked">False where the API was spared the question, because it asked to be left alone for longer.</param>
/// <param name="NeedsKeys">True where only a valid key of the source's account would get an answer.</param>
public sealed record StatusAnswer(
    PollAnswer Answer,
    JobReport? Report = null,
    string? Detail = null,
    TimeSpan? RetryAfter = null,
    bool Asked = true,
    bool NeedsKeys = false)
{
    /// <summary>The most characters of <see cref="InWords()"/>.</summary>
    public const int MaxWords = 200;

    /// <summary>What bounds the memory of the report. Whoever asked disposes of it when the report is recorded; null if it needs no bound.</summary>
    public IDecodeTurn? Turn { get; init; }

    /// <summary>
    /// The answer in words for whoever wants to know why a job is not settled, with the code that the status API gave. Holds nothing of a body, no
    /// id and no key.
    /// </summary>
    public string InWords()
    {
        var words = string.Join(": ", new[] { Detail, Meaning() }.Where(part => part is not null));
        return words.Length <= MaxWords ? words : words[..MaxWords];
    }

    /// <summary>An answer in words where nothing but its kind is known.</summary>
    public static string InWords(PollAnswer answer) => new StatusAnswer(answer).InWords();

    /// <summary>A report of this state in words.</summary>
    internal static string InWords(JobState state) => $"the report: {WireNames.Of(state)}";

    /// <summary>How the report by itself says that the job stands; null without one.</summary>
    internal JobState? StateOfReport =>
        Answer == PollAnswer.Report && Report is { Facts: var facts } ? facts.Outcome ?? (facts.Started ? JobState.Processing : JobState.Waiting) : null;

    private string? Meaning() => Answer switch
    {
        PollAnswer.None => "not asked yet",
        PollAnswer.Report when StateOfReport is { } state => InWords(state),
        PollAnswer.Report => "a report",
        PollAnswer.NotFound => "the status API does not know this id",
        PollAnswer.Throttled when Asked => "the status API asks to slow down",
        PollAnswer.Throttled => "not asked, because the status API asked to slow down",
        _ when Detail is not null => null,
        PollAnswer.Unavailable => "the status API could not be reached or failed",
        _ => "the status API refused the question, or its answer could not be understood",
    };
}

/// <summary>Asks a source's status API about jobs.</summary>
public interface IStatusApi
{
    /// <summary>Asks once. Whatever the API does is an answer; only cancellation throws.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The job's id.</param>
    /// <param name="isWorkflow">Whether anything has named the job as a workflow whose status has a query of its own.</param>
    /// <param name="cancellationToken">Cancels.</param>
    Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken);
}

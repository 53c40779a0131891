using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Watching;

namespace FopWatch.Providers;

/// <summary>The answer of a status API.</summary>
/// <param name="Answer">The kind of answer, on which further polls depend.</param>
/// <param name="Report">The report; only with <see cref="PollAnswer.Report"/>.</param>
/// <param name="Detail">The status, error or reason for the operator, without the body; null with a report.</param>
/// <param name="RetryAfter">How long it asked to wait; null if it did not say.</param>
/// <param name="Asked">False if the API was not asked, because it asked for a longer pause.</param>
/// <param name="NeedsKeys">True if only a valid key of the source's account would get an answer.</param>
public sealed record StatusAnswer(
    PollAnswer Answer,
    JobReport? Report = null,
    string? Detail = null,
    TimeSpan? RetryAfter = null,
    bool Asked = true,
    bool NeedsKeys = false)
{
    /// <summary>The longest text of <see cref="InWords()"/>, in characters.</summary>
    public const int MaxWords = 200;

    /// <summary>Bounds the memory of the report; null if it needs no bound. The caller disposes of it once the report is recorded.</summary>
    public IDecodeTurn? Turn { get; init; }

    /// <summary>
    /// The answer as text, with the code that the status API gave. It shows why a job is not settled. It holds nothing of a body, no id and no key.
    /// </summary>
    public string InWords()
    {
        var words = string.Join(": ", new[] { Detail, Meaning() }.Where(part => part is not null));
        return words.Length <= MaxWords ? words : words[..MaxWords];
    }

    /// <summary>An answer as text, if only its kind is known.</summary>
    public static string InWords(PollAnswer answer) => new StatusAnswer(answer).InWords();

    /// <summary>A report with a state as text.</summary>
    internal static string InWords(JobState state) => $"the report: {WireNames.Of(state)}";

    /// <summary>The state according to the report alone; null without a report.</summary>
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
        _ => "the status API refused the request, or its answer could not be understood",
    };
}

/// <summary>Polls the status API of a source.</summary>
public interface IStatusApi
{
    /// <summary>Polls once. Everything that the API does gives an answer; only cancellation and replaced settings throw.</summary>
    /// <param name="source">The source.</param>
    /// <param name="id">The id of the job.</param>
    /// <param name="isWorkflow">Whether a notification has named the job as a workflow, whose status has a separate query.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <exception cref="SourceReplacedException">The settings of the source were replaced while the question waited for the source's rate.</exception>
    Task<StatusAnswer> AskAsync(Source source, string id, bool isWorkflow, CancellationToken cancellationToken);
}

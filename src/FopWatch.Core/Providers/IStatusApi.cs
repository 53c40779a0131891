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
    bool NeedsKeys = false);

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

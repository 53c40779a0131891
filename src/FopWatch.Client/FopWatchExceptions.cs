namespace FopWatch.Client;

/// <summary>A call to FopWatch failed.</summary>
public abstract class FopWatchException : Exception
{
    private protected FopWatchException(string message, Problem? problem, Exception? innerException)
        : base(message, innerException) => Problem = problem;

    /// <summary>The problem that FopWatch answered; null if it did not answer, or something else did.</summary>
    public Problem? Problem { get; }
}

/// <summary>
/// The host cannot be reached, does not answer in time, is unavailable (status 429 or 5xx), or is not FopWatch. A change may or may not
/// have been made: repeat the call.
/// </summary>
public sealed class FopWatchUnreachableException : FopWatchException
{
    internal FopWatchUnreachableException(string message, Problem? problem = null, Exception? innerException = null)
        : base(message, problem, innerException)
    {
    }

    /// <summary>
    /// Whether the same call may succeed later. True for no connection, a cut connection, no answer in time, and status 429, 502, 503 or
    /// 504. False if the host is broken or is not FopWatch.
    /// </summary>
    public bool IsTransient { get; internal init; }

    /// <summary>Whether the call may have reached the host.</summary>
    internal bool MayHaveReached { get; init; } = true;

    /// <summary>Whether the host answered that it is unavailable.</summary>
    internal bool IsNotNow { get; init; }

    internal TimeSpan? RetryAfter { get; init; }
}

/// <summary>The host refused a request (status 4xx), and would refuse it again.</summary>
public sealed class FopWatchRefusedException : FopWatchException
{
    internal FopWatchRefusedException(Problem problem)
        : base(problem.ToWords(), problem, null)
    {
    }

    /// <summary>The reason.</summary>
    public new Problem Problem => base.Problem!;
}

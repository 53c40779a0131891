namespace FopWatch.Client;

/// <summary>FopWatch did not do what it was asked for.</summary>
public abstract class FopWatchException : Exception
{
    private protected FopWatchException(string message, Problem? problem, Exception? innerException)
        : base(message, innerException) => Problem = problem;

    /// <summary>What FopWatch answered; null where it did not answer, or something else did.</summary>
    public Problem? Problem { get; }
}

/// <summary>
/// The host cannot be reached, does not answer in time, cannot do it now (status 429 or 5xx), or is not FopWatch. Whether a change was
/// made is not known: repeat the call.
/// </summary>
public sealed class FopWatchUnreachableException : FopWatchException
{
    internal FopWatchUnreachableException(string message, Problem? problem = null, Exception? innerException = null)
        : base(message, problem, innerException)
    {
    }

    /// <summary>
    /// Whether the same call may succeed later: no connection, a cut connection, no answer in time, or status 429, 502, 503 or 504. False where the host
    /// is out of order or is not FopWatch.
    /// </summary>
    public bool IsTransient { get; internal init; }

    /// <summary>Whether the call may have reached the host.</summary>
    internal bool MayHaveReached { get; init; } = true;

    /// <summary>Whether the host refused to do it now.</summary>
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

    /// <summary>Why.</summary>
    public new Problem Problem => base.Problem!;
}

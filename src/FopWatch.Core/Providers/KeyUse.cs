namespace FopWatch.Providers;

/// <summary>What became of the keys of a source at its status API of workflows. Other keys, or another API, begin anew. Thread-safe.</summary>
/// <param name="source">The source.</param>
internal sealed class KeyUse(Source source)
{
    private int _needs;

    /// <summary>The access key that was accepted last; null if none was.</summary>
    public string? Accepted
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>The last time that every key was refused; null if they were not.</summary>
    public RefusedKeys? Refused
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Whether it is about the keys and the API that a source has.</summary>
    public bool IsOf(Source other) => source.Keys.Equals(other.Keys) && source.WorkflowEndpoint == other.WorkflowEndpoint;

    /// <summary>Whether a valid key is needed for the first time.</summary>
    public bool IsFirstNeed() => Interlocked.Exchange(ref _needs, 1) == 0;
}

/// <summary>Every key of a source was refused.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="At">When, as a timestamp.</param>
internal sealed record RefusedKeys(StatusAnswer Answer, long At);

namespace FopWatch.Providers;

/// <summary>Which keys of a source its workflow API accepted and refused. A source with other keys or another API gets a new instance. Thread-safe.</summary>
/// <param name="source">The source.</param>
internal sealed class KeyUse(Source source)
{
    private int _needs;

    /// <summary>The last accepted access key; null if none was accepted.</summary>
    public string? Accepted
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>The last refusal of every key; null if there was none.</summary>
    public RefusedKeys? Refused
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    /// <summary>Whether a source has these keys and this API.</summary>
    public bool IsOf(Source other) => source.Keys.Equals(other.Keys) && source.WorkflowEndpoint == other.WorkflowEndpoint;

    /// <summary>True for the first call only.</summary>
    public bool IsFirstNeed() => Interlocked.Exchange(ref _needs, 1) == 0;
}

/// <summary>Every key of a source was refused.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="At">When, as a timestamp.</param>
internal sealed record RefusedKeys(StatusAnswer Answer, long At);

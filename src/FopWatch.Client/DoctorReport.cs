namespace FopWatch.Client;

/// <summary>What an examination of the installation found.</summary>
public sealed record DoctorReport
{
    /// <summary>When it began.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What it found, in the order of the checks.</summary>
    public required IReadOnlyList<DoctorFinding> Findings { get; init => field = Given.Whole(value); }
}

/// <summary>One thing that an examination found.</summary>
public sealed record DoctorFinding
{
    /// <summary>What was examined, in a stable word such as <c>statusApi</c>. Newer hosts have more words.</summary>
    public required string Check { get; init => field = Given.NotNull(value); }

    /// <summary>The source that it is about; null if it concerns the whole installation.</summary>
    public string? Source { get; init; }

    /// <summary>How it is: <c>pass</c>, <c>info</c>, <c>warning</c>, <c>trouble</c> or <c>skipped</c>.</summary>
    public required string Level { get; init => field = Given.NotNull(value); }

    /// <summary>What was found, in English.</summary>
    public required string What { get; init => field = Given.NotNull(value); }

    /// <summary>Why it matters; null if it says so itself.</summary>
    public string? Why { get; init; }

    /// <summary>What to do about it; null if there is nothing to do.</summary>
    public string? Fix { get; init; }
}

namespace FopWatch.Client;

/// <summary>The result of an examination of the installation.</summary>
public sealed record DoctorReport
{
    /// <summary>When the examination began.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The findings, in the order of the checks.</summary>
    public required IReadOnlyList<DoctorFinding> Findings { get; init => field = Given.Whole(value); }
}

/// <summary>A finding of an examination.</summary>
public sealed record DoctorFinding
{
    /// <summary>The check, as a stable word such as <c>statusApi</c>. Newer hosts may have more checks.</summary>
    public required string Check { get; init => field = Given.NotNull(value); }

    /// <summary>The source that the finding concerns; null if it concerns the whole installation.</summary>
    public string? Source { get; init; }

    /// <summary>The level: <c>pass</c>, <c>info</c>, <c>warning</c>, <c>trouble</c> or <c>skipped</c>.</summary>
    public required string Level { get; init => field = Given.NotNull(value); }

    /// <summary>What was found, in English.</summary>
    public required string What { get; init => field = Given.NotNull(value); }

    /// <summary>Why it matters; null if that is evident.</summary>
    public string? Why { get; init; }

    /// <summary>What to do about it; null if there is nothing to do.</summary>
    public string? Fix { get; init; }
}

namespace FopWatch.Client;

/// <summary>When the jobs of the sources are polled, and the expected cost for the known jobs.</summary>
public sealed record PlanReport
{
    /// <summary>The sources, by name.</summary>
    public required IReadOnlyList<SourcePlanReport> Sources { get; init => field = Given.Whole(value); }
}

/// <summary>The plans of a source.</summary>
public sealed record SourcePlanReport
{
    /// <summary>The name.</summary>
    public required string Name { get; init => field = Given.NotNull(value); }

    /// <summary>Whether jobs are polled by learned plans (<c>learned</c>) or by the fixed plan (<c>fixed</c>).</summary>
    public required string Plan { get; init => field = Given.NotNull(value); }

    /// <summary>Why the fixed plan is used, in English; null for learned plans.</summary>
    public string? Reason { get; init; }

    /// <summary>The share of notified jobs in the last 7 days; null if no job is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>The plan of all jobs except idle-time tasks; null if no job is known.</summary>
    public ClassPlanReport? OfSource { get; init; }

    /// <summary>The classes, those with the most known jobs first.</summary>
    public required IReadOnlyList<ClassPlanReport> Classes { get; init => field = Given.Whole(value); }
}

/// <summary>The plan of a class of jobs. Expected values are means over the known jobs, including notified ones.</summary>
public sealed record ClassPlanReport
{
    /// <summary>The class, such as <c>avthumb/mp4</c>; null for all jobs of a source.</summary>
    public string? Class { get; init; }

    /// <summary>The number of known jobs. A job loses half its weight per week, so this is not a whole number.</summary>
    public required double Known { get; init; }

    /// <summary>The plan by which its jobs are polled: <c>learned</c>, <c>source</c> or <c>fixed</c>.</summary>
    public required string Plan { get; init => field = Given.NotNull(value); }

    /// <summary>The ages in seconds at which a job that never ends is polled, up to the deadline, at most 200.</summary>
    public required IReadOnlyList<double> Ages { get; init => field = Given.NotNull(value); }

    /// <summary>Whether <see cref="Ages"/> ends before the deadline, so that a job is also polled at greater ages.</summary>
    public bool AgesCut { get; init; }

    /// <summary>The age in seconds from which a job is overdue; null if no job of this class becomes overdue.</summary>
    public double? OverdueAfter { get; init; }

    /// <summary>The mean number of polls.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>The mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }

    /// <summary>The optimum's delay divided by the plan's; null if there is no optimum.</summary>
    public double? Efficiency { get; init; }

    /// <summary>The expected cost of the fixed plan.</summary>
    public required FixedPlanReport Fixed { get; init => field = Given.NotNull(value); }

    /// <summary>The least mean delay with as many polls; null if it was not computed.</summary>
    public OptimumReport? Optimum { get; init; }

    /// <summary>How long its jobs took, from the first to the last range in which a job ended.</summary>
    public required IReadOnlyList<AgeRange> Histogram { get; init => field = Given.Whole(value); }
}

/// <summary>The expected cost of the fixed plan.</summary>
public sealed record FixedPlanReport
{
    /// <summary>The mean number of polls.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>The mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }
}

/// <summary>The least mean delay of any plan for exactly these jobs, with as many polls.</summary>
public sealed record OptimumReport
{
    /// <summary>The mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }
}

/// <summary>The share of jobs that ended at ages in a range.</summary>
public sealed record AgeRange
{
    /// <summary>The lower bound in seconds, inclusive.</summary>
    public required double From { get; init; }

    /// <summary>The upper bound in seconds, exclusive.</summary>
    public required double To { get; init; }

    /// <summary>The share of all known jobs that ended in the range.</summary>
    public required double Share { get; init; }
}

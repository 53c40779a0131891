namespace FopWatch.Client;

/// <summary>When the jobs of the sources are polled, and what that comes to for the jobs that are known.</summary>
public sealed record PlanReport
{
    /// <summary>The sources, by name.</summary>
    public required IReadOnlyList<SourcePlanReport> Sources { get; init => field = Given.Whole(value); }
}

/// <summary>The plans of a source.</summary>
public sealed record SourcePlanReport
{
    /// <summary>Its name.</summary>
    public required string Name { get; init => field = Given.NotNull(value); }

    /// <summary>Whether its jobs are polled by learned plans (<c>learned</c>) or by the fixed one (<c>fixed</c>).</summary>
    public required string Plan { get; init => field = Given.NotNull(value); }

    /// <summary>Why by the fixed one, in English; null if they are not.</summary>
    public string? Reason { get; init; }

    /// <summary>How many of the jobs of the last 7 days were notified; null if none is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>All of its jobs but idle-time tasks; null if none is known.</summary>
    public ClassPlanReport? OfSource { get; init; }

    /// <summary>Its classes, those of the most known jobs first.</summary>
    public required IReadOnlyList<ClassPlanReport> Classes { get; init => field = Given.Whole(value); }
}

/// <summary>The plan of a class of jobs. Expectations are means over the known jobs, notified ones included.</summary>
public sealed record ClassPlanReport
{
    /// <summary>The class, such as <c>avthumb/mp4</c>; null for all jobs of a source.</summary>
    public string? Class { get; init; }

    /// <summary>How many jobs are known. A job loses half of its weight in a week, so it is not a whole number.</summary>
    public required double Known { get; init; }

    /// <summary>By which plan its jobs are polled: <c>learned</c>, <c>source</c> or <c>fixed</c>.</summary>
    public required string Plan { get; init => field = Given.NotNull(value); }

    /// <summary>The ages in seconds at which a job is polled that is never notified and never over: up to the deadline, or 200 of them.</summary>
    public required IReadOnlyList<double> Ages { get; init => field = Given.NotNull(value); }

    /// <summary>Whether <see cref="Ages"/> ends before the deadline: a job is polled at greater ages too.</summary>
    public bool AgesCut { get; init; }

    /// <summary>The age in seconds from which a job is overdue; null if no job of it is ever overdue.</summary>
    public double? OverdueAfter { get; init; }

    /// <summary>The mean number of polls.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>The mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }

    /// <summary>The optimum's delay divided by the plan's; null if there is no optimum.</summary>
    public double? Efficiency { get; init; }

    /// <summary>What the fixed plan would come to.</summary>
    public required FixedPlanReport Fixed { get; init => field = Given.NotNull(value); }

    /// <summary>The least mean delay at as many polls; null where it was not computed.</summary>
    public OptimumReport? Optimum { get; init; }

    /// <summary>How long its jobs took: from the first to the last range in which any was over.</summary>
    public required IReadOnlyList<AgeRange> Histogram { get; init => field = Given.Whole(value); }
}

/// <summary>What the fixed plan would come to.</summary>
public sealed record FixedPlanReport
{
    /// <summary>The mean number of polls.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>The mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }
}

/// <summary>The least mean delay of any plan for exactly these jobs, at as many polls.</summary>
public sealed record OptimumReport
{
    /// <summary>The mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }
}

/// <summary>How many jobs were over at ages in a range.</summary>
public sealed record AgeRange
{
    /// <summary>The least age in seconds.</summary>
    public required double From { get; init; }

    /// <summary>The age in seconds that is not in it any more.</summary>
    public required double To { get; init; }

    /// <summary>The share of all known jobs that were over.</summary>
    public required double Share { get; init; }
}

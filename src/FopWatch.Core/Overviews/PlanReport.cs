namespace FopWatch.Overviews;

/// <summary>When the jobs of the sources are polled, and what that comes to for the jobs that are known.</summary>
/// <param name="Sources">The sources, by name.</param>
public sealed record PlanReport(IReadOnlyList<SourcePlanReport> Sources);

/// <summary>The plans of a source.</summary>
public sealed record SourcePlanReport
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether this process polls its jobs by learned plans.</summary>
    public required PlanInUse Plan { get; init; }

    /// <summary>Why it does not, in English; null if it does.</summary>
    public string? Reason { get; init; }

    /// <summary>How many of the jobs of the last 7 days were notified; null if none is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>All of its jobs but idle-time tasks: jobs of unknown class, and of classes without a plan of their own, have this plan. Null if none is known.</summary>
    public ClassPlanReport? OfSource { get; init; }

    /// <summary>Its classes, those of the most known jobs first.</summary>
    public required IReadOnlyList<ClassPlanReport> Classes { get; init; }
}

/// <summary>The plan of a class of jobs. Expectations are means over the known jobs, notified ones included.</summary>
public sealed record ClassPlanReport
{
    /// <summary>The class, such as <c>avthumb/mp4</c>; null for all jobs of a source.</summary>
    public string? Class { get; init; }

    /// <summary>How many jobs are known. A job loses half of its weight in a week, so it is not a whole number.</summary>
    public required double Known { get; init; }

    /// <summary>By which plan its jobs are polled.</summary>
    public required PlanInUse Plan { get; init; }

    /// <summary>
    /// The ages in seconds at which a job is polled that is never notified and never over, from its registration and without jitter: up to the deadline, or 200 of them. The first is that of the source: before it, a job's class is not known.
    /// </summary>
    public required IReadOnlyList<double> Ages { get; init; }

    /// <summary>Whether <see cref="Ages"/> ends before the deadline: a job is polled at greater ages too, as long as it is open.</summary>
    public bool AgesCut { get; init; }

    /// <summary>The mean number of polls.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>The mean delay in seconds.</summary>
    public required double ExpectedDelay { get; init; }

    /// <summary>
    /// The age in seconds from which a job is overdue: 1.5 times the 95th percentile of its class, or of its source where fewer than 20 jobs of the class are known; null if no job of it is ever overdue.
    /// </summary>
    public double? OverdueAfter { get; init; }

    /// <summary>The optimum's delay divided by the plan's; null if there is no optimum.</summary>
    public double? Efficiency { get; init; }

    /// <summary>What the fixed plan would come to.</summary>
    public required FixedPlanReport Fixed { get; init; }

    /// <summary>The least mean delay at as many polls; null if fewer than 20 jobs are known, and for classes after the 16 of the most jobs.</summary>
    public OptimumReport? Optimum { get; init; }

    /// <summary>
    /// How long its jobs took: from the first to the last range in which any was over. A job that a poll found is spread over the time since the poll before it, so a range may have the share of less than one job.
    /// </summary>
    public required IReadOnlyList<AgeRange> Histogram { get; init; }
}

/// <summary>What the fixed plan would come to.</summary>
/// <param name="ExpectedPolls">The mean number of polls.</param>
/// <param name="ExpectedDelay">The mean delay in seconds.</param>
public sealed record FixedPlanReport(double ExpectedPolls, double ExpectedDelay);

/// <summary>The optimum: the least mean delay of any plan for exactly these jobs, at as many polls.</summary>
/// <param name="ExpectedDelay">The mean delay in seconds.</param>
public sealed record OptimumReport(double ExpectedDelay);

/// <summary>How many jobs were over at ages in a range of a quarter of an octave.</summary>
/// <param name="From">The least age in seconds.</param>
/// <param name="To">The age in seconds that is not in it any more.</param>
/// <param name="Share">The share of all known jobs that were over.</param>
public sealed record AgeRange(double From, double To, double Share);

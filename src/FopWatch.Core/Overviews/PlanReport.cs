using FopWatch.Wording;

namespace FopWatch.Overviews;

/// <summary>When the jobs of the sources are polled, and the expected polls and delays for the known jobs.</summary>
/// <param name="Sources">The sources, by name.</param>
public sealed record PlanReport(IReadOnlyList<SourcePlanReport> Sources);

/// <summary>The plans of a source.</summary>
public sealed record SourcePlanReport
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>Whether this process polls its jobs by learned plans.</summary>
    public required PlanInUse Plan { get; init; }

    /// <summary>Why the process does not use learned plans; null if it does.</summary>
    public Sentence? Reason { get; init; }

    /// <summary>The share of the jobs of the last 7 days that were notified; null if none is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>The plan of all jobs except idle-time tasks. It applies to jobs of unknown class and to classes without their own plan. Null if no job is known.</summary>
    public ClassPlanReport? OfSource { get; init; }

    /// <summary>The classes, by descending number of known jobs.</summary>
    public required IReadOnlyList<ClassPlanReport> Classes { get; init; }
}

/// <summary>The plan of a class of jobs. Expected values are means over the known jobs, including notified ones.</summary>
public sealed record ClassPlanReport
{
    /// <summary>The class, such as <c>avthumb/mp4</c>; null for all jobs of a source.</summary>
    public string? Class { get; init; }

    /// <summary>The weighted number of known jobs. A job loses half its weight per week, so it is not a whole number.</summary>
    public required double Known { get; init; }

    /// <summary>The plan by which its jobs are polled.</summary>
    public required PlanInUse Plan { get; init; }

    /// <summary>
    /// The ages, in seconds since registration and without jitter, at which a job is polled that is never notified and never ends: up to the deadline, but at most 200. The first age is that of the source, because the class of a job is unknown before its first poll.
    /// </summary>
    public required IReadOnlyList<double> Ages { get; init; }

    /// <summary>Whether <see cref="Ages"/> ends before the deadline. An open job is polled at later ages too.</summary>
    public bool AgesCut { get; init; }

    /// <summary>The mean number of polls.</summary>
    public required double ExpectedPolls { get; init; }

    /// <summary>The mean delay, in seconds.</summary>
    public required double ExpectedDelay { get; init; }

    /// <summary>
    /// The age in seconds from which a job is overdue: 1.5 times the 95th percentile of its class, or of its source if fewer than 20 jobs of the class are known; null if its jobs are never overdue.
    /// </summary>
    public double? OverdueAfter { get; init; }

    /// <summary>The delay of the optimum divided by the delay of the plan; null if there is no optimum.</summary>
    public double? Efficiency { get; init; }

    /// <summary>The expected values of the fixed plan.</summary>
    public required FixedPlanReport Fixed { get; init; }

    /// <summary>The smallest possible mean delay with the same number of polls; null if fewer than 20 jobs are known, and for all but the 16 largest classes.</summary>
    public OptimumReport? Optimum { get; init; }

    /// <summary>
    /// How long its jobs took, from the first to the last range in which a job ended. A job that a poll found is spread over the time since the previous poll, so a range may have the share of less than one job.
    /// </summary>
    public required IReadOnlyList<AgeRange> Histogram { get; init; }
}

/// <summary>The expected values of the fixed plan.</summary>
/// <param name="ExpectedPolls">The mean number of polls.</param>
/// <param name="ExpectedDelay">The mean delay, in seconds.</param>
public sealed record FixedPlanReport(double ExpectedPolls, double ExpectedDelay);

/// <summary>The optimum: the smallest mean delay of any plan for exactly these jobs, with the same number of polls.</summary>
/// <param name="ExpectedDelay">The mean delay, in seconds.</param>
public sealed record OptimumReport(double ExpectedDelay);

/// <summary>The share of jobs that ended at ages in a range of a quarter of an octave.</summary>
/// <param name="From">The lower bound, in seconds, inclusive.</param>
/// <param name="To">The upper bound, in seconds, exclusive.</param>
/// <param name="Share">The share of all known jobs.</param>
public sealed record AgeRange(double From, double To, double Share);

using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>The status of the sources, and the counts of each of the last hours.</summary>
public sealed record Overview
{
    /// <summary>The time of the overview.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The number of hours covered, including the current one.</summary>
    public required int Hours { get; init; }

    /// <summary>The limit of the counts of due polls and overdue jobs. A count equal to it means that many or more.</summary>
    public required int CountedUpTo { get; init; }

    /// <summary>The findings about the whole installation, the worst first.</summary>
    public required IReadOnlyList<Finding> Findings { get; init => field = Given.Whole(value); }

    /// <summary>The sources, by name.</summary>
    public required IReadOnlyList<SourceOverview> Sources { get; init => field = Given.Whole(value); }

    /// <summary>The hours of each source with at least one count.</summary>
    public required IReadOnlyList<OverviewHour> Timeline { get; init => field = Given.Whole(value); }
}

/// <summary>A finding that needs attention.</summary>
public sealed record Finding
{
    /// <summary>The kind, as a stable word such as <c>wrongSignature</c>. Newer hosts may have more kinds.</summary>
    public required string Kind { get; init => field = Given.NotNull(value); }

    /// <summary>The level: <c>trouble</c>, <c>warning</c> or <c>info</c>.</summary>
    public required string Level { get; init => field = Given.NotNull(value); }

    /// <summary>When it began; null if that is unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How often it happened, or how many it concerns; null if there is nothing to count.</summary>
    public long? Count { get; init; }

    /// <summary>A description, and what to do, in English.</summary>
    public required string Detail { get; init => field = Given.NotNull(value); }
}

/// <summary>The status of a source.</summary>
public sealed record SourceOverview
{
    /// <summary>The name.</summary>
    public required string Name { get; init => field = Given.NotNull(value); }

    /// <summary>The provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>The jobs of the source by status; null before the first complete count.</summary>
    public CountedBooks? Books { get; init; }

    /// <summary>How many polls are due.</summary>
    public required int DueNow { get; init; }

    /// <summary>How many polls have been due for more than 30 seconds.</summary>
    public required int HeldBack { get; init; }

    /// <summary>How many notifications are in quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>How many jobs are known to be overdue.</summary>
    public required int Overdue { get; init; }

    /// <summary>When the last notification was accepted; null if there was none.</summary>
    public DateTimeOffset? LastNotificationAt { get; init; }

    /// <summary>The last poll; null before the first.</summary>
    public SourcePoll? LastPoll { get; init; }

    /// <summary>The share of notified jobs in the last 7 days; null if no job is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>The time from a change to the publication of its event; null if no event was published.</summary>
    public Quantiles? Lag { get; init; }

    /// <summary>The delay with which outcomes were detected.</summary>
    public required DetectionDelays Detection { get; init => field = Given.NotNull(value); }

    /// <summary>The plan by which its jobs are polled: <c>learned</c>, <c>source</c> or <c>fixed</c>.</summary>
    public required string Plan { get; init => field = Given.NotNull(value); }

    /// <summary>The findings about the source, the worst first; empty for a healthy source.</summary>
    public required IReadOnlyList<Finding> Findings { get; init => field = Given.Whole(value); }
}

/// <summary>The jobs of a source by status at the last count.</summary>
public sealed record CountedBooks
{
    /// <summary>All jobs.</summary>
    public required long Registered { get; init; }

    /// <summary>Jobs with an outcome from the provider.</summary>
    public required long Settled { get; init; }

    /// <summary>Jobs that FopWatch gave up on.</summary>
    public required long Expired { get; init; }

    /// <summary>Jobs that are watched.</summary>
    public required long Open { get; init; }

    /// <summary>Jobs whose watch a user stopped.</summary>
    public required long Stopped { get; init; }

    /// <summary>Jobs that nothing would settle. It must be 0.</summary>
    public required long Unaccounted { get; init; }

    /// <summary>The time of the count.</summary>
    public required DateTimeOffset CountedAt { get; init; }
}

/// <summary>The last poll of a source.</summary>
public sealed record SourcePoll
{
    /// <summary>The time of the poll.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>
    /// The kind of answer: <c>report</c>, <c>notFound</c>, <c>throttled</c>, <c>unavailable</c>, <c>refused</c> or <c>outOfScope</c>; null
    /// if unknown.
    /// </summary>
    public string? Answer { get; init; }
}

/// <summary>The share of jobs whose notification arrived, among those settled by a notification or a poll.</summary>
public sealed record HeardJobs
{
    /// <summary>The share.</summary>
    public required double Share { get; init; }

    /// <summary>The lower bound of the 95 % confidence interval.</summary>
    public required double Low { get; init; }

    /// <summary>The upper bound of the 95 % confidence interval.</summary>
    public required double High { get; init; }

    /// <summary>The number of jobs.</summary>
    public required long Of { get; init; }
}

/// <summary>Two quantiles of durations in seconds, accurate within a factor of 2.</summary>
public sealed record Quantiles
{
    /// <summary>The median.</summary>
    public required double P50 { get; init; }

    /// <summary>The 95th percentile.</summary>
    public required double P95 { get; init; }

    /// <summary>The number of durations.</summary>
    public required long Of { get; init; }
}

/// <summary>The delay with which outcomes were detected, by channel.</summary>
public sealed record DetectionDelays
{
    /// <summary>By notifications; always null, because providers do not report when a job ended.</summary>
    public Quantiles? Notification { get; init; }

    /// <summary>By polls; null if no poll found an outcome.</summary>
    public Quantiles? Poll { get; init; }
}

using FopWatch.Contracts;

namespace FopWatch.Client;

/// <summary>The status of the sources, and what happened in each of the last hours.</summary>
public sealed record Overview
{
    /// <summary>When it was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How many hours it covers, the current one included.</summary>
    public required int Hours { get; init; }

    /// <summary>Where counts of due polls and overdue jobs stop: this number stands for as many or more.</summary>
    public required int CountedUpTo { get; init; }

    /// <summary>What goes wrong in the installation as a whole, the worst first.</summary>
    public required IReadOnlyList<Finding> Findings { get; init => field = Given.Whole(value); }

    /// <summary>The sources, by name.</summary>
    public required IReadOnlyList<SourceOverview> Sources { get; init => field = Given.Whole(value); }

    /// <summary>The hours of each source in which anything was counted.</summary>
    public required IReadOnlyList<OverviewHour> Timeline { get; init => field = Given.Whole(value); }
}

/// <summary>Something that is worth looking at.</summary>
public sealed record Finding
{
    /// <summary>What it is, in a stable word such as <c>wrongSignature</c>. Newer hosts have more words.</summary>
    public required string Kind { get; init => field = Given.NotNull(value); }

    /// <summary>How much it matters: <c>trouble</c>, <c>warning</c> or <c>info</c>.</summary>
    public required string Level { get; init => field = Given.NotNull(value); }

    /// <summary>When it began; null if that is unknown.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>How often it has happened, or of how many it is; null if there is nothing to count.</summary>
    public long? Count { get; init; }

    /// <summary>What it is and what to do about it, in English.</summary>
    public required string Detail { get; init => field = Given.NotNull(value); }
}

/// <summary>The status of a source.</summary>
public sealed record SourceOverview
{
    /// <summary>Its name.</summary>
    public required string Name { get; init => field = Given.NotNull(value); }

    /// <summary>Its provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>How many of its jobs are where; null if they were not all counted yet.</summary>
    public CountedBooks? Books { get; init; }

    /// <summary>How many polls are due.</summary>
    public required int DueNow { get; init; }

    /// <summary>How many of them have been due for 30 seconds.</summary>
    public required int HeldBack { get; init; }

    /// <summary>How many of its notifications are in quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>How many of its jobs are known to be overdue.</summary>
    public required int Overdue { get; init; }

    /// <summary>When its last notification was taken; null if none was.</summary>
    public DateTimeOffset? LastNotificationAt { get; init; }

    /// <summary>The last poll; null before the first.</summary>
    public SourcePoll? LastPoll { get; init; }

    /// <summary>How many of the jobs of the last 7 days were notified; null if none is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>From a change to its event being published; null if none was.</summary>
    public Quantiles? Lag { get; init; }

    /// <summary>How late outcomes were found.</summary>
    public required DetectionDelays Detection { get; init => field = Given.NotNull(value); }

    /// <summary>By which plan its jobs are polled: <c>learned</c>, <c>source</c> or <c>fixed</c>.</summary>
    public required string Plan { get; init => field = Given.NotNull(value); }

    /// <summary>What is wrong, or likely to be, the worst first; empty for a healthy source.</summary>
    public required IReadOnlyList<Finding> Findings { get; init => field = Given.Whole(value); }
}

/// <summary>How many jobs of a source are where, as last counted.</summary>
public sealed record CountedBooks
{
    /// <summary>All of them.</summary>
    public required long Registered { get; init; }

    /// <summary>Those with an outcome of the provider's.</summary>
    public required long Settled { get; init; }

    /// <summary>Those that FopWatch gave up on.</summary>
    public required long Expired { get; init; }

    /// <summary>Those that are watched.</summary>
    public required long Open { get; init; }

    /// <summary>Those that somebody stopped watching.</summary>
    public required long Stopped { get; init; }

    /// <summary>Those that nothing will settle: must be 0.</summary>
    public required long Unaccounted { get; init; }

    /// <summary>When they were counted.</summary>
    public required DateTimeOffset CountedAt { get; init; }
}

/// <summary>The last poll of a source.</summary>
public sealed record SourcePoll
{
    /// <summary>When the status API was asked.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How it answered: <c>report</c>, <c>notFound</c>, <c>throttled</c>, <c>unavailable</c>, <c>refused</c> or <c>outOfScope</c>; null if that is not known.</summary>
    public string? Answer { get; init; }
}

/// <summary>The share of jobs whose notification arrived, of those that were settled by a notification or a poll.</summary>
public sealed record HeardJobs
{
    /// <summary>The share.</summary>
    public required double Share { get; init; }

    /// <summary>The lower bound of its interval of 95 %.</summary>
    public required double Low { get; init; }

    /// <summary>The upper bound.</summary>
    public required double High { get; init; }

    /// <summary>How many jobs.</summary>
    public required long Of { get; init; }
}

/// <summary>Two quantiles of lengths of time, in seconds, right within a factor of 2.</summary>
public sealed record Quantiles
{
    /// <summary>The median.</summary>
    public required double P50 { get; init; }

    /// <summary>What 95 % do not exceed.</summary>
    public required double P95 { get; init; }

    /// <summary>How many lengths were counted.</summary>
    public required long Of { get; init; }
}

/// <summary>How late outcomes were found, by what found them.</summary>
public sealed record DetectionDelays
{
    /// <summary>By notifications; null, since providers do not say when a job ended.</summary>
    public Quantiles? Notification { get; init; }

    /// <summary>By polls; null if no poll found one.</summary>
    public Quantiles? Poll { get; init; }
}

using FopWatch.Contracts;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Overviews;

/// <summary>The status of the sources, and what happened in each of the last hours.</summary>
public sealed record Overview
{
    /// <summary>When it was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How many hours <c>timeline</c>, <c>lag</c> and <c>detection</c> are of, the current one included.</summary>
    public required int Hours { get; init; }

    /// <summary>Where <c>dueNow</c>, <c>heldBack</c> and <c>overdue</c> stop counting: this number stands for as many or more.</summary>
    public required int CountedUpTo { get; init; }

    /// <summary>What goes wrong in the installation as a whole, as this process saw it, the worst first; empty for a key that does not see every source.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>The sources, by name.</summary>
    public required IReadOnlyList<SourceOverview> Sources { get; init; }

    /// <summary>The hours of each source in which anything was counted, by source and time. Other processes add what they counted every 10 seconds.</summary>
    public required IReadOnlyList<OverviewHour> Timeline { get; init; }
}

/// <summary>The status of a source.</summary>
public sealed record SourceOverview
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Its provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>How many of its jobs are where; null if they were not all counted yet.</summary>
    public CountedBooks? Books { get; init; }

    /// <summary>How many polls are due.</summary>
    public required int DueNow { get; init; }

    /// <summary>How many of them have been due for 30 seconds: <c>Poll:PerSecond</c>, a status API that is slow or throttles, or a store that cannot answer holds them back.</summary>
    public required int HeldBack { get; init; }

    /// <summary>How many of its notifications are in quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>How many of its jobs are known to be overdue.</summary>
    public required int Overdue { get; init; }

    /// <summary>When its last notification was taken, by any process and whatever its trust; null if none was.</summary>
    public DateTimeOffset? LastNotificationAt { get; init; }

    /// <summary>The last poll, by any process; null before the first.</summary>
    public SourcePoll? LastPoll { get; init; }

    /// <summary>How many of the jobs of the last 7 days were notified; null if none is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>From a change to its event being published; null if none was. In the embedded host that is the time until the commit was durable.</summary>
    public Quantiles? Lag { get; init; }

    /// <summary>How late outcomes were found.</summary>
    public required DetectionDelays Detection { get; init; }

    /// <summary>By which plan this process polls its jobs.</summary>
    public required PlanInUse Plan { get; init; }

    /// <summary>What is wrong, or likely to be, the worst first; empty for a healthy source.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}

/// <summary>By which plan jobs are polled.</summary>
public enum PlanInUse
{
    /// <summary>One that was learned from jobs of the same class.</summary>
    Learned,

    /// <summary>The one that was learned from all jobs of the source.</summary>
    Source,

    /// <summary>The fixed one.</summary>
    Fixed,
}

/// <summary>How many jobs of a source are where, as last counted. <c>registered</c> = <c>settled</c> + <c>expired</c> + <c>open</c> + <c>stopped</c> + <c>unaccounted</c>.</summary>
/// <param name="Registered">All of them.</param>
/// <param name="Settled">Those with an outcome of the provider's.</param>
/// <param name="Expired">Those that FopWatch gave up on.</param>
/// <param name="Open">Those that are watched.</param>
/// <param name="Stopped">Those that somebody stopped watching.</param>
/// <param name="Unaccounted">Those that nothing will settle: must be 0.</param>
/// <param name="CountedAt">When they were counted. The cloud host counts partition by partition: then the time of the one that was counted the longest ago.</param>
public sealed record CountedBooks(long Registered, long Settled, long Expired, long Open, long Stopped, long Unaccounted, DateTimeOffset CountedAt);

/// <summary>The last poll of a source.</summary>
/// <param name="At">When the status API was asked.</param>
/// <param name="Answer">How it answered; null if a newer version wrote an answer that this one does not know.</param>
public sealed record SourcePoll(DateTimeOffset At, PollAnswer? Answer);

/// <summary>The share of jobs whose notification arrived, of those that were settled by a notification or a poll.</summary>
/// <param name="Share">The share.</param>
/// <param name="Low">The lower bound of its interval of 95 %: what the learned plan goes by.</param>
/// <param name="High">The upper bound.</param>
/// <param name="Of">How many jobs.</param>
public sealed record HeardJobs(double Share, double Low, double High, long Of)
{
    /// <summary>From the jobs that are known; null if there is none.</summary>
    public static HeardJobs? From(HeardShare heard) =>
        heard.Jobs > 0 ? new(Math.Round(heard.Share, 4), Math.Round(heard.Interval.From, 4), Math.Round(heard.Interval.To, 4), (long)heard.Jobs) : null;
}

/// <summary>How late outcomes were found, by what found them.</summary>
/// <param name="Notification">
/// Null: nobody but the provider knows how long a notification took, since providers do not say when a job ended.
/// </param>
/// <param name="Poll">How late polls found outcomes, estimated as half of the time since the job was last seen running; null if no poll found one.</param>
public sealed record DetectionDelays(Quantiles? Notification, Quantiles? Poll);

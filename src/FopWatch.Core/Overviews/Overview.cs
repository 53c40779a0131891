using FopWatch.Contracts;
using FopWatch.Statistics;
using FopWatch.Watching;

namespace FopWatch.Overviews;

/// <summary>The status of the sources, and the sums of each of the last hours.</summary>
public sealed record Overview
{
    /// <summary>When the overview was made.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How many hours <c>timeline</c>, <c>lag</c> and <c>detection</c> cover, including the current one.</summary>
    public required int Hours { get; init; }

    /// <summary>The number at which <c>dueNow</c>, <c>heldBack</c> and <c>overdue</c> stop counting. It means that many or more.</summary>
    public required int CountedUpTo { get; init; }

    /// <summary>Findings about the whole installation, as this process saw it, most severe first; empty for a key that does not see every source.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }

    /// <summary>The sources, by name.</summary>
    public required IReadOnlyList<SourceOverview> Sources { get; init; }

    /// <summary>The hours of each source in which anything was counted, by source and time. Other processes add their counts every 10 seconds.</summary>
    public required IReadOnlyList<OverviewHour> Timeline { get; init; }
}

/// <summary>The status of a source.</summary>
public sealed record SourceOverview
{
    /// <summary>The name.</summary>
    public required string Name { get; init; }

    /// <summary>The provider.</summary>
    public required ProviderKind Provider { get; init; }

    /// <summary>The numbers of its jobs; null if not all of them were counted yet.</summary>
    public CountedBooks? Books { get; init; }

    /// <summary>How many polls are due.</summary>
    public required int DueNow { get; init; }

    /// <summary>How many polls have been due for 30 seconds or more. <c>Poll:PerSecond</c>, a slow or throttling status API, or an unavailable store holds them back.</summary>
    public required int HeldBack { get; init; }

    /// <summary>How many of its notifications are in quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>How many of its jobs are known to be overdue.</summary>
    public required int Overdue { get; init; }

    /// <summary>When any process accepted its last notification, whatever its trust; null if none did.</summary>
    public DateTimeOffset? LastNotificationAt { get; init; }

    /// <summary>The last poll, by any process; null before the first.</summary>
    public SourcePoll? LastPoll { get; init; }

    /// <summary>The share of the jobs of the last 7 days that were notified; null if none is known.</summary>
    public HeardJobs? Heard { get; init; }

    /// <summary>The time from a change to the publication of its event; null if none was published. In the embedded host it is the time until the commit was durable.</summary>
    public Quantiles? Lag { get; init; }

    /// <summary>How late outcomes were found.</summary>
    public required DetectionDelays Detection { get; init; }

    /// <summary>The plan by which this process polls its jobs.</summary>
    public required PlanInUse Plan { get; init; }

    /// <summary>The findings, most severe first; empty for a healthy source.</summary>
    public required IReadOnlyList<Finding> Findings { get; init; }
}

/// <summary>The plan by which jobs are polled.</summary>
public enum PlanInUse
{
    /// <summary>A plan that was learned from jobs of the same class.</summary>
    Learned,

    /// <summary>The plan that was learned from all jobs of the source.</summary>
    Source,

    /// <summary>The fixed plan.</summary>
    Fixed,
}

/// <summary>The numbers of jobs of a source, as last counted. <c>registered</c> = <c>settled</c> + <c>expired</c> + <c>open</c> + <c>stopped</c> + <c>unaccounted</c>.</summary>
/// <param name="Registered">All jobs.</param>
/// <param name="Settled">Jobs with an outcome from the provider.</param>
/// <param name="Expired">Jobs that FopWatch gave up.</param>
/// <param name="Open">Jobs that are watched.</param>
/// <param name="Stopped">Jobs whose watch somebody stopped.</param>
/// <param name="Unaccounted">Jobs that nothing will settle; must be 0.</param>
/// <param name="CountedAt">When they were counted. The cloud host counts partition by partition, and this is the time of the oldest count.</param>
public sealed record CountedBooks(long Registered, long Settled, long Expired, long Open, long Stopped, long Unaccounted, DateTimeOffset CountedAt);

/// <summary>The last poll of a source.</summary>
/// <param name="At">When the status API was asked.</param>
/// <param name="Answer">The answer; null if a newer version wrote an answer that this version does not know.</param>
public sealed record SourcePoll(DateTimeOffset At, PollAnswer? Answer);

/// <summary>The share of jobs whose notification arrived, of those that were settled by a notification or a poll.</summary>
/// <param name="Share">The share.</param>
/// <param name="Low">The lower bound of its 95 % confidence interval, which the learned plan uses.</param>
/// <param name="High">The upper bound.</param>
/// <param name="Of">The number of jobs.</param>
public sealed record HeardJobs(double Share, double Low, double High, long Of)
{
    /// <summary>Creates the share from known jobs; null if there is none.</summary>
    public static HeardJobs? From(HeardShare heard) =>
        heard.Jobs > 0 ? new(Math.Round(heard.Share, 4), Math.Round(heard.Interval.From, 4), Math.Round(heard.Interval.To, 4), (long)heard.Jobs) : null;
}

/// <summary>How late outcomes were found, by channel.</summary>
/// <param name="Notification">
/// Always null: only the provider knows how long a notification took, because providers do not report when a job ended.
/// </param>
/// <param name="Poll">How late polls found outcomes, estimated as half the time since the job was last seen running; null if no poll found one.</param>
public sealed record DetectionDelays(Quantiles? Notification, Quantiles? Poll);

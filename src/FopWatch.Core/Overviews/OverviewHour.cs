using FopWatch.Statistics;

namespace FopWatch.Overviews;

/// <summary>The sums of a source in one hour.</summary>
public sealed record OverviewHour
{
    /// <summary>The source.</summary>
    public required string Source { get; init; }

    /// <summary>The start of the hour.</summary>
    public required DateTimeOffset Hour { get; init; }

    /// <summary>Jobs that were registered, or that a genuine notification named.</summary>
    public required long Registered { get; init; }

    /// <summary>Notifications by trust.</summary>
    public required NotifiedCounts Notified { get; init; }

    /// <summary>Notifications that only made a poll due.</summary>
    public required long Hinted { get; init; }

    /// <summary>Notifications that went to quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>Polls by answer.</summary>
    public required PolledCounts Polled { get; init; }

    /// <summary>Outcomes by state and channel.</summary>
    public required SettledCounts Settled { get; init; }

    /// <summary>Jobs that were found overdue.</summary>
    public required long Overdue { get; init; }

    /// <summary>Jobs that were given up.</summary>
    public required long Expired { get; init; }

    /// <summary>Jobs of known age that a notification settled.</summary>
    public required long Heard { get; init; }

    /// <summary>Jobs of known age that a poll settled.</summary>
    public required long Found { get; init; }

    /// <summary>Jobs in <c>found</c> whose notification arrived later.</summary>
    public required long NotifiedLate { get; init; }

    /// <summary>How late polls found outcomes; null if none did.</summary>
    public Quantiles? DelayByPoll { get; init; }

    /// <summary>The time from a change to the publication of its event; null if none was published.</summary>
    public Quantiles? Lag { get; init; }

    /// <summary>Converts an hour of statistics.</summary>
    public static OverviewHour Of(StatisticsHour hour)
    {
        ArgumentNullException.ThrowIfNull(hour);
        var sums = hour.Sums;
        return new()
        {
            Source = hour.Source,
            Hour = hour.Hour,
            Registered = sums[HourSum.Registered],
            Notified = new(sums[HourSum.NotifiedStrong], sums[HourSum.NotifiedWeak], sums[HourSum.NotifiedNone], sums[HourSum.NotifiedInvalid]),
            Hinted = sums[HourSum.Hinted],
            Quarantined = sums[HourSum.Quarantined],
            Polled = new(
                sums[HourSum.PolledReport],
                sums[HourSum.PolledNotFound],
                sums[HourSum.PolledThrottled],
                sums[HourSum.PolledUnavailable],
                sums[HourSum.PolledRefused],
                sums[HourSum.PolledOutOfScope]),
            Settled = new(
                new(sums[HourSum.SucceededByNotification], sums[HourSum.SucceededByPoll]),
                new(sums[HourSum.PartiallyFailedByNotification], sums[HourSum.PartiallyFailedByPoll]),
                new(sums[HourSum.FailedByNotification], sums[HourSum.FailedByPoll]),
                new(sums[HourSum.CancelledByNotification], sums[HourSum.CancelledByPoll])),
            Overdue = sums[HourSum.Overdue],
            Expired = sums[HourSum.Expired],
            Heard = sums[HourSum.Heard],
            Found = sums[HourSum.Found],
            NotifiedLate = sums[HourSum.NotifiedLate],
            DelayByPoll = Quantiles.From([sums], HourHistogram.DelayByPoll),
            Lag = Quantiles.From([sums], HourHistogram.Lag),
        };
    }
}

/// <summary>Notifications by trust.</summary>
/// <param name="Strong">With a signature that covers the body.</param>
/// <param name="Weak">With a signature that does not cover the body.</param>
/// <param name="None">Without a signature, or with a signature that cannot be verified because no key is configured.</param>
/// <param name="Invalid">With a wrong signature.</param>
public sealed record NotifiedCounts(long Strong, long Weak, long None, long Invalid);

/// <summary>Polls by answer.</summary>
/// <param name="Report">Answered with a report.</param>
/// <param name="NotFound">Answered with "no such id".</param>
/// <param name="Throttled">Answered with a request to slow down.</param>
/// <param name="Unavailable">Not answered.</param>
/// <param name="Refused">Refused, or the answer could not be understood.</param>
/// <param name="OutOfScope">Answered about another bucket or pipeline.</param>
public sealed record PolledCounts(long Report, long NotFound, long Throttled, long Unavailable, long Refused, long OutOfScope);

/// <summary>Outcomes by state.</summary>
/// <param name="Succeeded">Jobs that succeeded.</param>
/// <param name="PartiallyFailed">Jobs that partially failed.</param>
/// <param name="Failed">Jobs that failed.</param>
/// <param name="Cancelled">Jobs that were cancelled.</param>
public sealed record SettledCounts(ChannelCounts Succeeded, ChannelCounts PartiallyFailed, ChannelCounts Failed, ChannelCounts Cancelled);

/// <summary>Outcomes by channel.</summary>
/// <param name="Notification">By a notification.</param>
/// <param name="Poll">By a poll.</param>
public sealed record ChannelCounts(long Notification, long Poll);

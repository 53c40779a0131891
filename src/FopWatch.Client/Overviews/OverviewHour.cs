namespace FopWatch.Client;

/// <summary>The counts of a source in one hour.</summary>
public sealed record OverviewHour
{
    /// <summary>The source.</summary>
    public required string Source { get; init => field = Given.NotNull(value); }

    /// <summary>The beginning of the hour.</summary>
    public required DateTimeOffset Hour { get; init; }

    /// <summary>Jobs that were registered or named by a trusted notification.</summary>
    public required long Registered { get; init; }

    /// <summary>Notifications by trust.</summary>
    public required NotifiedCounts Notified { get; init => field = Given.NotNull(value); }

    /// <summary>Notifications that only made a poll due.</summary>
    public required long Hinted { get; init; }

    /// <summary>Notifications that went to quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>Polls by answer.</summary>
    public required PolledCounts Polled { get; init => field = Given.NotNull(value); }

    /// <summary>Outcomes by state and channel.</summary>
    public required SettledCounts Settled { get; init => field = Given.NotNull(value); }

    /// <summary>Jobs that became overdue.</summary>
    public required long Overdue { get; init; }

    /// <summary>Jobs that FopWatch gave up on.</summary>
    public required long Expired { get; init; }

    /// <summary>Jobs of known age that a notification settled.</summary>
    public required long Heard { get; init; }

    /// <summary>Jobs of known age that a poll settled.</summary>
    public required long Found { get; init; }

    /// <summary>Jobs in <see cref="Found"/> whose notification arrived later.</summary>
    public required long NotifiedLate { get; init; }

    /// <summary>The delay with which polls found outcomes; null if none did.</summary>
    public Quantiles? DelayByPoll { get; init; }

    /// <summary>The time from a change to the publication of its event; null if no event was published.</summary>
    public Quantiles? Lag { get; init; }
}

/// <summary>Notifications by trust.</summary>
public sealed record NotifiedCounts
{
    /// <summary>With a signature that covers the body.</summary>
    public required long Strong { get; init; }

    /// <summary>With a signature that does not cover the body.</summary>
    public required long Weak { get; init; }

    /// <summary>Without a signature, or with one for which there is no key.</summary>
    public required long None { get; init; }

    /// <summary>With an invalid signature.</summary>
    public required long Invalid { get; init; }
}

/// <summary>Polls by answer.</summary>
public sealed record PolledCounts
{
    /// <summary>Answered with a report.</summary>
    public required long Report { get; init; }

    /// <summary>Answered with "no such id".</summary>
    public required long NotFound { get; init; }

    /// <summary>Answered with a request to slow down.</summary>
    public required long Throttled { get; init; }

    /// <summary>Not answered.</summary>
    public required long Unavailable { get; init; }

    /// <summary>Refused, or the answer was not understood.</summary>
    public required long Refused { get; init; }

    /// <summary>Answered about another bucket or pipeline.</summary>
    public required long OutOfScope { get; init; }
}

/// <summary>Outcomes by state.</summary>
public sealed record SettledCounts
{
    /// <summary>Jobs that succeeded.</summary>
    public required ChannelCounts Succeeded { get; init => field = Given.NotNull(value); }

    /// <summary>Jobs that partially failed.</summary>
    public required ChannelCounts PartiallyFailed { get; init => field = Given.NotNull(value); }

    /// <summary>Jobs that failed.</summary>
    public required ChannelCounts Failed { get; init => field = Given.NotNull(value); }

    /// <summary>Jobs that were cancelled.</summary>
    public required ChannelCounts Cancelled { get; init => field = Given.NotNull(value); }
}

/// <summary>Outcomes by channel.</summary>
public sealed record ChannelCounts
{
    /// <summary>By a notification.</summary>
    public required long Notification { get; init; }

    /// <summary>By a poll.</summary>
    public required long Poll { get; init; }
}

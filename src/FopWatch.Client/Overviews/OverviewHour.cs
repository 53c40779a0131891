namespace FopWatch.Client;

/// <summary>What was counted of a source in an hour.</summary>
public sealed record OverviewHour
{
    /// <summary>The source.</summary>
    public required string Source { get; init => field = Given.NotNull(value); }

    /// <summary>The beginning of the hour.</summary>
    public required DateTimeOffset Hour { get; init; }

    /// <summary>Jobs that were registered, or that a genuine notification named.</summary>
    public required long Registered { get; init; }

    /// <summary>Notifications by trust.</summary>
    public required NotifiedCounts Notified { get; init => field = Given.NotNull(value); }

    /// <summary>Notifications that only made a poll due.</summary>
    public required long Hinted { get; init; }

    /// <summary>Notifications that went to quarantine.</summary>
    public required long Quarantined { get; init; }

    /// <summary>Polls by answer.</summary>
    public required PolledCounts Polled { get; init => field = Given.NotNull(value); }

    /// <summary>Outcomes by state, and by what brought them.</summary>
    public required SettledCounts Settled { get; init => field = Given.NotNull(value); }

    /// <summary>Jobs that were found overdue.</summary>
    public required long Overdue { get; init; }

    /// <summary>Jobs that were given up.</summary>
    public required long Expired { get; init; }

    /// <summary>Jobs of known age that a notification settled.</summary>
    public required long Heard { get; init; }

    /// <summary>Jobs of known age that a poll settled.</summary>
    public required long Found { get; init; }

    /// <summary>Those of <see cref="Found"/> whose notification came later after all.</summary>
    public required long NotifiedLate { get; init; }

    /// <summary>How late polls found outcomes; null if none did.</summary>
    public Quantiles? DelayByPoll { get; init; }

    /// <summary>From a change to its event being published; null if none was.</summary>
    public Quantiles? Lag { get; init; }
}

/// <summary>Notifications by trust.</summary>
public sealed record NotifiedCounts
{
    /// <summary>With a signature that covers the body.</summary>
    public required long Strong { get; init; }

    /// <summary>With a signature that does not cover the body.</summary>
    public required long Weak { get; init; }

    /// <summary>Without a signature, or with one that no key is there to check.</summary>
    public required long None { get; init; }

    /// <summary>With a wrong signature.</summary>
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

    /// <summary>Refused, or answered with what cannot be understood.</summary>
    public required long Refused { get; init; }

    /// <summary>Answered about another bucket or pipeline.</summary>
    public required long OutOfScope { get; init; }
}

/// <summary>Outcomes by state.</summary>
public sealed record SettledCounts
{
    /// <summary>Those that succeeded.</summary>
    public required ChannelCounts Succeeded { get; init => field = Given.NotNull(value); }

    /// <summary>Those that failed in part.</summary>
    public required ChannelCounts PartiallyFailed { get; init => field = Given.NotNull(value); }

    /// <summary>Those that failed.</summary>
    public required ChannelCounts Failed { get; init => field = Given.NotNull(value); }

    /// <summary>Those that were cancelled.</summary>
    public required ChannelCounts Cancelled { get; init => field = Given.NotNull(value); }
}

/// <summary>Outcomes by what brought them.</summary>
public sealed record ChannelCounts
{
    /// <summary>By a notification.</summary>
    public required long Notification { get; init; }

    /// <summary>By a poll.</summary>
    public required long Poll { get; init; }
}

namespace FopWatch.Client;

/// <summary>What is done with all jobs that pass filters.</summary>
public enum BulkAction
{
    /// <summary>Makes polls due, one after the other. Jobs that are stopped or have an outcome of the provider's are left out.</summary>
    Poll,

    /// <summary>Publishes outcomes again, as new versions. Jobs without an outcome are left out.</summary>
    Republish,

    /// <summary>Stops watching. Jobs that are stopped or have an outcome of the provider's are left out.</summary>
    Stop,
}

/// <summary>What a bulk request came to so far, or would do.</summary>
public sealed record BulkAnswer
{
    /// <summary>What it does: <c>poll</c>, <c>republish</c>, <c>stop</c>, <c>retry</c> or <c>delete</c>.</summary>
    public required string Action { get; init => field = Given.NotNull(value); }

    /// <summary>How many jobs or notifications it is for, as they were counted before it began.</summary>
    public required int Count { get; init; }

    /// <summary>Whether there may have been more.</summary>
    public required bool AtLeast { get; init; }

    /// <summary>What confirms the count; null once it was confirmed.</summary>
    public string? Confirm { get; init; }

    /// <summary>How many were changed so far, or needed no change any more; null before the count was confirmed.</summary>
    public int? Done { get; init; }

    /// <summary>How many could not be changed so far; null before the count was confirmed.</summary>
    public int? Failed { get; init; }

    /// <summary>What the request goes on with; null where it is done, and before the count was confirmed.</summary>
    public string? Continuation { get; init; }

    /// <summary>What became of each quarantined notification that the last call took; null for jobs.</summary>
    public IReadOnlyList<RetriedNotification>? Notifications { get; init => field = value is null ? null : Given.Whole(value); }
}

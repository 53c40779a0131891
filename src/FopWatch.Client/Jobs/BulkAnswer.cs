namespace FopWatch.Client;

/// <summary>An action on all jobs that match filters.</summary>
public enum BulkAction
{
    /// <summary>Polls the jobs one after the other. Stopped jobs, and jobs with an outcome from the provider, are left out.</summary>
    Poll,

    /// <summary>Publishes the outcomes again, as new versions. Jobs without an outcome are left out.</summary>
    Republish,

    /// <summary>Stops watching the jobs. Stopped jobs, and jobs with an outcome from the provider, are left out.</summary>
    Stop,
}

/// <summary>The result of a bulk request so far, or the count before it.</summary>
public sealed record BulkAnswer
{
    /// <summary>The action: <c>poll</c>, <c>republish</c>, <c>stop</c>, <c>retry</c> or <c>delete</c>.</summary>
    public required string Action { get; init => field = Given.NotNull(value); }

    /// <summary>The number of jobs or notifications that were counted before the request began.</summary>
    public required int Count { get; init; }

    /// <summary>Whether there may have been more.</summary>
    public required bool AtLeast { get; init; }

    /// <summary>The value that confirms the count; null after the confirmation.</summary>
    public string? Confirm { get; init; }

    /// <summary>How many were changed so far, or no longer needed a change; null before the confirmation.</summary>
    public int? Done { get; init; }

    /// <summary>How many could not be changed so far; null before the confirmation.</summary>
    public int? Failed { get; init; }

    /// <summary>The value with which the request continues; null when it is complete, and before the confirmation.</summary>
    public string? Continuation { get; init; }

    /// <summary>The result of each quarantined notification in the last call; null for jobs.</summary>
    public IReadOnlyList<RetriedNotification>? Notifications { get; init => field = value is null ? null : Given.Whole(value); }
}

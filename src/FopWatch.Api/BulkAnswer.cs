using System.Globalization;
using FopWatch.Intake;
using FopWatch.Jobs;

namespace FopWatch.Api;

/// <summary>What a bulk request does.</summary>
public enum BulkWord
{
    /// <summary>Makes polls due.</summary>
    Poll,

    /// <summary>Publishes outcomes again.</summary>
    Republish,

    /// <summary>Stops watching.</summary>
    Stop,

    /// <summary>Takes quarantined notifications again.</summary>
    Retry,

    /// <summary>Deletes quarantined notifications.</summary>
    Delete,
}

/// <summary>What a bulk request came to so far, or would do.</summary>
public record BulkAnswer
{
    /// <summary>What it does.</summary>
    public required BulkWord Action { get; init; }

    /// <summary>How many it is for, as they were counted before it began.</summary>
    public required int Count { get; init; }

    /// <summary>Whether there may have been more.</summary>
    public required bool AtLeast { get; init; }

    /// <summary>What confirms the count; absent once it was confirmed.</summary>
    public string? Confirm { get; init; }

    /// <summary>How many were changed, or needed no change any more; absent before the count was confirmed.</summary>
    public int? Done { get; init; }

    /// <summary>How many could not be changed; absent before the count was confirmed.</summary>
    public int? Failed { get; init; }

    /// <summary>What the request goes on with; absent where it is done, and before the count was confirmed.</summary>
    public string? Continuation { get; init; }

    /// <summary>What became of each quarantined notification that this call took; absent for jobs.</summary>
    public IReadOnlyList<RetriedNotification>? Notifications { get; init; }

    internal static BulkAnswer ToConfirm(BulkWord action, JobCount count) =>
        new() { Action = action, Count = count.Count, AtLeast = count.AtLeast, Confirm = TextOf(count) };

    /// <summary>Whether a confirmation is of the count as it is now.</summary>
    internal static bool IsConfirmed(string confirm, JobCount count) => confirm == TextOf(count);

    internal static string TextOf(JobCount count) => string.Create(CultureInfo.InvariantCulture, $"{count.Count}{(count.AtLeast ? "+" : "")}");
}

using System.Globalization;
using FopWatch.Intake;
using FopWatch.Jobs;

namespace FopWatch.Api;

/// <summary>The action of a bulk request.</summary>
public enum BulkWord
{
    /// <summary>Makes polls due.</summary>
    Poll,

    /// <summary>Publishes outcomes again.</summary>
    Republish,

    /// <summary>Stops watching.</summary>
    Stop,

    /// <summary>Processes quarantined notifications again.</summary>
    Retry,

    /// <summary>Deletes quarantined notifications.</summary>
    Delete,
}

/// <summary>The result of a bulk request so far, or its count before it is confirmed.</summary>
public record BulkAnswer
{
    /// <summary>The action.</summary>
    public required BulkWord Action { get; init; }

    /// <summary>The number of jobs or notifications, counted before the action began.</summary>
    public required int Count { get; init; }

    /// <summary>Whether there may be more than <see cref="Count"/>.</summary>
    public required bool AtLeast { get; init; }

    /// <summary>The value of <c>confirm</c> that confirms the count; absent once it is confirmed.</summary>
    public string? Confirm { get; init; }

    /// <summary>How many were changed or no longer needed a change; absent before the count is confirmed.</summary>
    public int? Done { get; init; }

    /// <summary>How many could not be changed; absent before the count is confirmed.</summary>
    public int? Failed { get; init; }

    /// <summary>The <c>continuation</c> of the next call; absent when the request is done, and before the count is confirmed.</summary>
    public string? Continuation { get; init; }

    /// <summary>The result of each quarantined notification that this call processed; absent for jobs.</summary>
    public IReadOnlyList<RetriedNotification>? Notifications { get; init; }

    internal static BulkAnswer ToConfirm(BulkWord action, JobCount count) =>
        new() { Action = action, Count = count.Count, AtLeast = count.AtLeast, Confirm = TextOf(count) };

    /// <summary>Whether a confirmation matches the current count.</summary>
    internal static bool IsConfirmed(string confirm, JobCount count) => confirm == TextOf(count);

    internal static string TextOf(JobCount count) => string.Create(CultureInfo.InvariantCulture, $"{count.Count}{(count.AtLeast ? "+" : "")}");
}

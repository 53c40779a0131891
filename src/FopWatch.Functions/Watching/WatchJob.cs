using System.Text.Json.Serialization;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace FopWatch.Functions.Watching;

/// <summary>
/// The watch of one job. It waits for the due time or a nudge, polls, and repeats this until no more polls are due. The activity decides, and the store
/// has the state: the timer that reads the due index restarts a watch that failed, ended or never started.
/// </summary>
/// <remarks>
/// Running instances are replayed with the code of a new version. A change of the activities and timers, or of their order, therefore increments
/// <see cref="WatchInput.Latest"/> and keeps the old order for inputs of older versions until none is left. An instance adopts the latest version each
/// time that it continues as new.
/// </remarks>
public static class WatchJob
{
    /// <summary>The orchestration's name.</summary>
    public const string Name = "WatchJob";

    /// <summary>The external event that wakes a watch.</summary>
    public const string Nudge = "nudge";

    /// <summary>
    /// The number of polls after which an instance continues as new, which costs no additional requests to storage. A poll adds about ten rows to the
    /// history, and the next poll reads all rows twice.
    /// </summary>
    public const int PollsPerGeneration = 10;

    // An activity fails when the store does. Longer failures are left to the due index. A failed poll is not a failed step:
    // the step returns the next due time.
    private static readonly TaskOptions StepRetries = new(new TaskRetryOptions(new RetryPolicy(
        maxNumberOfAttempts: 5, firstRetryInterval: TimeSpan.FromSeconds(2), backoffCoefficient: 3, maxRetryInterval: TimeSpan.FromMinutes(1))));

    /// <summary>
    /// The instance id of a job's watch. It has at most 89 characters, whatever the length of the job's id; Durable Functions allows 100. It does not
    /// contain the job's id, because the Functions host logs instance ids.
    /// </summary>
    public static string InstanceIdOf(JobReferences references, JobKey key)
    {
        ArgumentNullException.ThrowIfNull(references);
        return $"{key.Source}:{references.Of(key)}";
    }

    /// <summary>Runs the watch.</summary>
    [Function(Name)]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        // An input of a later version, after a rollback: the one-minute timer starts the watch again with this version.
        if (context.GetInput<WatchInput>() is not { Version: <= WatchInput.Latest } input)
            return;

        Task? nudge = null;
        if (input is { Version: >= 2, DueAt: { } first } && WakesAt(context, input, first, input.Wait) is var wakesAt && wakesAt > context.CurrentUtcDateTime)
        {
            // Shows operators how long the instance sleeps.
            context.SetCustomStatus(new WatchStep { DueAt = first });
            nudge = await SleepAsync(context, wakesAt, nudge);
        }

        for (var polls = 0; polls < PollsPerGeneration; polls++)
        {
            var step = await context.CallActivityAsync<WatchStep>(PollJob.Name, input, StepRetries);
            context.SetCustomStatus(step);
            if (step.DueAt is not { } due)
                return;

            nudge = await SleepAsync(context, WakesAt(context, input, due, step.Wait), nudge);
        }

        context.ContinueAsNew(input with { Version = WatchInput.Latest, DueAt = null, Wait = null });
    }

    /// <summary>
    /// The time to wake for a due time, by the clock of the task hub. Timers are absolute. If that clock and the clock of the due times differed, a watch
    /// would sleep too long, or not at all and poll without end.
    /// </summary>
    private static DateTime WakesAt(TaskOrchestrationContext context, WatchInput input, DateTimeOffset due, TimeSpan? wait) =>
        input.Version >= WatchInput.FirstWithWait && wait is { } from ? context.CurrentUtcDateTime + from : due.UtcDateTime;

    /// <summary>Sleeps until a time or a nudge.</summary>
    /// <returns>The pending wait for the next nudge; null if a nudge came.</returns>
    private static async Task<Task?> SleepAsync(TaskOrchestrationContext context, DateTime until, Task? nudge)
    {
        nudge ??= context.WaitForExternalEvent<string?>(Nudge);
        using var nudged = new CancellationTokenSource();
        var timer = context.CreateTimer(until, nudged.Token);
        if (await Task.WhenAny(timer, nudge) != nudge)
            return nudge;

        // Not CancelAsync: an orchestrator may await only its context's tasks, and would never resume.
#pragma warning disable CA1849
        nudged.Cancel();
#pragma warning restore CA1849
        return null;
    }
}

/// <summary>The input of a watch. After a release, properties may only be added, each with a default.</summary>
/// <param name="Source">The source.</param>
/// <param name="Id">The <c>persistentId</c>.</param>
public sealed record WatchInput([property: JsonPropertyName("source")] string Source, [property: JsonPropertyName("id")] string Id)
{
    /// <summary>The version with which this code starts watches.</summary>
    public const int Latest = 3;

    /// <summary>The first version whose instance ids contain the job's reference instead of its id.</summary>
    public const int FirstWithReference = 2;

    /// <summary>The first version that sleeps for a duration instead of until a time.</summary>
    public const int FirstWithWait = 3;

    /// <summary>
    /// The version whose order of steps the instance follows. 1 polls first, has the job's id in its instance id, and ends at its next step; the one-minute
    /// timer starts the watch again. 2 first waits until <see cref="DueAt"/>. 3 sleeps for <see cref="Wait"/> and <see cref="WatchStep.Wait"/>,
    /// independent of the clock of the task hub.
    /// </summary>
    [JsonPropertyName("version")]
    public int Version { get; init; } = Latest;

    /// <summary>When the first poll is due; null for now.</summary>
    [JsonPropertyName("dueAt")]
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>The time from the start to <see cref="DueAt"/>.</summary>
    [JsonPropertyName("wait")]
    public TimeSpan? Wait { get; init; }

    /// <summary>The job.</summary>
    [JsonIgnore]
    public JobKey Key => new(Source, Id);
}

/// <summary>The result of a poll; also the watch's custom status.</summary>
public sealed record WatchStep
{
    /// <summary>When the next poll is due; null if no more polls are needed.</summary>
    [JsonPropertyName("dueAt")]
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>The time from this step to <see cref="DueAt"/>.</summary>
    [JsonPropertyName("wait")]
    public TimeSpan? Wait { get; init; }

    /// <summary>The last answer of the status API.</summary>
    [JsonPropertyName("lastAnswer")]
    [JsonConverter(typeof(JsonStringEnumConverter<PollAnswer>))]
    public PollAnswer LastAnswer { get; init; }

    /// <summary>The number of polls.</summary>
    [JsonPropertyName("polls")]
    public int Polls { get; init; }

    /// <summary>Whether the poll is due but waits for other polls of its source: see <see cref="PollSlots"/>.</summary>
    [JsonPropertyName("postponed")]
    public bool Postponed { get; init; }
}

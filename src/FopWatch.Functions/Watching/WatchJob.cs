using System.Text.Json.Serialization;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace FopWatch.Functions.Watching;

/// <summary>
/// The watch of one job: waits until a poll is due or a nudge comes, whichever is first, polls, and waits again until no more polls are due. All decisions are the activity's, and all truth is the store's: a watch that fails, or is ended, or never
/// starts, is started again by the timer that reads the due index.
/// </summary>
/// <remarks>
/// Running instances are replayed with the code of a new version. So whoever changes which activities and timers this calls, or in
/// what order, increments <see cref="WatchInput.Latest"/> and keeps the old order for inputs of older versions, until none is left: an
/// instance takes the latest version each time that it continues as new.
/// </remarks>
public static class WatchJob
{
    /// <summary>The orchestration's name.</summary>
    public const string Name = "WatchJob";

    /// <summary>The external event that wakes a watch.</summary>
    public const string Nudge = "nudge";

    /// <summary>
    /// After how many polls an instance continues as new, which asks nothing more of the storage. A poll adds about ten rows to the
    /// history, all of which are read again, twice, for the next.
    /// </summary>
    public const int PollsPerGeneration = 10;

    // An activity fails when the store does. What these retries do not outlast is left to the due index. A poll that fails is no failed step:
    // the step says when the next is due.
    private static readonly TaskOptions StepRetries = new(new TaskRetryOptions(new RetryPolicy(
        maxNumberOfAttempts: 5, firstRetryInterval: TimeSpan.FromSeconds(2), backoffCoefficient: 3, maxRetryInterval: TimeSpan.FromMinutes(1))));

    /// <summary>
    /// The instance id of a job's watch: at most 89 characters, of the 100 that Durable Functions allows, however long the job's id is. It does not
    /// have that id, since the Functions host logs instance ids.
    /// </summary>
    public static string InstanceIdOf(JobReferences references, JobKey key)
    {
        ArgumentNullException.ThrowIfNull(references);
        return $"{key.Source}:{references.Of(key)}";
    }

    /// <summary>Watches.</summary>
    [Function(Name)]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        // From a later version, before the app was set back to this one: the due index starts the watch again, as this version's.
        if (context.GetInput<WatchInput>() is not { Version: <= WatchInput.Latest } input)
            return;

        Task? nudge = null;
        if (input is { Version: >= 2, DueAt: { } first } && WakesAt(context, input, first, input.Wait) is var wakesAt && wakesAt > context.CurrentUtcDateTime)
        {
            // Which tells how long it sleeps to whoever sees that it should not.
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
    /// When to wake for a due time, by the clock of the task hub: timers are absolute, and where that clock and the one of the due times differ, a
    /// watch would sleep for as long as they do, or not at all and poll without end.
    /// </summary>
    private static DateTime WakesAt(TaskOrchestrationContext context, WatchInput input, DateTimeOffset due, TimeSpan? wait) =>
        input.Version >= WatchInput.FirstWithWait && wait is { } from ? context.CurrentUtcDateTime + from : due.UtcDateTime;

    /// <summary>Sleeps until a time or a nudge.</summary>
    /// <returns>What waits for the next nudge; null if this one came.</returns>
    private static async Task<Task?> SleepAsync(TaskOrchestrationContext context, DateTime until, Task? nudge)
    {
        nudge ??= context.WaitForExternalEvent<string?>(Nudge);
        using var nudged = new CancellationTokenSource();
        var timer = context.CreateTimer(until, nudged.Token);
        if (await Task.WhenAny(timer, nudge) != nudge)
            return nudge;

        // Not CancelAsync: an orchestrator may await nothing but its context's tasks, and would never come back.
#pragma warning disable CA1849
        nudged.Cancel();
#pragma warning restore CA1849
        return null;
    }
}

/// <summary>What a watch is started with. Once released, properties are only ever added, each with a default.</summary>
/// <param name="Source">The source.</param>
/// <param name="Id">The <c>persistentId</c>.</param>
public sealed record WatchInput([property: JsonPropertyName("source")] string Source, [property: JsonPropertyName("id")] string Id)
{
    /// <summary>The version that this code starts watches with.</summary>
    public const int Latest = 3;

    /// <summary>The first version whose instance ids have the job's reference instead of its id.</summary>
    public const int FirstWithReference = 2;

    /// <summary>The first version that sleeps for a time and not until one.</summary>
    public const int FirstWithWait = 3;

    /// <summary>
    /// By which version's order of steps the instance runs. 1 polls first, has the job's id in its instance id, and ends at its next step: the
    /// due index starts the watch again. 2 first waits for <see cref="DueAt"/>. 3 sleeps for as long as <see cref="Wait"/> and
    /// <see cref="WatchStep.Wait"/> say, whatever the clock of the task hub.
    /// </summary>
    [JsonPropertyName("version")]
    public int Version { get; init; } = Latest;

    /// <summary>When the job is to be polled first; null for now.</summary>
    [JsonPropertyName("dueAt")]
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>How long that is from the start.</summary>
    [JsonPropertyName("wait")]
    public TimeSpan? Wait { get; init; }

    /// <summary>The job.</summary>
    [JsonIgnore]
    public JobKey Key => new(Source, Id);
}

/// <summary>What came of a poll; also the watch's custom status.</summary>
public sealed record WatchStep
{
    /// <summary>When to poll next; null if no more polls are needed.</summary>
    [JsonPropertyName("dueAt")]
    public DateTimeOffset? DueAt { get; init; }

    /// <summary>How long that is from this step.</summary>
    [JsonPropertyName("wait")]
    public TimeSpan? Wait { get; init; }

    /// <summary>How the status API answered last.</summary>
    [JsonPropertyName("lastAnswer")]
    [JsonConverter(typeof(JsonStringEnumConverter<PollAnswer>))]
    public PollAnswer LastAnswer { get; init; }

    /// <summary>How often it has been asked.</summary>
    [JsonPropertyName("polls")]
    public int Polls { get; init; }

    /// <summary>Whether the poll is due already and only waits for others of its source: see <see cref="PollSlots"/>.</summary>
    [JsonPropertyName("postponed")]
    public bool Postponed { get; init; }
}

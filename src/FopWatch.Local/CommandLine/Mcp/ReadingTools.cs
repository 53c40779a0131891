using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Nodes;
using FopWatch.Client;
using FopWatch.Contracts;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace FopWatch.Local.CommandLine.Mcp;

/// <summary>The tools that change nothing.</summary>
/// <param name="client">The client of the host.</param>
/// <param name="time">The clock.</param>
internal sealed class ReadingTools(IFopWatchClient client, TimeProvider time)
{
    private const int MostItems = 20;

    public IReadOnlyList<McpServerTool> All =>
    [
        ToolOptions.Reading(
            "find_jobs", "Find jobs",
            "Finds jobs that match all given filters, newest first. Returns a page; pass its continuation to get the next one.", FindAsync),
        ToolOptions.Reading(
            "explain_job", "Explain a job",
            "Explains one job: its state, what happened to it, the reason of each poll, what comes next, and its commands and outputs (secrets are redacted).", ExplainAsync),
        ToolOptions.Reading(
            "source_health", "Health of sources",
            "Returns the health of each source (an account at a provider): findings that name problems, counts of open, overdue and quarantined jobs, and how outcomes were detected.", HealthAsync),
        ToolOptions.Reading(
            "list_quarantine", "Quarantined notifications",
            "Lists notifications that could not be understood or verified, newest first, each with the reason and what to change. Bodies and headers are left out.", QuarantineAsync),
        ToolOptions.Reading(
            "polling_plan", "Polling plan",
            "Returns when jobs of each source and class are polled, how long such jobs take, and the expected cost of the plan.", PlanAsync),
        ToolOptions.Reading(
            "doctor", "Examine the installation",
            "Examines settings, status APIs, the path of notifications, traffic, clock and storage, for up to a minute. Each finding says what is wrong, why it matters and what to do. Needs a key with the right Write for all sources.", ExamineAsync),
    ];

    private Task<CallToolResult> FindAsync(
        [Description("Only jobs of this source.")] string? source = null,
        [Description("Only jobs in one of these states.")] JobState[]? states = null,
        [Description("Only jobs whose watch has one of these statuses.")] WatchStatus[]? watches = null,
        [Description("True: only jobs that take unusually long. False: only the others.")] bool? overdue = null,
        [Description("Only jobs registered at this time or later (RFC 3339).")] DateTimeOffset? since = null,
        [Description("Only jobs registered before this time (RFC 3339).")] DateTimeOffset? until = null,
        [Description("Only jobs whose input is in this bucket.")] string? bucket = null,
        [Description("Only jobs whose input key begins with this.")] string? keyPrefix = null,
        [Description("Only jobs whose id begins with this.")] string? idPrefix = null,
        [Description("Only jobs with exactly this metadata.")] Dictionary<string, string>? metadata = null,
        [Description("Only the job with this reference, which is its name in the log.")] string? reference = null,
        [Description("How many jobs to return.")][Range(1, 100)] int top = 20,
        [Description("The continuation of the previous page.")] string? continuation = null,
        CancellationToken cancellationToken = default) => ToolAnswer.OfAsync(async () =>
        {
            var filter = FilterOf(source, states, watches, overdue, since, until, bucket, keyPrefix, idPrefix, metadata, reference);
            var page = await client.ListPageAsync(filter, Math.Clamp(top, 1, 100), continuation, cancellationToken);
            return new JsonObject
            {
                ["jobs"] = new JsonArray([.. page.Jobs.Select(Summary)]),
                ["continuation"] = page.Continuation,
                ["unreadable"] = page.Unreadable is { Count: > 0 } unreadable ? new JsonArray([.. unreadable.Select(one => JsonValue.Create(one))]) : null,
            };
        });

    private Task<CallToolResult> ExplainAsync(
        [Description("The name of the source.")] string source,
        [Description("The persistentId of the job.")] string id,
        CancellationToken cancellationToken = default) => ToolAnswer.OfAsync(async () =>
        {
            if (await client.GetAsync(source, id, cancellationToken) is not { } job)
                throw new ArgumentException($"the host has no job '{id}' in a source '{source}'. Both names are case-sensitive; find_jobs finds jobs by prefix.");
            var explained = Summary(job);
            explained["story"] = new JsonArray([.. JobStory.Of(job).Select(one => JsonValue.Create(one.At is { } at ? $"{MomentText.Of(at)}: {one.Sentence}" : one.Sentence))]);
            explained["now"] = new JsonArray([.. JobStory.Conclusion(job, time.GetUtcNow()).Select(sentence => JsonValue.Create(sentence))]);
            explained["items"] = new JsonArray([.. job.Items.Take(MostItems).Select(Item)]);
            explained["itemsLeftOut"] = Math.Max(0, job.Counts.Total - Math.Min(MostItems, job.Items.Count));
            return explained;
        });

    private Task<CallToolResult> HealthAsync(
        [Description("Only this source.")] string? source = null,
        [Description("The number of past hours to count.")][Range(1, 168)] int hours = 24,
        CancellationToken cancellationToken = default) => ToolAnswer.OfAsync(async () =>
        {
            var overview = await client.OverviewAsync(source, Math.Clamp(hours, 1, 168), cancellationToken);

            // The hourly timeline is for charts.
            return ToolAnswer.Json(overview with { Timeline = [] });
        });

    private Task<CallToolResult> QuarantineAsync(
        [Description("Only notifications to this source.")] string? source = null,
        [Description("How many notifications to return.")][Range(1, 50)] int top = 10,
        [Description("The continuation of the previous page.")] string? continuation = null,
        CancellationToken cancellationToken = default) => ToolAnswer.OfAsync(async () =>
        {
            var page = await client.ListQuarantinePageAsync(source, Math.Clamp(top, 1, 50), continuation, cancellationToken);
            return ToolAnswer.Json(page with
            {
                // Bodies are stored as received, with secrets in them.
                Notifications = [.. page.Notifications.Select(one => one with { Body = null, Headers = new Dictionary<string, string>() })],
            });
        });

    private Task<CallToolResult> PlanAsync(
        [Description("Only this source.")] string? source = null, CancellationToken cancellationToken = default) =>
        ToolAnswer.OfAsync(async () => ToolAnswer.Json(await client.PlanAsync(source, cancellationToken)));

    private Task<CallToolResult> ExamineAsync(CancellationToken cancellationToken = default) =>
        ToolAnswer.OfAsync(async () => ToolAnswer.Json(await client.ExamineAsync(cancellationToken)));

    /// <summary>The filters of reading and acting tools.</summary>
    internal static JobFilter FilterOf(
        string? source, JobState[]? states, WatchStatus[]? watches, bool? overdue, DateTimeOffset? since, DateTimeOffset? until, string? bucket, string? keyPrefix,
        string? idPrefix, Dictionary<string, string>? metadata, string? reference) => new()
        {
            Source = source,
            States = states ?? [],
            Watches = watches ?? [],
            Overdue = overdue,
            Since = since,
            Until = until,
            Bucket = bucket,
            KeyPrefix = keyPrefix,
            IdPrefix = idPrefix,
            Metadata = metadata is { Count: > 0 } ? metadata : null,
            Ref = reference,
        };

    /// <summary>The identity and state of a job.</summary>
    internal static JsonObject Summary(WatchedJob job)
    {
        var summary = ToolAnswer.Json<WatchedJob>(job with { Timeline = null, TimelineOmitted = null, Items = [] }).AsObject();
        summary.Remove("items");
        return summary;
    }

    private static JsonObject Item(JobItem item) => new()
    {
        ["command"] = item.Command,
        ["state"] = WireNames.Of(item.State),
        ["error"] = item.Error,
        ["outputs"] = new JsonArray([.. item.Outputs.Take(MostItems).Select(output => new JsonObject { ["bucket"] = output.Bucket, ["key"] = output.Key, ["url"] = output.Url })]),
    };
}

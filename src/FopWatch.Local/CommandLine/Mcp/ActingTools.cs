using System.ComponentModel;
using System.Text.Json.Nodes;
using FopWatch.Client;
using FopWatch.Contracts;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace FopWatch.Local.CommandLine.Mcp;

/// <summary>The tools that change something. They are offered with <c>--allow-actions</c>.</summary>
/// <param name="client">The client of the host.</param>
internal sealed class ActingTools(IFopWatchClient client)
{
    public IReadOnlyList<McpServerTool> All =>
    [
        ToolOptions.Acting(
            "poll_job", "Ask the provider now", "Polls the provider's status API about a job now. Returns the job and the API's answer.",
            isDestructive: false, isIdempotent: true, PollAsync),
        ToolOptions.Acting(
            "republish_job", "Publish an outcome again", "Publishes the outcome of a settled job again, as a new version. Subscribers receive another event.",
            isDestructive: false, isIdempotent: false, RepublishAsync),
        ToolOptions.Acting(
            "stop_job", "Stop watching a job", "Stops polling a job. A notification still settles it. Registering it again resumes it.",
            isDestructive: true, isIdempotent: true, StopAsync),
        ToolOptions.Acting(
            "act_on_jobs", "Act on all jobs that match filters",
            "Polls, republishes or stops every job that matches the filters. At least one filter is required. Call it without confirm first: it then changes nothing, and returns the count and the value for confirm. Show the count to the user before you confirm.",
            isDestructive: true, isIdempotent: false, ActAsync),
        ToolOptions.Acting(
            "retry_quarantined", "Retry a quarantined notification", "Verifies and decodes a quarantined notification again after its cause was fixed. Returns the result.",
            isDestructive: false, isIdempotent: true, RetryAsync),
    ];

    private Task<CallToolResult> PollAsync(
        [Description("The name of the source.")] string source, [Description("The persistentId of the job.")] string id, CancellationToken cancellationToken = default) =>
        ToolAnswer.OfAsync(async () =>
        {
            var polled = await client.PollAsync(source, id, cancellationToken);
            var summary = ReadingTools.Summary(polled);
            summary["answer"] = polled.Answer;
            return summary;
        });

    private Task<CallToolResult> RepublishAsync(
        [Description("The name of the source.")] string source, [Description("The persistentId of the job.")] string id, CancellationToken cancellationToken = default) =>
        ToolAnswer.OfAsync(async () => ReadingTools.Summary(await client.RepublishAsync(source, id, cancellationToken)));

    private Task<CallToolResult> StopAsync(
        [Description("The name of the source.")] string source, [Description("The persistentId of the job.")] string id, CancellationToken cancellationToken = default) =>
        ToolAnswer.OfAsync(async () => ReadingTools.Summary(await client.StopAsync(source, id, cancellationToken)));

    private Task<CallToolResult> ActAsync(
        [Description("What to do.")] BulkAction action,
        [Description("The value of confirm that the call without it returned.")] string? confirm = null,
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
        CancellationToken cancellationToken = default) => ToolAnswer.OfAsync(async () =>
        {
            var filter = ReadingTools.FilterOf(source, states, watches, overdue, since, until, bucket, keyPrefix, idPrefix, metadata, reference: null);
            return ToolAnswer.Json(confirm is null
                ? await client.CountBulkAsync(action, filter, cancellationToken)
                : await client.RunBulkAsync(action, filter, confirm, cancellationToken: cancellationToken));
        });

    private Task<CallToolResult> RetryAsync(
        [Description("The key of the notification, from list_quarantine.")] string key, CancellationToken cancellationToken = default) => ToolAnswer.OfAsync(async () =>
        {
            var retried = await client.RetryQuarantinedAsync(key, cancellationToken);
            return retried is null ? new JsonObject { ["key"] = key, ["result"] = "notInQuarantine" } : ToolAnswer.Json(retried);
        });
}

using System.Text;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Providers.Signatures;
using FopWatch.Watching;

namespace FopWatch.Providers.Qiniu;

/// <summary>Qiniu persistent processing and workflows (providers.md, section 1).</summary>
internal sealed class QiniuProvider : IProvider
{
    public QiniuProvider() => Workflows = new QiniuWorkflowQuery(this);

    public ProviderKind Kind => ProviderKind.Qiniu;

    /// <summary>Qiniu retries notifications for more than two hours and keeps ids for ten days (providers.md, section 1).</summary>
    public PollSettings DefaultPoll { get; } = new()
    {
        First = TimeSpan.FromMinutes(2),
        Factor = 1.5,
        Max = TimeSpan.FromMinutes(10),
        Deadline = TimeSpan.FromDays(9),
        PerSecond = 10,
    };

    public Uri? DefaultStatusEndpoint { get; } = new("https://api.qiniu.com");

    public IWorkflowQuery? Workflows { get; }

    public IUploadCallbacks UploadCallbacks { get; } = new QiniuUploadCallbacks();

    public Decoded Decode(ReportChannel channel, ReadOnlyMemory<byte> body, ReportDetail detail = ReportDetail.Whole)
    {
        if (JsonBody.Read(body, out var problem) is not { } json)
            return Decoded.Not(problem);
        if (Shape(json) is not (var read, var isWorkflow))
            return Decoded.Not("the body is neither a task nor a workflow");
        if (json.ReadId(channel, out var id) is { } noId)
            return Decoded.Not(noId);
        if (read(json, channel, detail, out var facts) is { } unreadable)
            return Decoded.Not(unreadable);

        return Decoded.As(new() { Id = id, Channel = channel, Facts = facts, IsWorkflow = isWorkflow });
    }

    /// <inheritdoc/>
    /// <remarks>Earlier versions decoded the conditions of a workflow as commands.</remarks>
    public JobFacts Upgrade(JobFacts stored) =>
        stored.Raw is { } raw && JsonBody.Read(Encoding.UTF8.GetBytes(raw.Json), out _) is { } json && Shape(json) is { IsWorkflow: true }
            ? QiniuWorkflow.WithoutConditions(stored, json.Root)
            : stored;

    public bool SignsHeader(string name) => QiniuSignature.Covers(name);

    public Trust Verify(SignedRequest request, KeyRing keys) => QiniuSignature.Verify(request, keys);

    public SignatureDiagnosis? Diagnose(SignedRequest request, Source source, HashBudget budget) =>
        QiniuSignature.Diagnose(request, source, budget);

    public SignedRequest Notification(Uri url, string json, (string AccessKey, byte[] Secret)? key) => QiniuSignature.Notification(url, json, key);

    public Uri StatusUri(Uri statusEndpoint, string id) => ProviderKinds.StatusUri(statusEndpoint, "status/get/prefop?id", id);

    public PollAnswer Classify(int status) => status switch
    {
        200 => PollAnswer.Report,
        612 => PollAnswer.NotFound,
        429 or 573 => PollAnswer.Throttled,
        // The errors that the vendor's SDKs do not retry (providers.md, section 1).
        501 or 509 or 579 or 608 or 614 or 616 or 618 or 630 or 631 or 632 or 640 or 701 => PollAnswer.Refused,
        >= 500 => PollAnswer.Unavailable,
        _ => PollAnswer.Refused,
    };

    private delegate string? FactsReader(JsonBody body, ReportChannel channel, ReportDetail detail, out JobFacts facts);

    /// <summary>The reader of a body, and whether it is of a V3 workflow.</summary>
    private static (FactsReader Read, bool IsWorkflow)? Shape(JsonBody body)
    {
        var root = body.Root;
        if (root.Text("version") == "v3")
            return (QiniuWorkflow.ReadV3, true);

        // Only V3 is told by its version. Bodies of other forms may get a version, too: the schema grows.
        if (root.Field("status") is not null && root.Has("ops"))
            return (QiniuWorkflow.ReadV2, false);

        // A task that is still queued may come without a list.
        var isTask = root.Has("items") || (root.Field("id") is not null && root.Integer("code") is not null && !root.Has("ops"));
        return isTask ? (QiniuTask.Read, false) : null;
    }
}

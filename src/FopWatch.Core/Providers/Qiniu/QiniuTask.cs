using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Qiniu;

/// <summary>Decodes the body of a persistent processing task, which has <c>items</c>.</summary>
internal static class QiniuTask
{
    private const long Succeeded = 0;
    private const long Waiting = 1;
    private const long Processing = 2;
    private const long Failed = 3;

    // The processing is over, and only the notification failed. The items say how it ended.
    private const long NotificationFailed = 4;

    /// <summary>Reads the facts.</summary>
    /// <returns>The problem; null if there is none.</returns>
    public static string? Read(JsonBody body, ReportChannel channel, ReportDetail detail, out JobFacts facts)
    {
        facts = JobFacts.None;
        var root = body.Root;
        if (root.ReadObjects("items", out var items) is { } problem)
            return problem;

        var bucket = root.Text("inputBucket");
        var code = root.Integer("code");
        var closed = code is Succeeded or Failed or NotificationFailed;
        var verdict = code == Failed ? JobVerdict.Failed : JobVerdict.None;
        facts = JobFacts.None with { Bucket = bucket, Pipeline = root.Text("pipeline") };
        if (detail == ReportDetail.Subject)
            return null;

        facts = (facts with
        {
            Key = CommandRedaction.RedactUrl(root.Text("inputKey")),
            RequestId = root.Text("reqid"),
            TaskFrom = root.Text("taskFrom"),
            Idle = root.Flag("type"),
            CreatedAt = Rfc3339.Parse(root.Text("creationDate")),
            Progress = ProgressOf(code, closed),
            Closed = closed,
            Verdict = verdict,
            Delivery = DeliveryOf(code, channel),
            Raw = body.Raw(closed),
        }).WithItems(items.Select(item => ReadItem(item, bucket)));

        // API-compatible servers answer with the greatest code of the items as the code of the whole job, even while items still wait
        // (providers.md, section 1). They notify when everything is over; a poll answer counts once it is repeated (JobFacts.Confirmed).
        if (channel == ReportChannel.Notification)
            facts = facts.EndedByVerdict();
        return null;
    }

    /// <summary>The progress that a code shows.</summary>
    public static JobProgress ProgressOf(long? code, bool closed) => code switch
    {
        _ when closed => JobProgress.Processing,
        Processing => JobProgress.Processing,
        Waiting => JobProgress.Waiting,
        _ => JobProgress.Unknown,
    };

    /// <summary>The state of a command by its code alone.</summary>
    public static ItemState StateOf(long? code) => code switch
    {
        Succeeded => ItemState.Succeeded,
        Waiting => ItemState.Waiting,
        Processing => ItemState.Processing,
        Failed => ItemState.Failed,
        _ => ItemState.Unknown,
    };

    /// <summary>The delivery of the notification: a received notification was delivered, and an answer reports only a failure.</summary>
    public static NotificationDelivery DeliveryOf(long? code, ReportChannel channel) =>
        channel == ReportChannel.Notification ? NotificationDelivery.Delivered
        : code == NotificationFailed ? NotificationDelivery.Failed
        : NotificationDelivery.Unknown;

    private static ItemFacts ReadItem(JsonElement item, string? inputBucket)
    {
        var command = item.Text("cmd") ?? "";
        var code = item.Integer("code");
        EquatableList<OutputFacts> outputs = [.. ReadOutputs(item, Base64Text.BucketOf(command, "saveas") ?? inputBucket)];
        var (result, resultCut) = JsonCut.To(ResultLimit.Kept, item.Json("result"), null);
        var words = item.Words(hasError => code == NotificationFailed ? StateByContent(item, hasError, outputs, result) : StateOf(code));
        return new()
        {
            Command = CommandRedaction.Redact(command),
            State = words.State,
            Code = code,
            Description = words.Description,
            Error = words.Error,
            ErrorCut = words.ErrorCut,
            ErrorIndex = item.Count("errorIndex") is <= int.MaxValue and var index ? (int)index : null,
            ReusedOldOutput = item.Flag("returnOld"),
            Result = result,
            ResultCut = resultCut,
            Outputs = ItemOutputs.MayHave(words.State) ? outputs : [],
        };
    }

    /// <summary>
    /// The state of a command whose code says only that it is over and that the notification failed, because items have the code of the whole job
    /// (providers.md, section 1). An error takes precedence over an output, which may only be the intended one.
    /// </summary>
    private static ItemState StateByContent(JsonElement item, bool hasError, EquatableList<OutputFacts> outputs, string? result)
    {
        if (hasError)
            return ItemState.Failed;

        var hasOutput = item.Text("hash") is not null || outputs.Count > 0 || result is not (null or "\"\"" or "{}" or "[]");
        return hasOutput ? ItemState.Succeeded : ItemState.Unknown;
    }

    private static IEnumerable<OutputFacts> ReadOutputs(JsonElement item, string? bucket)
    {
        if (item.Text("key") is { } key)
            yield return new() { Bucket = bucket, Key = key, Hash = item.Text("hash"), Size = item.Count("fsize") };
        foreach (var further in item.Entries("keys"))
        {
            if (further.ValueKind == JsonValueKind.String && further.AsText() is { Length: > 0 } name)
                yield return new() { Bucket = bucket, Key = name };
        }
    }
}

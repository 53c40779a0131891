using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Qiniu;

/// <summary>Reads the body of a persistent processing task: the classic shape, with <c>items</c>.</summary>
internal static class QiniuTask
{
    private const long Succeeded = 0;
    private const long Waiting = 1;
    private const long Processing = 2;
    private const long Failed = 3;

    // The processing is over, how is for the items to say; only the notification failed.
    private const long NotificationFailed = 4;

    /// <summary>Reads the facts.</summary>
    /// <returns>Why they cannot be read, or null.</returns>
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

        // API-compatible servers answer with the greatest of the items' codes as that of the whole, while items still wait
        // (providers.md, section 1). They notify when all is over; a poll's answer counts once it is repeated (JobFacts.Confirmed).
        if (channel == ReportChannel.Notification)
            facts = facts.EndedByVerdict();
        return null;
    }

    /// <summary>What a code says of a job that may not be over.</summary>
    public static JobProgress ProgressOf(long? code, bool closed) => code switch
    {
        _ when closed => JobProgress.Processing,
        Processing => JobProgress.Processing,
        Waiting => JobProgress.Waiting,
        _ => JobProgress.Unknown,
    };

    /// <summary>What a code by itself says of a command.</summary>
    public static ItemState StateOf(long? code) => code switch
    {
        Succeeded => ItemState.Succeeded,
        Waiting => ItemState.Waiting,
        Processing => ItemState.Processing,
        Failed => ItemState.Failed,
        _ => ItemState.Unknown,
    };

    /// <summary>A notification that is here was delivered; an answer tells only of failure.</summary>
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
    /// How a command ended whose code tells only that it is over and its notification failed: items have the codes of the whole
    /// (providers.md, section 1). An error is believed over an output, which may only be where a file would have been.
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

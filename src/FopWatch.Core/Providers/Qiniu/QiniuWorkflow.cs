using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Jobs;

namespace FopWatch.Providers.Qiniu;

/// <summary>Decodes the bodies of workflows, which arrive at the same URL as those of tasks (providers.md, section 1).</summary>
internal static class QiniuWorkflow
{
    /// <summary>Reads the facts of a V3 workflow.</summary>
    /// <returns>The problem; null if there is none.</returns>
    public static string? ReadV3(JsonBody body, ReportChannel channel, ReportDetail detail, out JobFacts facts)
    {
        facts = JobFacts.None;
        var root = body.Root;
        if (root.ReadObjects("ops", out var ops) is { } problem)
            return problem;

        var code = root.Integer("code");
        var closed = code is 0 or 3 or 5;
        var verdict = code switch { 0 => JobVerdict.Succeeded, 3 => JobVerdict.Failed, 5 => JobVerdict.Cancelled, _ => JobVerdict.None };
        var input = root.Field("input")?.Field("kodo_file");
        facts = JobFacts.None with { Bucket = input?.Text("bucket"), Pipeline = root.Text("pipeline") };
        if (detail == ReportDetail.Subject)
            return null;

        facts = (facts with
        {
            Key = CommandRedaction.RedactUrl(input?.Text("key")),
            RequestId = root.Text("reqid"),
            TaskFrom = root.Text("taskFrom"),
            Idle = root.Flag("type"),
            CreatedAt = Milliseconds(root.Integer("created_at")),
            Progress = QiniuTask.ProgressOf(code, closed),
            Closed = closed,
            Verdict = verdict,
            Delivery = QiniuTask.DeliveryOf(null, channel),
            Raw = body.Raw(closed),
        }).WithItems(ops.Where(op => !IsCondition(op)).Select(op => ReadV3Op(op, closed))).EndedByVerdict();
        return null;
    }

    /// <summary>Reads the facts of a V2 workflow.</summary>
    /// <returns>The problem; null if there is none.</returns>
    public static string? ReadV2(JsonBody body, ReportChannel channel, ReportDetail detail, out JobFacts facts)
    {
        facts = JobFacts.None;
        var root = body.Root;
        if (root.ReadObjects("ops", out var ops) is { } problem)
            return problem;

        var closed = string.Equals(root.Text("status"), "FINISHED", StringComparison.OrdinalIgnoreCase);
        var result = root.Field("result");
        var code = result?.Integer("code");
        var succeeded = root.Flag("success") ?? code switch { 0 => true, 3 => false, _ => null };
        var verdict = (closed, succeeded) switch { (true, true) => JobVerdict.Succeeded, (true, false) => JobVerdict.Failed, _ => JobVerdict.None };
        var input = root.Field("input")?.Field("source");
        facts = JobFacts.None with { Bucket = input?.Text("bucket"), Pipeline = root.Text("pipeline") };
        if (detail == ReportDetail.Subject)
            return null;

        facts = (facts with
        {
            Key = CommandRedaction.RedactUrl(input?.Text("key")),
            RequestId = result?.Text("reqid") ?? root.Text("reqid"),
            TaskFrom = root.Text("taskFrom"),
            Idle = root.Flag("type"),
            CreatedAt = Rfc3339.Parse(root.Text("creationDate")),
            Progress = QiniuTask.ProgressOf(code, closed),
            Closed = closed,
            Verdict = verdict,
            Delivery = QiniuTask.DeliveryOf(null, channel),
            Raw = body.Raw(closed),
        }).WithItems(ops.Select(op => ReadV2Op(op, closed))).EndedByVerdict();
        return null;
    }

    private static ItemFacts ReadV3Op(JsonElement op, bool closed)
    {
        var fop = op.Field("fop");
        var command = CommandOfV3(op);
        var item = ReadResult(command, fop?.Field("result") ?? op.Field("result"), closed, out var result);
        if (!ItemOutputs.MayHave(item.State) || result?.Flag("has_output") == false || result?.Field("kodo_file") is not { } file)
            return item;

        return file.Text("key") is { } key ? item with { Outputs = [Output(file, file.Text("bucket"), key)] } : item;
    }

    /// <summary>
    /// Removes the conditions that earlier versions stored as skipped commands. Only the body shows which commands they are.
    /// </summary>
    public static JobFacts WithoutConditions(JobFacts facts, JsonElement root)
    {
        root.ReadObjects("ops", out var ops);
        var conditions = ops.Where(IsCondition).Select(op => CommandRedaction.Redact(CommandOfV3(op))).ToList();

        // A command with the same name that ran has a code.
        var kept = facts.Items.Where(item => item.Code is not null || !conditions.Remove(item.Command)).ToList();
        return kept.Count == facts.Items.Count ? facts : facts.Numbering([.. kept]);
    }

    private static string CommandOfV3(JsonElement op) => op.Field("fop")?.Text("cmd") ?? op.Text("id") ?? "";

    /// <summary>A node has either a command or a condition, which does nothing and has no result (providers.md, section 1).</summary>
    private static bool IsCondition(JsonElement op) => op.Field("fop") is null && op.Field("cond") is not null;

    private static ItemFacts ReadV2Op(JsonElement op, bool closed)
    {
        var what = op.Field("op");
        var item = ReadResult(CommandOf(what), op.Field("result"), closed, out var result);
        if (!ItemOutputs.MayHave(item.State) || result is not { } answer)
            return item;

        // It is not documented where V2 reports its outputs. The key in the request is only a template.
        var file = answer.Field("kodo_file") ?? answer;
        var bucket = file.Text("bucket") ?? what?.Field("save")?.Field("info")?.Text("bucket");
        return file.Text("key") is { } key ? item with { Outputs = [Output(file, bucket, key)] } : item;
    }

    /// <summary>
    /// Identifies an operation without a command by its type and its parameters in canonical form, as in
    /// <c>transcode {"cmd":"avthumb","format":"mp4"}</c>.
    /// </summary>
    private static string CommandOf(JsonElement? op)
    {
        var type = op?.Text("type") ?? "";
        return op?.Field("params") is { } parameters ? $"{type} {JsonText.Canonical(parameters)}".TrimStart() : type;
    }

    private static ItemFacts ReadResult(string command, JsonElement? field, bool closed, out JsonElement? result)
    {
        result = field is { ValueKind: JsonValueKind.Object } answer && answer.EnumerateObject().Any() ? answer : null;
        if (result is not { } known)
        {
            // An operation without a result in a finished workflow never ran, because something that it depends on did not succeed.
            return new() { Command = CommandRedaction.Redact(command), State = closed ? ItemState.Skipped : ItemState.Unknown };
        }

        var code = known.Integer("code");
        var state = code switch { 6 => ItemState.Skipped, 7 => ItemState.Failed, _ => QiniuTask.StateOf(code) };
        var words = known.Words(_ => state);
        return new()
        {
            Command = CommandRedaction.Redact(command),
            State = state,
            Code = code,
            Description = words.Description,
            Error = words.Error,
            ErrorCut = words.ErrorCut,
        };
    }

    private static OutputFacts Output(JsonElement file, string? bucket, string key) =>
        new() { Bucket = bucket, Key = key, Hash = file.Text("hash"), Size = file.Count("fsize") };

    private static DateTimeOffset? Milliseconds(long? sinceEpoch) =>
        sinceEpoch is > 0 and <= 253_402_300_799_999 and var known ? DateTimeOffset.FromUnixTimeMilliseconds(known) : null;
}

using System.Globalization;
using System.Text.Json.Nodes;

namespace FopWatch.Simulator;

/// <summary>Qiniu's bodies (providers.md, section 1). Status answers and notifications have the same form.</summary>
internal static class QiniuBodies
{
    public static JsonObject Classic(ProviderReport report, BodyWriter writer)
    {
        var job = report.Job;
        var code = !report.IsOver ? (report.HasStarted ? 2 : 1)
            : report.Notification is NotificationFate.Retrying or NotificationFate.Failed ? 4
            : AnyFailed(job) && !job.ClaimsSuccess ? 3
            : 0;
        var properties = new Dictionary<string, JsonNode?>
        {
            ["id"] = job.Id,
            ["code"] = writer.Number(code),
            ["desc"] = Description(code),
            ["pipeline"] = job.Pipeline,
            ["reqid"] = job.RequestId,
            ["inputBucket"] = job.Bucket,
            ["inputKey"] = job.Key,
        };
        // Old answers lack the date. A job is either old or not.
        if (Seeded.Random(job.Seed, 5).Chance(0.8))
            properties["creationDate"] = WithNineDigits(report.SubmittedAt, job.Seed);
        if (job.TaskFrom is not null)
            properties["taskFrom"] = job.TaskFrom;
        if (job.Idle || writer.Random.Chance(0.3))
            properties["type"] = writer.Number(job.Idle ? 1 : 0);

        // Before processing starts, the list may be missing.
        if (report.HasStarted || writer.Random.Chance(0.7))
            properties["items"] = writer.Array(report.Listed.Select(index => ClassicItem(report, job.Items[index], writer)));
        else if (writer.Random.Chance(0.5))
            properties["items"] = null;
        return writer.Object([.. properties, .. ProviderReport.Unknown(writer)]);
    }

    public static JsonObject WorkflowV3(ProviderReport report, BodyWriter writer)
    {
        var job = report.Job;
        var code = !report.IsOver ? (report.HasStarted ? 2 : 1) : job.Cancelled ? 5 : AnyFailed(job) ? 3 : 0;
        return writer.Object(
        [
            new("version", "v3"),
            new("id", job.Id),
            new("reqid", job.RequestId),
            new("pipeline", job.Pipeline),
            new("created_at", report.SubmittedAt.ToUnixTimeMilliseconds()),
            new("input", new JsonObject { ["kodo_file"] = new JsonObject { ["bucket"] = job.Bucket, ["key"] = job.Key } }),
            new("code", writer.Number(code)),
            new("desc", Description(code)),
            new("ops", writer.Array(report.Listed.Select(index => OperationV3(report, index, writer)))),
            .. ProviderReport.Unknown(writer),
        ]);
    }

    public static JsonObject WorkflowV2(ProviderReport report, BodyWriter writer)
    {
        var job = report.Job;
        var properties = new Dictionary<string, JsonNode?>
        {
            ["id"] = job.Id,
            ["pipeline"] = job.Pipeline,
            ["notify"] = new JsonObject { ["url"] = "https://hooks.example.com/notify" },
            ["input"] = new JsonObject { ["type"] = "kodo", ["source"] = new JsonObject { ["bucket"] = job.Bucket, ["key"] = job.Key } },
            ["status"] = report.IsOver ? "FINISHED" : "RUNNING",
            ["ops"] = writer.Array(report.Listed.Select(index => OperationV2(report, job.Items[index], writer))),
        };
        if (report.IsOver)
        {
            var code = AnyFailed(job) ? 3 : 0;
            properties["success"] = code == 0;
            properties["result"] = writer.Object(
            [
                new("code", writer.Number(code)),
                new("desc", Description(code)),
                new("reqid", job.RequestId),
            ]);
        }

        return writer.Object([.. properties, .. ProviderReport.Unknown(writer)]);
    }

    private static JsonObject ClassicItem(ProviderReport report, SimulatedItem item, BodyWriter writer)
    {
        var stage = report.Stage(item);
        var code = stage switch
        {
            ItemStage.Waiting => 1,
            ItemStage.Processing => 2,
            _ => item.Fate == ItemFate.Failed ? 3 : 0,
        };
        var properties = new Dictionary<string, JsonNode?>
        {
            ["cmd"] = item.Command,
            ["code"] = writer.Number(code),
            ["desc"] = Description(code),
        };
        if (item.ReturnOld || writer.Random.Chance(0.8))
            properties["returnOld"] = writer.Number(item.ReturnOld && code == 0 ? 1 : 0);
        if (code == 3)
        {
            properties["error"] = item.Error;
            if (item.Command.Contains('|'))
                properties["errorIndex"] = writer.Number(0);
        }
        else if (code == 0)
        {
            if (writer.Random.Chance(0.2))
                properties["error"] = "";
            switch (item.Outputs)
            {
                case [var single]:
                    properties["hash"] = single.Hash;
                    properties["key"] = single.Key;
                    break;
                case []:
                    // This code belongs to another set of codes.
                    properties["result"] = item.Suggestion is { } suggestion ? Audit(suggestion) : new JsonObject { ["code"] = 200, ["format"] = new JsonObject { ["duration"] = "61.5" } };
                    break;
                default:
                    properties["keys"] = new JsonArray([.. item.Outputs.Select(output => (JsonNode)output.Key)]);
                    break;
            }
        }

        return writer.Object([.. properties, .. ProviderReport.Unknown(writer)]);
    }

    /// <summary>The verdict of an audit after all its frames, longer than a reader may expect.</summary>
    private static JsonObject Audit(string suggestion) => new()
    {
        ["disable"] = suggestion == "block",
        ["result"] = new JsonObject
        {
            ["code"] = 200,
            ["message"] = "OK",
            ["scenes"] = new JsonObject
            {
                ["pulp"] = new JsonObject
                {
                    ["cuts"] = new JsonArray([.. Enumerable.Range(0, 300).Select(frame => (JsonNode)new JsonObject { ["offset"] = frame * 5000, ["suggestion"] = "pass" })]),
                    ["suggestion"] = suggestion,
                },
            },
            ["suggestion"] = suggestion,
        },
    };

    private static JsonObject OperationV3(ProviderReport report, int index, BodyWriter writer)
    {
        var item = report.Job.Items[index];
        var fop = new Dictionary<string, JsonNode?>
        {
            ["cmd"] = item.Command,
            ["input_from"] = item.DependsOn is [var from, ..] ? OperationId(from) : "",
        };
        if (report.Stage(item) == ItemStage.Over)
        {
            var code = item.Fate switch
            {
                ItemFate.Succeeded => 0,
                ItemFate.Skipped => 6,
                // Invalid instead of failed, with the same meaning.
                _ => Seeded.Random(report.Job.Seed, 6, index).Chance(0.3) ? 7 : 3,
            };
            var result = new Dictionary<string, JsonNode?>
            {
                ["code"] = writer.Number(code),
                ["desc"] = code == 0 ? Description(0) : item.Error ?? "skipped",
                ["has_output"] = code == 0 && item.Outputs.Count > 0,
            };
            if (code == 0 && item.Outputs is [var output, ..])
                result["kodo_file"] = writer.Object([new("bucket", output.Bucket), new("key", output.Key), new("hash", output.Hash)]);
            fop["result"] = writer.Object(result);
        }

        return writer.Object(
        [
            new("id", OperationId(index)),
            new("fop", writer.Object(fop)),
            new("depends", new JsonArray([.. item.DependsOn.Select(other => (JsonNode)OperationId(other))])),
        ]);
    }

    private static JsonObject OperationV2(ProviderReport report, SimulatedItem item, BodyWriter writer)
    {
        var segments = item.Command.Split('|')[0].Split('/');
        var parameters = new JsonObject { ["cmd"] = segments[0] };
        if (segments.Length > 1)
            parameters["format"] = segments[1];
        for (var i = 2; i + 1 < segments.Length; i += 2)
            parameters[segments[i]] = segments[i + 1];
        var save = new JsonObject { ["bucket"] = report.Job.Bucket, ["key_template"] = "{{.fname}}" + parameters["format"] };
        var operation = new Dictionary<string, JsonNode?>
        {
            ["op"] = writer.Object(
            [
                new("type", "transcode"),
                new("params", parameters),
                new("save", new JsonObject { ["type"] = "kodo", ["info"] = save }),
            ]),
        };
        if (report.Stage(item) == ItemStage.Over)
        {
            var code = item.Fate == ItemFate.Succeeded ? 0 : 3;
            operation["result"] = writer.Object([new("code", writer.Number(code)), new("desc", item.Error ?? Description(code))]);
        }

        return writer.Object(operation);
    }

    private static bool AnyFailed(SimulatedJob job) => job.Items.Any(item => item.Fate == ItemFate.Failed);

    private static string OperationId(int index) => $"op-{index + 1}";

    private static string Description(int code) => code switch
    {
        0 => "The fop was completed successfully",
        1 => "The fop is waiting for execution",
        2 => "The fop is executing now",
        3 => "The fop is failed",
        4 => "Callback failed",
        _ => "The workflow was cancelled",
    };

    /// <summary>A time with nanoseconds, which .NET's types cannot hold.</summary>
    private static string WithNineDigits(DateTimeOffset time, int seed) =>
        time.ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MM-ddTHH:mm:ss.fffffff", CultureInfo.InvariantCulture)
        + (10 + Seeded.Random(seed, 7).Next(90)).ToString(CultureInfo.InvariantCulture)
        + "+08:00";
}

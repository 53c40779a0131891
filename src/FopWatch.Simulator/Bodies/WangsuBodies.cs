using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace FopWatch.Simulator;

/// <summary>
/// Wangsu's bodies (providers.md, section 2). The top-level code has different meanings in notifications and status answers.
/// </summary>
internal static class WangsuBodies
{
    public static JsonObject Fops(ProviderReport report, BodyWriter writer)
    {
        var job = report.Job;
        var isFops = job.Shape == BodyShape.WangsuFops;
        var properties = new Dictionary<string, JsonNode?>
        {
            ["id"] = job.Id,
            ["code"] = writer.Number(report.IsNotification ? NotificationCode(report) : QueryCode(report)),
            ["desc"] = isFops ? Progress(report) : report.IsOver ? "fileOperateSucceed" : "fileOperateProcessing",
            ["separate"] = writer.Random.Chance(0.3) ? BodyWriter.Text(job.Separate ? 1 : 0) : job.Separate ? 1 : 0,
            ["items"] = writer.Array(report.Listed.Select(index => Item(report, job.Items[index], writer))),
        };
        if (isFops)
        {
            properties["inputkey"] = job.Key;
            properties["inputbucket"] = job.Bucket;
            properties["inputfsize"] = Seeded.Random(job.Seed, 8).Next(100_000, 900_000_000);
            properties["channelname"] = null;
        }
        else if (job.Unpacked.Count > 0 && report.IsOver)
        {
            properties["decompresslist"] = new JsonArray([.. job.Unpacked.Select(key => (JsonNode)key)]);
        }

        return writer.Object([.. properties, .. ProviderReport.Unknown(writer)]);
    }

    public static byte[] Encode(string json, WangsuEncoding encoding)
    {
        var bytes = Encoding.UTF8.GetBytes(json);
        return encoding switch
        {
            WangsuEncoding.UrlSafeBase64 => Encoding.ASCII.GetBytes(Signer.Base64UrlPadded(bytes)),
            WangsuEncoding.PlainBase64 => Encoding.ASCII.GetBytes(Convert.ToBase64String(bytes)),
            WangsuEncoding.UnpaddedBase64 => Encoding.ASCII.GetBytes(Signer.Base64UrlPadded(bytes).TrimEnd('=')),
            _ => bytes,
        };
    }

    private static int QueryCode(ProviderReport report) => !report.IsOver
        ? (report.HasStarted ? 1 : 0)
        : 3 + Notified(report.Notification);

    private static int NotificationCode(ProviderReport report)
    {
        if (report.IsOver || !report.Job.Separate)
            return 3;
        var failed = report.Job.Items.Any(item => item.Fate == ItemFate.Failed && report.Stage(item) == ItemStage.Over);
        return failed ? 2 : 1;
    }

    /// <summary>The offset from "over" of a code that also reports the fate of the notification.</summary>
    private static int Notified(NotificationFate fate) => fate switch
    {
        NotificationFate.Retrying => 1,
        NotificationFate.Failed => 2,
        NotificationFate.Delivered => 3,
        _ => 0,
    };

    private static JsonObject Item(ProviderReport report, SimulatedItem item, BodyWriter writer)
    {
        var isFops = report.Job.Shape == BodyShape.WangsuFops;
        var stage = report.Stage(item);
        var notified = writer.Random.Chance(0.5) ? Notified(report.Notification) : 0;
        // For failed items, the codes that report the fate of the notification are not adjacent to the plain code.
        var code = stage switch
        {
            ItemStage.Waiting => 0,
            ItemStage.Processing => 1,
            _ when item.Fate == ItemFate.Failed => notified == 0 ? 2 : 17 + notified,
            _ => 3 + notified,
        };
        var isOver = stage == ItemStage.Over;
        var failed = isOver && item.Fate == ItemFate.Failed;
        var properties = new Dictionary<string, JsonNode?>
        {
            ["cmd"] = item.Command,
            ["code"] = isFops ? BodyWriter.Text(code) : writer.Number(code),
            ["desc"] = failed ? "fileOperateFailed" : isOver ? "fileOperateSucceed" : "fileOperateProcessing",
            ["error"] = failed ? item.Error : null,
        };
        if (isFops)
            properties["costTime"] = isOver ? writer.Random.Next(1000) : 0;
        if (isOver && !failed && item.Outputs is [var first, ..])
        {
            foreach (var (name, value) in Output(first, isFops, writer))
                properties[name] = value;
            if (item.Unpacked.Count > 0)
                properties["decompresslist"] = $"[{string.Join(", ", item.Unpacked.Select(key => $$"""{"key": "{{key}}", "fsize": 12}"""))}]";
            if (isFops)
                properties["detail"] = new JsonArray([.. item.Outputs.Select(output => (JsonNode)new JsonObject(Output(output, true, writer)))]);
        }

        return writer.Object([.. properties, .. ProviderReport.Unknown(writer)]);
    }

    private static Dictionary<string, JsonNode?> Output(SimulatedOutput output, bool isFops, BodyWriter writer)
    {
        var properties = new Dictionary<string, JsonNode?>
        {
            ["hash"] = output.Hash,
            ["fsize"] = output.Size,
            ["key"] = isFops ? $"{output.Bucket}:{output.Key}" : output.Key,
            ["url"] = $"http://cdn.example.com/{output.Key}",
        };
        if (isFops)
        {
            properties["duration"] = 6.102;
            properties["bit_rate"] = writer.Random.Next(100_000, 999_999).ToString(CultureInfo.InvariantCulture);
            properties["resolution"] = "320X568";
        }

        return properties;
    }

    /// <summary>Names every command in full, including secrets.</summary>
    private static string Progress(ProviderReport report)
    {
        var text = new StringBuilder();
        foreach (var item in report.Listed.Select(index => report.Job.Items[index]))
        {
            var how = report.Stage(item) != ItemStage.Over ? "running" : item.Fate == ItemFate.Failed ? "failed" : "finish";
            text.Append("operate [").Append(item.Command).Append("] is ").Append(how).Append(' ');
        }

        return text.ToString();
    }
}

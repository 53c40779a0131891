using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace FopWatch.Simulator;

/// <summary>What Wangsu says (providers.md, section 2). The code at the top means something else in a notification than in a status answer.</summary>
internal static class WangsuBodies
{
    public static JsonObject Fops(Telling telling, Scribe scribe)
    {
        var job = telling.Job;
        var isFops = job.Shape == BodyShape.WangsuFops;
        var properties = new Dictionary<string, JsonNode?>
        {
            ["id"] = job.Id,
            ["code"] = scribe.Number(telling.IsNotification ? NotificationCode(telling) : QueryCode(telling)),
            ["desc"] = isFops ? Progress(telling) : telling.IsOver ? "fileOperateSucceed" : "fileOperateProcessing",
            ["separate"] = scribe.Random.Chance(0.3) ? Scribe.Text(job.Separate ? 1 : 0) : job.Separate ? 1 : 0,
            ["items"] = scribe.Array(telling.Listed.Select(index => Item(telling, job.Items[index], scribe))),
        };
        if (isFops)
        {
            properties["inputkey"] = job.Key;
            properties["inputbucket"] = job.Bucket;
            properties["inputfsize"] = Seeded.Random(job.Seed, 8).Next(100_000, 900_000_000);
            properties["channelname"] = null;
        }
        else if (job.Unpacked.Count > 0 && telling.IsOver)
        {
            properties["decompresslist"] = new JsonArray([.. job.Unpacked.Select(key => (JsonNode)key)]);
        }

        return scribe.Object([.. properties, .. Telling.Unknown(scribe)]);
    }

    /// <summary>The body of a notification as it is sent.</summary>
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

    private static int QueryCode(Telling telling) => !telling.IsOver
        ? (telling.HasStarted ? 1 : 0)
        : 3 + Notified(telling.Notification);

    private static int NotificationCode(Telling telling)
    {
        if (telling.IsOver || !telling.Job.Separate)
            return 3;
        var failed = telling.Job.Items.Any(item => item.Fate == ItemFate.Failed && telling.Stage(item) == ItemStage.Over);
        return failed ? 2 : 1;
    }

    /// <summary>How much further than "over" a code is, when it tells of the notification, too.</summary>
    private static int Notified(NotificationFate fate) => fate switch
    {
        NotificationFate.Retrying => 1,
        NotificationFate.Failed => 2,
        NotificationFate.Delivered => 3,
        _ => 0,
    };

    private static JsonObject Item(Telling telling, SimulatedItem item, Scribe scribe)
    {
        var isFops = telling.Job.Shape == BodyShape.WangsuFops;
        var stage = telling.Stage(item);
        var notified = scribe.Random.Chance(0.5) ? Notified(telling.Notification) : 0;
        // The codes of failed items that tell of the notification are not next to the one that does not.
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
            ["code"] = isFops ? Scribe.Text(code) : scribe.Number(code),
            ["desc"] = failed ? "fileOperateFailed" : isOver ? "fileOperateSucceed" : "fileOperateProcessing",
            ["error"] = failed ? item.Error : null,
        };
        if (isFops)
            properties["costTime"] = isOver ? scribe.Random.Next(1000) : 0;
        if (isOver && !failed && item.Outputs is [var first, ..])
        {
            foreach (var (name, value) in Output(first, isFops, scribe))
                properties[name] = value;
            if (item.Unpacked.Count > 0)
                properties["decompresslist"] = $"[{string.Join(", ", item.Unpacked.Select(key => $$"""{"key": "{{key}}", "fsize": 12}"""))}]";
            if (isFops)
                properties["detail"] = new JsonArray([.. item.Outputs.Select(output => (JsonNode)new JsonObject(Output(output, true, scribe)))]);
        }

        return scribe.Object([.. properties, .. Telling.Unknown(scribe)]);
    }

    private static Dictionary<string, JsonNode?> Output(SimulatedOutput output, bool isFops, Scribe scribe)
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
            properties["bit_rate"] = scribe.Random.Next(100_000, 999_999).ToString(CultureInfo.InvariantCulture);
            properties["resolution"] = "320X568";
        }

        return properties;
    }

    /// <summary>Names every command in full, secrets and all.</summary>
    private static string Progress(Telling telling)
    {
        var text = new StringBuilder();
        foreach (var item in telling.Listed.Select(index => telling.Job.Items[index]))
        {
            var how = telling.Stage(item) != ItemStage.Over ? "running" : item.Fate == ItemFate.Failed ? "failed" : "finish";
            text.Append("operate [").Append(item.Command).Append("] is ").Append(how).Append(' ');
        }

        return text.ToString();
    }
}

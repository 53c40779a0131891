using System.Text.Json.Nodes;

namespace FopWatch.PortContracts;

/// <summary>Kinds of damage to stored documents.</summary>
public static class Damage
{
    /// <summary>Bodies that are not events.</summary>
    public static TheoryData<string> EventBodies =>
    [
        "",
        "not JSON",
        "null",
        "[]",
        "7",
        "{}",
        """{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"source":"media","id":"a","items":[{"command":"avi""",
        """{"specversion":"1.0","id":"1","source":"/s","type":"t"}""",
        """{"specversion":"1.0","id":"1","source":"/s","type":"t","data":null}""",
        """{"specversion":"1.0","id":"1","source":"/s","type":"t","data":"text"}""",
        """{"specversion":1,"id":"1","source":"/s","type":"t","data":{}}""",
        """{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{}}{}""",
    ];

    /// <summary>The names of the kinds of damage to a job's document, for <see cref="OfJob"/>.</summary>
    public static TheoryData<string> JobDocuments =>
    [
        "empty", "not JSON", "null", "array", "truncated", "missing member", "null member", "wrong type", "unknown item state", "unknown origin",
        "number for an enum", "null item", "another job", "newer form", "no key",
    ];

    /// <summary>A damaged job document.</summary>
    public static string OfJob(string how, string document)
    {
        if (how is "empty" or "not JSON" or "null" or "array")
            return how switch { "empty" => "", "null" => "null", "array" => "[]", _ => how };
        if (how == "truncated")
            return document[..(document.Length / 2)];

        var job = JsonNode.Parse(document)!.AsObject();
        switch (how)
        {
            case "missing member":
                job.Remove("watch");
                break;
            case "null member":
                job["facts"] = null;
                break;
            case "wrong type":
                job["version"] = "second";
                break;
            case "unknown item state":
                job["facts"]!["items"]![0]!["state"] = "Paused";
                break;
            case "unknown origin":
                job["origin"] = "Oracle";
                break;
            case "number for an enum":
                job["facts"]!["items"]![0]!["state"] = 99;
                break;
            case "null item":
                job["facts"]!["items"]![0] = null;
                break;
            case "another job":
                job["key"]!["id"] = "another";
                break;
            case "newer form":
                job["form"] = 7;
                break;
            case "no key":
                job["key"] = new JsonObject();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(how), how, "There is no damage of this name.");
        }

        return job.ToJsonString();
    }
}

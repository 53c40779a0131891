namespace FopWatch.Contract.Tests;

/// <summary>What becomes of stored documents.</summary>
public static class Damage
{
    /// <summary>Bodies of events that are none.</summary>
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
}

using System.Globalization;

namespace FopWatch.Azure.Tables;

/// <summary>The columns that requests select by name. Other columns are for operators and their tools.</summary>
internal static class Columns
{
    public const string State = "State";
    public const string Settled = "Settled";
    public const string Stopped = "Stopped";
    public const string Overdue = "Overdue";
    public const string DueAt = "DueAt";
    public const string RegisteredAt = "RegisteredAt";
    public const string SettledAt = "SettledAt";
    public const string Commit = "Commit";
    public const string Id = "Id";
    public const string Words = "Words";
    public const string Bucket = "Bucket";
    public const string HasReference = "HasReference";
    public const string Chunks = "Chunks";
    public const string Size = "Size";
    public const string Source = "Source";
    public const string EventId = "EventId";
    public const string Type = "Type";
    public const string Redaction = "Redaction";
    public const string Refusals = "Refusals";
    public const string RetryAt = "RetryAt";
    public const string SetAside = "SetAside";
    public const string Key = "Key";
    public const string Correlation = "Correlation";
    public const string Reason = "Reason";
    public const string ReceivedAt = "ReceivedAt";

    public static readonly string[] Keys = ["PartitionKey", "RowKey"];
    public static readonly string[] ForReference = [.. Keys, Id];
    public static readonly string[] ForCommit = [.. Keys, Commit, DueAt, Overdue, Words];
    public static readonly string[] ForSetAside = [.. Keys, DueAt, Overdue, Settled, Stopped, RegisteredAt, SetAside, Words];
    public static readonly string[] ForBooks = [.. Keys, State, Settled, Stopped, DueAt, RegisteredAt];
    public static readonly string[] ForPurge = [.. Keys, State, DueAt, HasReference, Words];
    public static readonly string[] ForStanding = [.. Keys, State, Settled, Stopped, DueAt, Overdue];
    public static readonly string[] ForSearch = [.. ForStanding, Words];
    public static readonly string[] ForWords = [.. Keys, Words];
    public static readonly string[] ForChunks = [.. Keys, Chunks];
    public static readonly string[] ForSize = [.. Keys, Size];

    /// <summary>An event, complete if its body is short.</summary>
    public static readonly string[] ForOutbox = [.. Keys, Source, EventId, Type, Redaction, Refusals, RetryAt, .. BodyColumns.OfShortText];

    /// <summary>A notification in quarantine, complete if its body is short.</summary>
    public static readonly string[] ForQuarantine =
        [.. Keys, Source, Key, Correlation, Reason, ReceivedAt, Size, Chunks, .. Enumerable.Range(0, NotificationRows.MaxHeadColumns).Select(Head), .. BodyColumns.OfShortBytes];

    /// <summary>URL and headers of a notification in quarantine, in as many columns as they take.</summary>
    public static string Head(int number) => string.Create(CultureInfo.InvariantCulture, $"Head{number}");
}

namespace FopWatch.Contracts;

/// <summary>The names of the application properties of FopWatch's Service Bus messages, for subscription filters.</summary>
/// <remarks>
/// The attributes of the event have the names of the AMQP binding of CloudEvents. The others have the same names and values as in
/// the job's JSON. Unknown values are absent. The system properties are set too: <c>MessageId</c> is the
/// event's id, <c>Subject</c> (in filters <c>Label</c>) its type, and <c>CorrelationId</c> the <c>persistentId</c>.
/// </remarks>
public static class MessageProperties
{
    /// <summary>The CloudEvents version: <c>1.0</c>.</summary>
    public const string SpecVersion = "cloudEvents:specversion";

    /// <summary><see cref="JobEvent.Id"/>.</summary>
    public const string Id = "cloudEvents:id";

    /// <summary><see cref="JobEvent.Type"/>.</summary>
    public const string Type = "cloudEvents:type";

    /// <summary><see cref="JobEvent.Source"/>.</summary>
    public const string Source = "cloudEvents:source";

    /// <summary><see cref="JobEvent.Subject"/>.</summary>
    public const string Subject = "cloudEvents:subject";

    /// <summary><see cref="JobEvent.Time"/>, as a timestamp.</summary>
    public const string Time = "cloudEvents:time";

    /// <summary><see cref="JobEvent.Job"/>, if the event was truncated.</summary>
    public const string Job = "cloudEvents:job";

    /// <summary><see cref="JobRecord.Source"/>.</summary>
    public const string SourceName = "source";

    /// <summary><see cref="JobRecord.Provider"/>.</summary>
    public const string Provider = "provider";

    /// <summary><see cref="JobRecord.State"/>.</summary>
    public const string State = "state";

    /// <summary><see cref="JobRecord.SettledBy"/>.</summary>
    public const string SettledBy = "settledBy";

    /// <summary><see cref="JobRecord.Overdue"/>: true if the job is overdue, otherwise absent.</summary>
    public const string Overdue = "overdue";

    /// <summary><see cref="JobRecord.Bucket"/>.</summary>
    public const string Bucket = "bucket";

    /// <summary><see cref="JobRecord.Pipeline"/>.</summary>
    public const string Pipeline = "pipeline";

    /// <summary><see cref="JobRecord.Truncated"/>: true if the event was truncated, otherwise absent.</summary>
    public const string Truncated = "truncated";
}

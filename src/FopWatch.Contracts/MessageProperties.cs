namespace FopWatch.Contracts;

/// <summary>
/// The names of the application properties of FopWatch's Service Bus messages, for subscription filters. All values are text.
/// </summary>
/// <remarks>
/// The attributes of the event are repeated as the AMQP binding of CloudEvents names them; the rest comes from the job. A property
/// whose value is not known is absent.
/// </remarks>
public static class MessageProperties
{
    /// <summary>The version of CloudEvents: <c>1.0</c>.</summary>
    public const string SpecVersion = "cloudEvents:specversion";

    /// <summary><see cref="JobEvent.Id"/>; also the message's own id.</summary>
    public const string Id = "cloudEvents:id";

    /// <summary><see cref="JobEvent.Type"/>.</summary>
    public const string Type = "cloudEvents:type";

    /// <summary><see cref="JobEvent.Source"/>.</summary>
    public const string Source = "cloudEvents:source";

    /// <summary><see cref="JobEvent.Subject"/>.</summary>
    public const string Subject = "cloudEvents:subject";

    /// <summary><see cref="JobEvent.Time"/> as RFC 3339.</summary>
    public const string Time = "cloudEvents:time";

    /// <summary><see cref="JobRecord.State"/>, in camelCase as in the body.</summary>
    public const string State = "state";

    /// <summary><see cref="JobRecord.Provider"/>, in camelCase as in the body.</summary>
    public const string Provider = "provider";

    /// <summary><see cref="JobRecord.Bucket"/>.</summary>
    public const string Bucket = "bucket";

    /// <summary><see cref="JobRecord.Pipeline"/>.</summary>
    public const string Pipeline = "pipeline";
}

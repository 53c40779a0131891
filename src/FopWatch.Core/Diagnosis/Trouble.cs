using FopWatch.Wording;

namespace FopWatch.Diagnosis;

/// <summary>What can go wrong for a source, or for the installation.</summary>
public enum TroubleKind
{
    /// <summary>The status API cannot be reached, times out or fails.</summary>
    StatusApiUnreachable,

    /// <summary>The status API refuses the request, or its answer cannot be understood.</summary>
    StatusApiRefuses,

    /// <summary>The status API asks to slow down.</summary>
    StatusApiThrottles,

    /// <summary>The status API does not know ids that an application registered or a genuine notification named.</summary>
    UnknownIds,

    /// <summary>Polls fail in FopWatch itself.</summary>
    PollsFail,

    /// <summary>Notifications are quarantined because their signature is wrong.</summary>
    WrongSignature,

    /// <summary>Notifications are quarantined because they cannot be understood.</summary>
    UnreadableNotifications,

    /// <summary>Upload callbacks are quarantined because they cannot be understood.</summary>
    UnreadableUploads,

    /// <summary>Reports are about buckets or pipelines that the source does not list.</summary>
    OutOfScope,

    /// <summary>Notifications come with a wrong token.</summary>
    WrongToken,

    /// <summary>Notifications come to a URL that is not a notify URL of a configured source.</summary>
    UnknownNotifyUrl,

    /// <summary>Upload callbacks have more variables than a job may have metadata. Their jobs are registered without the variables.</summary>
    UploadMetadataTooLarge,

    /// <summary>Events cannot be published.</summary>
    PublishingFails,

    /// <summary>The broker refuses some events and accepts others.</summary>
    EventsRefused,

    /// <summary>Stored events cannot be read.</summary>
    UnreadableEvents,

    /// <summary>Stored jobs cannot be read.</summary>
    UnreadableJobs,

    /// <summary>Notifications in quarantine cannot be read from the store.</summary>
    UnreadableQuarantine,

    /// <summary>Watches are reported as running but make no progress.</summary>
    WatchesStuck,

    /// <summary>A background loop of the host fails and is restarted.</summary>
    LoopFails,

    /// <summary>The timers of the host have not run for minutes.</summary>
    TimersSilent,

    /// <summary>Telemetry cannot be exported by OTLP.</summary>
    TelemetryExportFails,

    /// <summary>Events cannot be delivered to the receiver of a webhook and are retried.</summary>
    WebhookFails,

    /// <summary>A webhook is paused because its receiver answered 410 or could not be reached for three days.</summary>
    WebhookPaused,

    /// <summary>The retention deleted events before a webhook reached them.</summary>
    WebhookMissed,

    /// <summary>The system clock differs from FopWatch's clock, or jumped so far that a purge waits.</summary>
    ClockJumped,

    /// <summary>The settings file is wrong, and the host goes on with the settings that it had.</summary>
    SettingsWrong,

    /// <summary>The settings file has other values of settings that take effect at the next start.</summary>
    RestartNeeded,

    /// <summary>The store cannot answer.</summary>
    StoreUnavailable,
}

/// <summary>An ongoing trouble. It holds no id, token, key or body.</summary>
public sealed record Trouble
{
    /// <summary>The source; null if it concerns the whole installation.</summary>
    public string? Source { get; init; }

    /// <summary>What goes wrong.</summary>
    public required TroubleKind Kind { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When it last occurred.</summary>
    public required DateTimeOffset LastAt { get; init; }

    /// <summary>How often it has occurred since it began.</summary>
    public required long Count { get; init; }

    /// <summary>Details of the last occurrence; null if there are none.</summary>
    public Sentence? Detail { get; init; }

    /// <summary>A sentence that says what goes wrong.</summary>
    public Sentence What => Kind switch
    {
        TroubleKind.StatusApiUnreachable => $"The status API cannot be reached or fails",
        TroubleKind.StatusApiRefuses => $"The status API refuses polls, or its answers cannot be understood",
        TroubleKind.StatusApiThrottles => $"The status API asks to slow down",
        TroubleKind.UnknownIds => $"The status API does not know ids that were registered or notified",
        TroubleKind.PollsFail => $"Polls fail unexpectedly and are retried later",
        TroubleKind.WrongSignature => $"Notifications are quarantined because their signature is wrong",
        TroubleKind.UnreadableNotifications => $"Notifications are quarantined because they cannot be understood",
        TroubleKind.UnreadableUploads => $"Upload callbacks are quarantined because they cannot be understood",
        TroubleKind.OutOfScope => $"Reports about buckets or pipelines that the source does not list are not recorded",
        TroubleKind.WrongToken => $"Notifications with a wrong token are answered 404",
        TroubleKind.UnknownNotifyUrl => $"Notifications to a URL that is not a notify URL are refused, and Qiniu does not repeat them",
        TroubleKind.UploadMetadataTooLarge => $"Upload callbacks have more metadata than a job may have: their jobs are registered without the variables",
        TroubleKind.PublishingFails => $"Events cannot be published and stay in the outbox",
        TroubleKind.EventsRefused => $"The broker refuses some events, which stay in the outbox; all others are published",
        TroubleKind.UnreadableEvents => $"Stored events cannot be read and are not published; all others are",
        TroubleKind.UnreadableJobs => $"Stored jobs cannot be read and are not polled; all others are",
        TroubleKind.UnreadableQuarantine => $"Notifications in quarantine cannot be read from the store",
        TroubleKind.WatchesStuck => $"Watches are reported as running but make no progress, so their jobs are polled without them",
        TroubleKind.LoopFails => $"A background loop fails and is restarted",
        TroubleKind.TimersSilent => $"The timers have not run for minutes, so requests do their work",
        TroubleKind.TelemetryExportFails => $"Telemetry cannot be exported",
        TroubleKind.WebhookFails => $"Events cannot be delivered to the receiver of a webhook; later events wait for them",
        TroubleKind.WebhookPaused => $"A webhook is paused, and nothing is sent to its receiver",
        TroubleKind.WebhookMissed => $"The retention deleted events before a webhook reached them",
        TroubleKind.ClockJumped => $"The system clock jumped",
        TroubleKind.SettingsWrong => $"The settings file is wrong, and nothing of it applies: the host goes on with the settings that it had",
        TroubleKind.RestartNeeded => $"Settings were changed that take effect at the next start",
        _ => $"The store cannot answer",
    };

    /// <summary>A sentence that says what to check.</summary>
    public Sentence Hint => Kind switch
    {
        TroubleKind.StatusApiUnreachable => $"Check {Setting("StatusEndpoint")} and the network. Polls are retried until the deadline of each job",
        TroubleKind.StatusApiRefuses => $"Check {Setting("StatusEndpoint")} and {Setting("Provider")}",
        TroubleKind.StatusApiThrottles => $"Lower {Setting("Poll:PerSecond")} if it persists",
        TroubleKind.UnknownIds => $"Check {Setting("StatusEndpoint")}, and that the application registers ids of this account",
        TroubleKind.PollsFail => $"The log has the error. Report it if the status API answers as documented",
        TroubleKind.WrongSignature =>
            $"Signatures cover the URL that the provider calls: check FopWatch:PublicUrl, then {Setting("Keys")}. Then retry the notifications in quarantine",
        TroubleKind.UnreadableUploads =>
            $"{ListsQuarantine} lists those that are still there. Check the callbackBody of the upload policy and {Setting("UploadCallback:IdField")}",
        TroubleKind.UnreadableNotifications => $"{ListsQuarantine} lists those that are still there. Check {Setting("Provider")}",
        TroubleKind.OutOfScope =>
            $"Check {Setting("Buckets")} and {Setting("Pipelines")}. {ListsQuarantine} lists the notifications, and lastPoll of a registered job shows the problem. "
            + $"After a correction registered jobs are polled as before; retry the notifications in quarantine",
        TroubleKind.WrongToken => $"A job may have been submitted with an old notify URL: check {Setting("NotifyTokens")}",
        TroubleKind.UnknownNotifyUrl =>
            $"Compare the notify URLs that applications give to the provider with those of the configured sources. "
            + $"Source names are case-sensitive, and a proxy must pass the path unchanged or without the path of FopWatch:PublicUrl",
        TroubleKind.UploadMetadataTooLarge => $"Send fewer or shorter x: variables in the callbackBody: at most {Jobs.Job.MaxMetadataBytes} bytes of names and values",
        TroubleKind.PublishingFails =>
            $"Publishing is retried. If Service Bus reports an exceeded quota, the topic is full: empty or delete subscriptions that nobody reads, and their dead letters",
        TroubleKind.EventsRefused =>
            $"They are retried after 1 minute; the wait doubles each time, up to 32 minutes. Later events of a job wait for them until the seventh refusal, a little over an hour after the first",
        TroubleKind.UnreadableEvents => $"{Unreadable}. They are read again at least every 32 minutes. Later events of their jobs do not wait for them",
        TroubleKind.UnreadableJobs => $"{Unreadable}. They are read again at least every 32 minutes",
        TroubleKind.UnreadableQuarantine => $"{Unreadable}. {ListsQuarantine} names them",
        TroubleKind.WatchesStuck =>
            $"Check the storage account of AzureWebJobsStorage and the task hub FopWatch in it. If it persists, restart the app: a partition of the hub may have no owner",
        TroubleKind.LoopFails => $"The log has the error. The loop restarts within a minute. Report the error if it persists",
        TroubleKind.TimersSilent => $"Synchronise the function triggers of the app (syncfunctiontriggers), as after each deployment, and check that none of its functions is disabled",
        TroubleKind.TelemetryExportFails => $"Check OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL and _HEADERS, and the collector. Telemetry is lost until then",
        TroubleKind.WebhookFails =>
            $"'fopwatch webhooks deliveries NAME' (GET /api/webhooks/{{name}}/deliveries) lists the attempts. An event is retried over three days; {Resumes} retries it at once",
        TroubleKind.WebhookPaused =>
            $"Repair the receiver or correct FopWatch:Webhooks. Then {Resumes} sends again. The events are kept for FopWatch:Retention",
        TroubleKind.WebhookMissed => $"'fopwatch jobs list' (GET /api/jobs) has the outcomes of these jobs. A longer FopWatch:Retention keeps events longer",
        TroubleKind.ClockJumped =>
            $"Check the clock of the machine and its time synchronisation. FopWatch adopts a difference that lasts 10 minutes. Jobs that are old by the new time are purged 45 minutes later",
        TroubleKind.SettingsWrong => $"Correct the file: it is read again within seconds. 'fopwatch config check' names every problem. A restart with this file would fail",
        TroubleKind.RestartNeeded => $"Restart the host, or undo the change",
        _ => $"Notifications and registrations are answered 503 until it can",
    };

    private static Sentence Unreadable => $"The row was damaged, or a newer FopWatch wrote it: run that version, or restore the row from a backup";

    internal static Sentence ListsQuarantine => $"'fopwatch quarantine list' (GET /api/quarantine)";

    private static Sentence Resumes => $"'fopwatch webhooks resume NAME' (POST /api/webhooks/{{name}}/resume)";

    private string Setting(string name) => $"FopWatch:Sources:{Source}:{name}";
}

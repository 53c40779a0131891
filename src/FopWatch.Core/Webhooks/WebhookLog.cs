using Microsoft.Extensions.Logging;

namespace FopWatch.Webhooks;

/// <summary>Log messages of webhooks. They never hold secrets, ids or bodies.</summary>
internal static partial class WebhookLog
{
    [LoggerMessage(60, LogLevel.Information, "The {Known} webhook {Webhook} posts events after position {Position} of the event log to {Url}; {Behind} position(s) follow")]
    public static partial void WebhookConfigured(this ILogger logger, string webhook, string url, long position, long behind, string known);

    [LoggerMessage(61, LogLevel.Warning, "The webhook {Webhook} failed: {Error}. The delivery is retried, and later events wait")]
    public static partial void WebhookFailed(this ILogger logger, string webhook, string error);

    [LoggerMessage(62, LogLevel.Information, "The webhook {Webhook} recovered after {Attempts} failed attempt(s)")]
    public static partial void WebhookRecovered(this ILogger logger, string webhook, int attempts);

    [LoggerMessage(63, LogLevel.Error, "The webhook {Webhook} is paused: {Reason}. Nothing is sent until it is resumed: 'fopwatch webhooks resume {Webhook}' (POST /api/webhooks/{Webhook}/resume)")]
    public static partial void WebhookPaused(this ILogger logger, string webhook, string reason);

    [LoggerMessage(64, LogLevel.Error, "The webhook {Webhook} missed {Missed} position(s) of the event log: they exceeded the retention and were deleted. It continues at position {First}")]
    public static partial void WebhookMissed(this ILogger logger, string webhook, long missed, long first);

    [LoggerMessage(65, LogLevel.Information, "The webhook {Webhook} is no longer in the settings; its position in the event log is kept")]
    public static partial void WebhookRemoved(this ILogger logger, string webhook);

    [LoggerMessage(66, LogLevel.Information, "An operator changed the webhook {Webhook}: {What}, at position {Position} of the event log")]
    public static partial void WebhookChanged(this ILogger logger, string webhook, string what, long position);
}

using Microsoft.Extensions.Logging;

namespace FopWatch.Functions;

/// <summary>The cloud host's log messages, in addition to <see cref="FopWatch.Api.HostLog"/>. They never contain keys, tokens, ids, commands or bodies.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "FopWatch runs with {Sources} source(s) and publishes to {Bus}")]
    public static partial void Running(this ILogger logger, int sources, string bus);

    [LoggerMessage(3, LogLevel.Warning, "No Service Bus is configured (FopWatch:ServiceBus:Namespace): events stay in the outbox")]
    public static partial void NoServiceBus(this ILogger logger);

    [LoggerMessage(4, LogLevel.Error, "The app has not started, and every call is answered 503. {Obstacles}")]
    public static partial void NotStarted(this ILogger logger, string obstacles);

    [LoggerMessage(31, LogLevel.Information, "Swept: {Open} job(s) open, {Outbox} event(s) in the outbox, {Quarantined} in quarantine")]
    public static partial void SweepEnded(this ILogger logger, long open, string outbox, long quarantined);

    [LoggerMessage(35, LogLevel.Debug, "The run of the timer {Timer} could not be recorded")]
    public static partial void TimerRunNotWritten(this ILogger logger, string timer, Exception exception);

    [LoggerMessage(36, LogLevel.Debug, "The runs of the timers could not be read")]
    public static partial void TimersNotSeen(this ILogger logger, Exception exception);

    [LoggerMessage(39, LogLevel.Warning, "The look for silent timers failed")]
    public static partial void LookFailed(this ILogger logger, Exception exception);

    [LoggerMessage(37, LogLevel.Warning, "The timer {Timer} is silent; this instance did its work")]
    public static partial void TimerStoodInFor(this ILogger logger, string timer);

    [LoggerMessage(38, LogLevel.Warning, "The timer {Timer} is silent, and the attempt to do its work failed")]
    public static partial void StandingInFailed(this ILogger logger, string timer, Exception exception);

    [LoggerMessage(49, LogLevel.Warning, "A watch could not be {What} at once: the task hub did not answer within {Seconds} s. The minute timer will retry")]
    public static partial void HubTookTooLong(this ILogger logger, string what, double seconds);

    [LoggerMessage(33, LogLevel.Warning, "The purge ran out of time. The next purge continues")]
    public static partial void PurgeEndedEarly(this ILogger logger);

    [LoggerMessage(48, LogLevel.Warning, "Old statistics could not be purged. The next purge retries")]
    public static partial void StatisticsNotPurged(this ILogger logger, Exception exception);

    [LoggerMessage(34, LogLevel.Information, "The sweep counted {Counted} of the table's {Parts} partitions. The next sweep continues")]
    public static partial void SweepTookTurns(this ILogger logger, int counted, int parts);

    [LoggerMessage(32, LogLevel.Information, "Purged {Watches} finished watch(es) and {Jobs} old job(s)")]
    public static partial void Purged(this ILogger logger, int watches, int jobs);
}

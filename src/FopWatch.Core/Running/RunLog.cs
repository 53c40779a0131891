using FopWatch.Diagnosis;
using FopWatch.Publishing;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Running;

/// <summary>Log messages of loops and timers, with the same event ids in both hosts. They never hold keys, tokens, ids, commands or bodies.</summary>
public static partial class RunLog
{
    /// <summary>The store cannot answer now; the work is retried.</summary>
    [LoggerMessage(14, LogLevel.Debug, "The store cannot answer now; will retry: {What}")]
    public static partial void StoreUnavailable(this ILogger logger, string what, Exception exception);

    /// <summary>A status API gave no usable answer.</summary>
    [LoggerMessage(20, LogLevel.Debug, "A poll at {Source} was answered {Answer}: {Detail}")]
    public static partial void PollFailed(this ILogger logger, string source, PollAnswer answer, string detail);

    /// <summary>A poll failed in FopWatch itself, not in the status API or the store.</summary>
    [LoggerMessage(25, LogLevel.Error, "A poll at {Source} failed and was postponed")]
    public static partial void PollFaulted(this ILogger logger, string source, Exception exception);

    /// <summary>Events could not be published; they stay in the outbox.</summary>
    [LoggerMessage(11, LogLevel.Debug, "Events could not be published; they stay in the outbox and are published later")]
    public static partial void PublishFailed(this ILogger logger, Exception exception);

    /// <summary>A sweep of the outbox published waiting events.</summary>
    [LoggerMessage(12, LogLevel.Information, "The sweep published {Events} event(s) that waited in the outbox")]
    public static partial void SweepPublished(this ILogger logger, int events);

    /// <summary>A sweep of the outbox ended before the outbox was empty.</summary>
    [LoggerMessage(13, LogLevel.Warning, "The sweep ended before the outbox was empty; the next sweep continues")]
    public static partial void OutboxSweepEndedEarly(this ILogger logger);

    /// <summary>Events wait, but no broker is configured. The number has the form of <see cref="IOutbox.InWords"/>.</summary>
    [LoggerMessage(10, LogLevel.Warning, "{Events} event(s) wait in the outbox, but no Service Bus is configured to publish them to")]
    public static partial void EventsStay(this ILogger logger, string events);

    /// <summary>Watches of due jobs were started or woken.</summary>
    [LoggerMessage(26, LogLevel.Information, "Started {Started} watch(es) of {Source} and woke {Woken}")]
    public static partial void WatchesStarted(this ILogger logger, string source, int started, int woken);

    /// <summary>A watch could not be started, woken or ended.</summary>
    [LoggerMessage(23, LogLevel.Warning, "A watch could not be {What} at once; the minute timer will retry")]
    public static partial void WatchFailed(this ILogger logger, string what, Exception exception);

    /// <summary>Jobs whose watches make no progress were polled.</summary>
    [LoggerMessage(24, LogLevel.Warning, "Polled {Jobs} job(s) of {Source} whose watches are reported as running but make no progress")]
    public static partial void WatchesStuck(this ILogger logger, string source, int jobs);

    /// <summary>The sweep found jobs that were not watched or are in no book.</summary>
    [LoggerMessage(30, LogLevel.Error, "The books do not balance: {Unaccounted} job(s) unaccounted for, {Restored} watched again")]
    public static partial void BooksUnbalanced(this ILogger logger, long unaccounted, int restored);

    /// <summary>The books differed from a count of all jobs.</summary>
    [LoggerMessage(46, LogLevel.Error, "The books differed from a count of all jobs and were corrected")]
    public static partial void BooksCorrected(this ILogger logger);

    /// <summary>The clock of this machine, or of another instance, was ahead for a while.</summary>
    [LoggerMessage(44, LogLevel.Warning, "A clock that was ahead had delayed {Count} poll(s); they were brought forward")]
    public static partial void BroughtForward(this ILogger logger, int count);

    /// <summary>The time since the last purge is unusually long.</summary>
    [LoggerMessage(45, LogLevel.Information, "The time since the last purge is longer than usual: no host ran, the retention is shorter now, or the clock jumped. Nothing is purged for {SecondLook:c}")]
    public static partial void PurgePutOff(this ILogger logger, TimeSpan secondLook);

    /// <summary>Statistics work failed for one source.</summary>
    [LoggerMessage(47, LogLevel.Warning, "The {What} of {Source} failed and will be retried; other sources are not affected")]
    public static partial void StatisticsFailed(this ILogger logger, string what, string source, Exception exception);

    /// <summary>Logs the result of a poll, if it failed.</summary>
    public static void Polled(this ILogger logger, string source, Polled polled)
    {
        ArgumentNullException.ThrowIfNull(polled);
        if (polled.Fault is { } fault)
            logger.PollFaulted(source, fault);
        else if (polled.Answer is { Detail: { } detail } answer)
            logger.PollFailed(source, answer.Answer, detail);
    }

    /// <summary>Logs the repairs of a sweep, if there were any.</summary>
    public static void Swept(this ILogger logger, Sweep sweep)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        if (sweep.Restored > 0 || sweep.Unaccounted != 0)
            logger.BooksUnbalanced(sweep.Unaccounted, sweep.Restored);
        if (sweep.BooksCorrected)
            logger.BooksCorrected();
        if (sweep.BroughtForward > 0)
            logger.BroughtForward(sweep.BroughtForward);
    }

    /// <summary>A check of the doctor failed unexpectedly.</summary>
    [LoggerMessage(76, LogLevel.Error, "The check {Check} of {Of} failed")]
    public static partial void CheckFailed(this ILogger logger, DoctorCheck check, string of, Exception exception);
}

using FopWatch.Publishing;
using FopWatch.Running;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>Writes what the loops and the timers say into the log.</summary>
public sealed partial class RunLog(ILogger<RunLog> logger) : IRunLog
{
    /// <inheritdoc/>
    public void StoreUnavailable(string what, Exception failure) => StoreUnavailable(logger, what, failure);

    /// <inheritdoc/>
    public void Polled(string source, Polled polled) => logger.Polled(source, polled);

    /// <inheritdoc/>
    public void PollFaulted(string source, Exception failure) => logger.PollFaulted(source, failure);

    /// <inheritdoc/>
    public void PublishFailed(Exception failure) => PublishFailed(logger, failure);

    /// <inheritdoc/>
    public void SweepPublished(int events) => SweepPublished(logger, events);

    /// <inheritdoc/>
    public void OutboxSweepEndedEarly() => OutboxSweepEndedEarly(logger);

    /// <inheritdoc/>
    public void EventsStay(long events) => EventsStay(logger, IOutbox.InWords(events));

    /// <inheritdoc/>
    public void WatchesStarted(string source, int started, int woken) => WatchesStarted(logger, source, started, woken);

    /// <inheritdoc/>
    public void WatchFailed(string what, Exception failure) => WatchFailed(logger, what, failure);

    /// <inheritdoc/>
    public void WatchesStuck(string source, int jobs) => WatchesStuck(logger, source, jobs);

    /// <inheritdoc/>
    public void Swept(Sweep sweep) => logger.Swept(sweep);

    /// <inheritdoc/>
    public void PurgePutOff(TimeSpan secondLook) => logger.PurgePutOff(secondLook);

    [LoggerMessage(14, LogLevel.Debug, "The store cannot answer now; the {What} goes on later")]
    private static partial void StoreUnavailable(ILogger logger, string what, Exception exception);

    [LoggerMessage(11, LogLevel.Debug, "Events could not be published; they stay in the outbox and are published later")]
    private static partial void PublishFailed(ILogger logger, Exception exception);

    [LoggerMessage(12, LogLevel.Information, "The sweep published {Events} event(s) that waited in the outbox")]
    private static partial void SweepPublished(ILogger logger, int events);

    [LoggerMessage(13, LogLevel.Warning, "The sweep's time was over before the outbox was empty; the next one goes on")]
    private static partial void OutboxSweepEndedEarly(ILogger logger);

    [LoggerMessage(10, LogLevel.Warning, "{Events} event(s) wait in the outbox, and no Service Bus is configured to publish them to")]
    private static partial void EventsStay(ILogger logger, string events);

    [LoggerMessage(26, LogLevel.Information, "Started {Started} watch(es) of {Source} and woke {Woken}")]
    private static partial void WatchesStarted(ILogger logger, string source, int started, int woken);

    [LoggerMessage(23, LogLevel.Warning, "A watch could not be {What} at once; the next minute's timer sees to it")]
    private static partial void WatchFailed(ILogger logger, string what, Exception exception);

    [LoggerMessage(24, LogLevel.Warning, "Polled {Jobs} job(s) of {Source} whose watches are said to run and make no step")]
    private static partial void WatchesStuck(ILogger logger, string source, int jobs);
}

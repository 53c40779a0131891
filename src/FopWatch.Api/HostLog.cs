using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Upkeep;
using FopWatch.Watching;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>What both hosts log, under the same event ids. Never keys, tokens, ids, commands or bodies.</summary>
public static partial class HostLog
{
    /// <summary>Nothing is configured.</summary>
    [LoggerMessage(2, LogLevel.Warning, "No source is configured, so there is nothing to watch. The README shows how to add one")]
    public static partial void NoSources(this ILogger logger);

    /// <summary>Where telemetry is exported to.</summary>
    [LoggerMessage(8, LogLevel.Information, "Telemetry is exported by OTLP to {Endpoint}")]
    public static partial void Exporting(this ILogger logger, string endpoint);

    /// <summary>A setting is valid and yet cannot work with a real account; see <see cref="Settings.FopWatchSettings.Warnings"/>.</summary>
    [LoggerMessage(4, LogLevel.Warning, "{Warning}")]
    public static partial void DoubtfulSetting(this ILogger logger, string warning);

    /// <summary>A status API gave no answer that helps.</summary>
    [LoggerMessage(20, LogLevel.Debug, "A poll at {Source} was answered {Answer}: {Detail}")]
    public static partial void PollFailed(this ILogger logger, string source, PollAnswer answer, string detail);

    /// <summary>A fault of FopWatch's own.</summary>
    [LoggerMessage(25, LogLevel.Error, "A poll at {Source} failed and was put off")]
    public static partial void PollFaulted(this ILogger logger, string source, Exception exception);

    /// <summary>A job has an outcome. The reference finds it: <c>GET /api/jobs?ref=</c>.</summary>
    [LoggerMessage(21, LogLevel.Information, "A job at {Source} is {State}, settled by {SettledBy}; its reference is {Reference}")]
    public static partial void JobSettled(this ILogger logger, string source, JobState state, SettledBy? settledBy, string reference);

    /// <summary>Something goes wrong for the first time.</summary>
    [LoggerMessage(50, LogLevel.Warning, "{Trouble}. Source: {Source}. Kind: {Kind}.{Seen} {Hint}")]
    public static partial void TroubleBegan(this ILogger logger, string trouble, string source, TroubleKind kind, string seen, string hint);

    /// <summary>Something still goes wrong.</summary>
    [LoggerMessage(51, LogLevel.Warning, "{Trouble}. Source: {Source}. Kind: {Kind}. {Count} times since {Since:u}.{Seen} {Hint}")]
    public static partial void TroubleGoesOn(
        this ILogger logger, string trouble, string source, TroubleKind kind, long count, DateTimeOffset since, string seen, string hint);

    /// <summary>Something that was warned of is over.</summary>
    [LoggerMessage(52, LogLevel.Information, "Over: {Trouble}. Source: {Source}. Kind: {Kind}. {Count} time(s) in {Lasted:c}")]
    public static partial void TroubleOver(this ILogger logger, string trouble, string source, TroubleKind kind, long count, TimeSpan lasted);

    /// <summary>The outcome of some jobs cannot be asked for.</summary>
    [LoggerMessage(22, LogLevel.Warning, "{Source} has workflow V3 jobs whose status cannot be asked for without a valid key of the account. Check the source's Keys and WorkflowEndpoint. Until then these jobs wait for a signed notification or their deadline")]
    public static partial void KeysNeeded(this ILogger logger, string source);

    /// <summary>The sweep found jobs that nothing watched, or that are in no book.</summary>
    [LoggerMessage(30, LogLevel.Error, "The books do not balance: {Unaccounted} job(s) unaccounted for, {Restored} watched again")]
    public static partial void BooksUnbalanced(this ILogger logger, long unaccounted, int restored);

    /// <summary>More comes than there is room for.</summary>
    [LoggerMessage(41, LogLevel.Warning, "Requests are turned away, {Count} since the start. The last one: {Reason}")]
    public static partial void TurnedAway(this ILogger logger, string reason, long count);

    /// <summary>A source's provider sends more than is taken. It may never try again, and the operator alone can mend it.</summary>
    [LoggerMessage(42, LogLevel.Warning, "A notification to {Source} is larger than FopWatch:MaxBodyBytes ({Limit}) and was answered 413 ({Count} since the start)")]
    public static partial void TooLarge(this ILogger logger, string source, int limit, long count);

    /// <summary>The clock has moved on by more than a purge usually does.</summary>
    [LoggerMessage(45, LogLevel.Information, "The time since the last purge is longer than usual: no host ran, the retention is shorter now, or the clock jumped. Nothing is purged for {SecondLook:c}")]
    public static partial void PurgePutOff(this ILogger logger, TimeSpan secondLook);

    /// <summary>The clock of this machine, or of another instance, was ahead for a time.</summary>
    [LoggerMessage(44, LogLevel.Warning, "A clock was ahead: it had put off {Count} poll(s), which are due sooner now")]
    public static partial void BroughtForward(this ILogger logger, int count);

    /// <summary>A fault of FopWatch's own.</summary>
    [LoggerMessage(40, LogLevel.Error, "A request failed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception);

    /// <summary>Logs what a poll came to, where that is worth a line.</summary>
    public static void Polled(this ILogger logger, string source, Polled polled)
    {
        ArgumentNullException.ThrowIfNull(polled);
        if (polled.Fault is { } fault)
            logger.PollFaulted(source, fault);
        else if (polled.Answer is { Detail: { } detail } answer)
            logger.PollFailed(source, answer.Answer, detail);
    }

    /// <summary>Logs what a sweep found, where it had to mend anything.</summary>
    public static void Swept(this ILogger logger, Sweep sweep)
    {
        ArgumentNullException.ThrowIfNull(sweep);
        if (sweep.Restored > 0 || sweep.Unaccounted != 0)
            logger.BooksUnbalanced(sweep.Unaccounted, sweep.Restored);
        if (sweep.BroughtForward > 0)
            logger.BroughtForward(sweep.BroughtForward);
    }
}

using FopWatch.Contracts;
using FopWatch.Diagnosis;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api;

/// <summary>The log messages of both hosts, under the same event ids. They never contain keys, tokens, ids, commands or bodies.</summary>
public static partial class HostLog
{
    /// <summary>No source is configured.</summary>
    [LoggerMessage(2, LogLevel.Warning, "No source is configured, so there is nothing to watch. Run fopwatch init to add one")]
    public static partial void NoSources(this ILogger logger);

    /// <summary>The endpoint of the telemetry export.</summary>
    [LoggerMessage(8, LogLevel.Information, "Telemetry is exported by OTLP to {Endpoint}")]
    public static partial void Exporting(this ILogger logger, string endpoint);

    /// <summary>A setting is valid but cannot work with a real account; see <see cref="Settings.FopWatchSettings.Warnings"/>.</summary>
    [LoggerMessage(4, LogLevel.Warning, "{Warning}")]
    public static partial void DoubtfulSetting(this ILogger logger, string warning);

    /// <summary>A job has an outcome. The reference finds it: <c>GET /api/jobs?ref=</c>.</summary>
    [LoggerMessage(21, LogLevel.Information, "A job at {Source} is {State}, settled by {SettledBy}; its reference is {Reference}")]
    public static partial void JobSettled(this ILogger logger, string source, JobState state, SettledBy? settledBy, string reference);

    /// <summary>A trouble begins.</summary>
    [LoggerMessage(50, LogLevel.Warning, "{Trouble}.{Where} Kind: {Kind}.{Seen} {Hint}")]
    public static partial void TroubleBegan(this ILogger logger, string trouble, string where, TroubleKind kind, string seen, string hint);

    /// <summary>A trouble continues.</summary>
    [LoggerMessage(51, LogLevel.Warning, "{Trouble}.{Where} Kind: {Kind}. {Count} times since {Since:u}.{Seen} {Hint}")]
    public static partial void TroubleGoesOn(
        this ILogger logger, string trouble, string where, TroubleKind kind, long count, DateTimeOffset since, string seen, string hint);

    /// <summary>A trouble is over.</summary>
    [LoggerMessage(52, LogLevel.Information, "Over: {Trouble}.{Where} Kind: {Kind}. {Count} time(s) in {Lasted:c}")]
    public static partial void TroubleOver(this ILogger logger, string trouble, string where, TroubleKind kind, long count, TimeSpan lasted);

    /// <summary>The status API of some jobs cannot be queried.</summary>
    [LoggerMessage(22, LogLevel.Warning, "{Source} has workflow V3 jobs, whose status can be queried only with a valid key of the account. Check the source's Keys and WorkflowEndpoint. Until then, these jobs wait for a signed notification or their deadline")]
    public static partial void KeysNeeded(this ILogger logger, string source);

    /// <summary>The host is overloaded.</summary>
    [LoggerMessage(41, LogLevel.Warning, "Requests are turned away, {Count} since the start. The last one: {Reason}")]
    public static partial void TurnedAway(this ILogger logger, string reason, long count);

    /// <summary>A notification exceeds the size limit. The provider may never retry, and only the operator can change the limit.</summary>
    [LoggerMessage(42, LogLevel.Warning, "A notification to {Source} is larger than FopWatch:MaxBodyBytes ({Limit}) and was answered 413 ({Count} since the start)")]
    public static partial void TooLarge(this ILogger logger, string source, int limit, long count);

    /// <summary>A bug in FopWatch.</summary>
    [LoggerMessage(40, LogLevel.Error, "A request failed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception);
}

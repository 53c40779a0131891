using FopWatch.Contracts;
using FopWatch.Watching;

namespace FopWatch.Local.Hosting;

/// <summary>Everything that the embedded host logs. Never keys, tokens, ids, commands or bodies.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "FopWatch serves {Url}, with {Sources} source(s), from {Data}")]
    public static partial void Serving(this ILogger logger, string url, int sources, string data);

    [LoggerMessage(2, LogLevel.Warning, "No source is configured, so there is nothing to watch. The README shows how to add one")]
    public static partial void NoSources(this ILogger logger);

    [LoggerMessage(3, LogLevel.Information, "Source {Source} ({Provider}): notify URL {NotifyUrl}, status API {StatusEndpoint}")]
    public static partial void SourceConfigured(this ILogger logger, string source, ProviderKind provider, string notifyUrl, string statusEndpoint);

    [LoggerMessage(10, LogLevel.Warning, "The store cannot answer now; the {What} goes on later")]
    public static partial void StoreUnavailable(this ILogger logger, string what, Exception exception);

    [LoggerMessage(11, LogLevel.Debug, "A poll at {Source} was answered {Answer}: {Detail}")]
    public static partial void PollFailed(this ILogger logger, string source, PollAnswer answer, string detail);

    [LoggerMessage(12, LogLevel.Error, "A poll at {Source} failed and is done again")]
    public static partial void PollFaulted(this ILogger logger, string source, Exception exception);

    [LoggerMessage(13, LogLevel.Information, "A job at {Source} was settled by a poll: {State}")]
    public static partial void SettledByPoll(this ILogger logger, string source, JobState state);

    [LoggerMessage(20, LogLevel.Error, "Events could not be published; they stay in the outbox")]
    public static partial void PublishFailed(this ILogger logger, Exception exception);

    [LoggerMessage(30, LogLevel.Error, "The books do not balance: {Unaccounted} job(s) unaccounted for, {Restored} watched again")]
    public static partial void BooksUnbalanced(this ILogger logger, long unaccounted, int restored);

    [LoggerMessage(40, LogLevel.Error, "A request failed")]
    public static partial void RequestFailed(this ILogger logger, Exception exception);
}

using FopWatch.Contracts;
using FopWatch.Providers;
using FopWatch.Settings;

namespace FopWatch.Local.Hosting;

/// <summary>
/// The log messages of the embedded host besides <see cref="FopWatch.Api.HostLog"/>. They never hold keys, tokens, ids, commands or bodies.
/// </summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "FopWatch serves {Url}, with {Sources} source(s), from {Data}")]
    public static partial void Serving(this ILogger logger, string url, int sources, string data);

    [LoggerMessage(7, LogLevel.Information, "FopWatch has stopped")]
    public static partial void Stopped(this ILogger logger);

    [LoggerMessage(4, LogLevel.Warning, "Other users of this machine can read or change {Path}, which holds FopWatch's data. Remove their permissions (chmod go-rwx)")]
    public static partial void OpenToOthers(this ILogger logger, string path);

    [LoggerMessage(3, LogLevel.Information, "Source {Source} ({Provider}): notify URL {NotifyUrl}, status API {StatusEndpoint}")]
    public static partial void SourceConfigured(this ILogger logger, string source, ProviderKind provider, string notifyUrl, string statusEndpoint);

    [LoggerMessage(5, LogLevel.Information, "Settings were read from {File} and {Variables} environment variable(s) FopWatch__…")]
    public static partial void SettingsRead(this ILogger logger, string file, int variables);

    [LoggerMessage(6, LogLevel.Information, "There is no settings file {File}; settings were read from {Variables} environment variable(s) FopWatch__…")]
    public static partial void NoSettingsFile(this ILogger logger, string file, int variables);

    [LoggerMessage(9, LogLevel.Information, "Settings were read again from {File}: {Changes}")]
    public static partial void SettingsReadAgain(this ILogger logger, string file, string changes);

    [LoggerMessage(10, LogLevel.Information, "There is no settings file {File} to read again, and the environment of a process does not change: nothing changed")]
    public static partial void NothingToReadAgain(this ILogger logger, string file);

    [LoggerMessage(16, LogLevel.Warning, "The settings came from {File}, which can be read only once. Restart the host with others")]
    public static partial void ReadOnlyOnce(this ILogger logger, string file);

    [LoggerMessage(11, LogLevel.Error, "{File} is wrong, and nothing of it applies. The host goes on with the settings that it had. Kind: SettingsWrong. {Problems}")]
    public static partial void SettingsRefused(this ILogger logger, string file, string problems);

    [LoggerMessage(12, LogLevel.Warning, "Changed settings that take effect at the next start: {Names}. Kind: RestartNeeded. Restart the host, or undo the change")]
    public static partial void EffectiveAtNextStart(this ILogger logger, string names);

    [LoggerMessage(17, LogLevel.Warning, "Source {Source} was removed and leaves {Open} open job(s), which are not polled until it is added again. To stop watching them, run fopwatch jobs stop --source {Source}")]
    public static partial void OpenJobsLeft(this ILogger logger, string source, long open);

    [LoggerMessage(13, LogLevel.Error, "A background loop failed: {Loop}.{Where} It restarts in {Wait}")]
    public static partial void LoopFailed(this ILogger logger, string loop, string where, TimeSpan wait, Exception exception);

    [LoggerMessage(14, LogLevel.Warning, "This process can open {Limit} files (RLIMIT_NOFILE), so it accepts at most {Connections} connections at once. Raise the limit (ulimit -n) to at least {Wanted}")]
    public static partial void FewDescriptors(this ILogger logger, int limit, int connections, int wanted);

    [LoggerMessage(15, LogLevel.Warning, "{Most} connections are open, which is the limit. New connections are closed: {Count} since the start")]
    public static partial void ConnectionsClosed(this ILogger logger, int most, long count);

    /// <summary>Logs where a source is notified and polled.</summary>
    /// <param name="logger">The log.</param>
    /// <param name="source">The source.</param>
    /// <param name="running">The settings that the host was started with.</param>
    /// <param name="listening">The URL that the host listens on.</param>
    public static void SourceConfigured(this ILogger logger, Source source, FopWatchSettings running, Uri listening) => logger.SourceConfigured(
        source.Name,
        source.Provider.Kind,
        $"{running.PublicOrigin ?? listening.AbsoluteUri.TrimEnd('/')}/api/notify/{source.Name}/<token>",
        source.StatusEndpoint.AbsoluteUri);
}

namespace FopWatch.Local.CommandLine;

/// <summary>The exit codes of the commands.</summary>
internal static class ExitCodes
{
    /// <summary>Success; for tracked jobs: all succeeded.</summary>
    public const int Ok = 0;

    /// <summary>A tracked job did not succeed, FopWatch would quarantine the decoded body, or doctor found trouble.</summary>
    public const int Failed = 1;

    /// <summary>Wrong usage, invalid settings, or refused by the host.</summary>
    public const int Refused = 2;

    /// <summary>The host cannot be reached, cannot start, or is unavailable.</summary>
    public const int Unreachable = 3;

    /// <summary>Timed out with jobs still open.</summary>
    public const int TimedOut = 4;

    /// <summary>Standard output cannot be written: the disk is full, or its reader has closed it.</summary>
    public const int OutputFailed = 5;

    /// <summary>Ctrl-C, by the convention of shells.</summary>
    public const int Interrupted = 130;
}

/// <summary>A command was used wrongly.</summary>
/// <param name="message">What is wrong, and what would be right.</param>
internal sealed class UsageException(string message) : Exception(message)
{
    /// <summary>Further lines, each shown on its own.</summary>
    public IReadOnlyList<string> Details { get; init; } = [];
}

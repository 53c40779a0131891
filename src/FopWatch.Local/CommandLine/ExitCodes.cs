namespace FopWatch.Local.CommandLine;

/// <summary>What the commands end with.</summary>
internal static class ExitCodes
{
    /// <summary>All went well; of tracked jobs: all succeeded.</summary>
    public const int Ok = 0;

    /// <summary>Some tracked job ended otherwise; or FopWatch would put the decoded body into quarantine; or the doctor found trouble.</summary>
    public const int Failed = 1;

    /// <summary>The command was used wrongly, settings are wrong, or the host refused what was asked.</summary>
    public const int Refused = 2;

    /// <summary>The host cannot be reached, cannot start, or is out of order.</summary>
    public const int Unreachable = 3;

    /// <summary>Timed out with jobs still open.</summary>
    public const int TimedOut = 4;

    /// <summary>The standard output cannot be written: the disk is full, or nobody reads it any more.</summary>
    public const int OutputFailed = 5;

    /// <summary>Ctrl-C, as shells have it.</summary>
    public const int Interrupted = 130;
}

/// <summary>A command was used in a way that cannot work.</summary>
/// <param name="message">What is wrong and what would be right.</param>
internal sealed class UsageException(string message) : Exception(message);

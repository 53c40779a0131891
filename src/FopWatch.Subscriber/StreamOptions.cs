namespace FopWatch.Subscriber;

/// <summary>Options for reading from an embedded host.</summary>
internal sealed record StreamOptions
{
    /// <summary>The URL of the host.</summary>
    public required Uri Host { get; init; }

    /// <summary>The file that stores the position in the stream across restarts.</summary>
    public required string PositionFile { get; init; }

    /// <summary>Only the events of this source; null for all.</summary>
    public string? Source { get; init; }

    /// <summary>How often an event is tried before it is set aside, at least 1.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>
    /// The pause after the first failure of a handler or a connection. It doubles with each further failure, up to 32 times.
    /// </summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the host may be silent. It sends a heartbeat every 15 seconds.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(45);
}

namespace FopWatch.Subscriber;

/// <summary>What to read from an embedded host, and how.</summary>
internal sealed record StreamOptions
{
    /// <summary>The host's URL.</summary>
    public required Uri Host { get; init; }

    /// <summary>The file that keeps the position in the stream over restarts.</summary>
    public required string PositionFile { get; init; }

    /// <summary>Only the events of this source; null for all.</summary>
    public string? Source { get; init; }

    /// <summary>How often an event is handled before it is put aside, at least 1.</summary>
    public int MaxAttempts { get; init; } = 10;

    /// <summary>The pause after a first failure, of a handler or a connection; it doubles with each further one, up to 32 times as long.</summary>
    public TimeSpan RetryPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long the host may send nothing: it sends a sign of life every 15 seconds.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(45);
}

using System.Diagnostics;

namespace FopWatch;

/// <summary>
/// The spans that FopWatch records, and the shared name of its <see cref="ActivitySource"/> and the meter of <see cref="FopWatchMetrics"/>.
/// Spans and metrics never hold keys, tokens, ids, commands or bodies.
/// </summary>
public static class Telemetry
{
    /// <summary>The name of the source and of the meter.</summary>
    public const string Name = "FopWatch";

    /// <summary>Spans of notifications, polls and publishing.</summary>
    public static ActivitySource Activities { get; } = new(Name);
}

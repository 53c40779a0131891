using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>A published event at its position in the log.</summary>
/// <param name="Seq">The position. Positions start at 1 and increase from event to event, possibly with gaps.</param>
/// <param name="Id">The CloudEvents id; no other event in the log has it.</param>
/// <param name="Time">When the change was recorded.</param>
/// <param name="Type">The CloudEvents type.</param>
/// <param name="Key">The job.</param>
/// <param name="Body">The whole CloudEvent in structured mode, as UTF-8 JSON.</param>
/// <param name="Problem">Why it cannot be read, without its content; null if it can. Only the position of an unreadable event is meaningful.</param>
public sealed record LoggedEvent(
    long Seq, string Id, DateTimeOffset Time, string Type, JobKey Key, ReadOnlyMemory<byte> Body, string? Problem = null);

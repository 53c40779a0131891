using FopWatch.Jobs;

namespace FopWatch.Publishing;

/// <summary>A published event at its place in the log.</summary>
/// <param name="Seq">Its place: grows from event to event, from 1, with gaps possible.</param>
/// <param name="Id">The CloudEvents id; no other event in the log has it.</param>
/// <param name="Time">When the change was recorded.</param>
/// <param name="Type">The CloudEvents type.</param>
/// <param name="Key">The job.</param>
/// <param name="Body">The whole CloudEvent in structured mode, as UTF-8 JSON.</param>
/// <param name="Problem">Why it cannot be read, without anything of its content; null if it can. Only its place counts then.</param>
public sealed record LoggedEvent(
    long Seq, string Id, DateTimeOffset Time, string Type, JobKey Key, ReadOnlyMemory<byte> Body, string? Problem = null);

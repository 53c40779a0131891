using System.Buffers;
using System.Globalization;
using System.Text;
using FopWatch.Publishing;
using FopWatch.Sqlite;

namespace FopWatch.Local.Hosting;

/// <summary>Consecutive events of the log, as the bytes that every follower receives.</summary>
internal sealed class EventBatch
{
    private readonly ReadOnlyMemory<byte> _bytes;
    private readonly Frame[] _frames;

    /// <param name="after">The position before its first event.</param>
    /// <param name="events">
    /// Events in the order of the log; empty if all events after the position were purged. Of unreadable events, the batch has only the
    /// positions.
    /// </param>
    /// <param name="epochs">The epochs of the log.</param>
    public EventBatch(long after, IReadOnlyList<LoggedEvent> events, LogEpochs epochs)
    {
        After = after;
        Last = events.Count == 0 ? after : events[^1].Seq;
        _frames = new Frame[events.Count];
        var writer = new ArrayBufferWriter<byte>(Math.Max(1, events.Sum(one => one.Body.Length + 128)));
        for (var i = 0; i < events.Count; i++)
        {
            if (events[i].Problem is null)
                Write(writer, events[i], epochs.PositionOf(events[i].Seq));
            _frames[i] = new(events[i].Seq, events[i].Key.Source, writer.WrittenCount);
        }

        _bytes = writer.WrittenMemory;
    }

    /// <summary>The position before its first event.</summary>
    public long After { get; }

    /// <summary>The position of its last event.</summary>
    public long Last { get; }

    /// <summary>Its size in bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>Bounds the memory of a batch that was read for one follower, which disposes it; null if the batch is shared.</summary>
    public HeldBatches.Hold? Hold { get; set; }

    /// <summary>The positions of its events.</summary>
    public IEnumerable<long> Positions => _frames.Select(frame => frame.Seq);

    /// <summary>The events after a position in as few pieces as possible, each with the position of its last event.</summary>
    /// <param name="after">The position.</param>
    /// <param name="wants">Selects sources by name; null for all.</param>
    public IEnumerable<(ReadOnlyMemory<byte> Bytes, long Last)> Pieces(long after, Predicate<string>? wants)
    {
        var (start, end, last) = (0, 0, 0L);
        foreach (var frame in _frames)
        {
            if (frame.End == Math.Max(start, end))
                continue;
            if (frame.Seq > after && (wants is null || wants(frame.Source)))
            {
                (end, last) = (frame.End, frame.Seq);
                continue;
            }

            if (end > start)
                yield return (_bytes[start..end], last);
            start = frame.End;
        }

        if (end > start)
            yield return (_bytes[start..end], last);
    }

    private static void Write(IBufferWriter<byte> writer, LoggedEvent logged, EventPosition position)
    {
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"id: {position}\nevent: {logged.Type}\ndata: "), writer);

        // Serialized JSON has no line breaks.
        writer.Write(logged.Body.Span);
        writer.Write("\n\n"u8);
    }

    private readonly record struct Frame(long Seq, string Source, int End);
}

using System.Buffers;
using System.IO.Pipelines;

namespace FopWatch.Local.CommandLine.Mcp;

/// <summary>
/// The standard streams as the server sees them. The server drops what it is doing when its input ends, so the end of the input is passed on once every
/// request in it is answered.
/// </summary>
internal sealed class McpStreams
{
    /// <summary>How long the end of the input waits for answers. It is longer than any tool takes, except on a batch of many pages.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    private readonly Pipe _input = new();
    private readonly Pipe _output = new();
    private readonly OpenRequests _open = new();
    private readonly Stream _to;
    private readonly TimeProvider _time;
    private readonly Task _written;

    /// <param name="from">The standard input.</param>
    /// <param name="to">The standard output.</param>
    /// <param name="time">The clock.</param>
    public McpStreams(Stream from, Stream to, TimeProvider time)
    {
        (_to, _time) = (to, time);
        (Input, Output) = (_input.Reader.AsStream(), _output.Writer.AsStream());
        _written = WriteAsync();

        // Nothing ends a read of the standard input, so nothing waits for this.
        _ = Task.Run(() => ReadAsync(from));
    }

    public Stream Input { get; }

    public Stream Output { get; }

    /// <summary>Waits until everything is written.</summary>
    public async Task FinishAsync()
    {
        await _output.Writer.CompleteAsync();
        await _written;
    }

    private async Task ReadAsync(Stream from)
    {
        Exception? failure = null;
        try
        {
            var (buffer, lines) = (new byte[16 * 1024], new Lines(_open.Asked));
            while (await from.ReadAsync(buffer) is > 0 and var count)
            {
                lines.Add(buffer.AsSpan(0, count));
                await _input.Writer.WriteAsync(buffer.AsMemory(0, count));
            }

            // The last line may have no end.
            lines.Add("\n"u8);
            await _input.Writer.WriteAsync("\n"u8.ToArray());
            await _open.Answered.WaitAsync(Longest, _time);
        }
        catch (TimeoutException)
        {
            // Whatever is not answered by now is dropped.
        }
        catch (IOException e)
        {
            failure = e;
        }

        await _input.Writer.CompleteAsync(failure);
    }

    private async Task WriteAsync()
    {
        try
        {
            var lines = new Lines(_open.Told);
            while (await _output.Reader.ReadAsync() is { Buffer: var buffer } read && (!buffer.IsEmpty || !read.IsCompleted))
            {
                foreach (var piece in buffer)
                    await _to.WriteAsync(piece);
                await _to.FlushAsync();
                foreach (var piece in buffer)
                    lines.Add(piece.Span);
                _output.Reader.AdvanceTo(buffer.End);
            }
        }
        catch (IOException)
        {
            // Nobody reads the answers any more.
            _open.Forget();
        }

        await _output.Reader.CompleteAsync();
    }

    /// <summary>Splits bytes into lines.</summary>
    private sealed class Lines(Action<ReadOnlyMemory<byte>> take)
    {
        private readonly ArrayBufferWriter<byte> _line = new();

        public void Add(ReadOnlySpan<byte> bytes)
        {
            while (bytes.IndexOf((byte)'\n') is >= 0 and var end)
            {
                _line.Write(bytes[..end]);
                take(_line.WrittenMemory);
                _line.ResetWrittenCount();
                bytes = bytes[(end + 1)..];
            }

            _line.Write(bytes);
        }
    }
}

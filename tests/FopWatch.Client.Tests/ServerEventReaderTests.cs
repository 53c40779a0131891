using System.Text;
using FopWatch.Client.Events;

namespace FopWatch.Client.Tests;

public sealed class ServerEventReaderTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("data: a\n\n", "message:a")]
    [InlineData(":\n\nid: 7\nevent: t\ndata: a\n\n", "t:a")]
    [InlineData("event:t\r\ndata:a\r\ndata: b\r\n\r\n", "t:a\nb")]
    [InlineData("event:t\rdata:a\r\r", "t:a")]
    [InlineData("event: lost\n\ndata: a\n\n", "message:a")]
    [InlineData("data\n\n", "message:")]
    [InlineData("\uFEFFdata: a\n\n", "message:a")]
    [InlineData("data: cut off", null)]
    [InlineData("data: cut off\n", null)]
    [InlineData("retry: 5\nnonsense\n\n", null)]
    public async Task The_reader_follows_the_standard(string stream, string? expected)
    {
        foreach (var piece in (int[])[1, 3, int.MaxValue])
        {
            using var reader = Reader(new PiecewiseStream(stream, piece));

            var read = await reader.ReadAsync(Cancelled);

            Assert.Equal(expected, read is null ? null : $"{read.Type}:{read.Data}");
        }
    }

    [Fact]
    public async Task A_line_longer_than_the_buffer_is_read_whole()
    {
        var text = new string('x', 100_000);
        using var reader = Reader(new PiecewiseStream($"data: {text}\r\n\r\ndata: b\r\n\r\n", 5000));

        Assert.Equal(text, (await reader.ReadAsync(Cancelled))!.Data);
        Assert.Equal("b", (await reader.ReadAsync(Cancelled))!.Data);
    }

    [Fact]
    public async Task An_id_applies_once_its_event_is_complete_even_without_data()
    {
        using var reader = Reader(new PiecewiseStream("id: 5\n\nid: 6\ndata: a\n\nid: 7\ndata: cut off"));

        Assert.Null((await reader.ReadAsync(Cancelled))!.Data);
        Assert.Equal("5", reader.LastId);
        Assert.Equal("a", (await reader.ReadAsync(Cancelled))!.Data);
        Assert.Equal("6", reader.LastId);
        Assert.Null(await reader.ReadAsync(Cancelled));
        Assert.Equal("6", reader.LastId);
    }

    [Theory]
    [InlineData("data: ")]
    [InlineData("data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n")]
    public async Task An_endless_event_uses_limited_memory(string line)
    {
        using var reader = Reader(new PiecewiseStream(string.Concat(Enumerable.Repeat(line, 1_000_000 / line.Length))), limit: 100_000);

        var failure = await Assert.ThrowsAsync<FopWatchUnreachableException>(() => reader.ReadAsync(Cancelled));

        Assert.Contains("longer", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_host_is_treated_as_lost()
    {
        var clock = new ManualTimeProvider(DateTimeOffset.UnixEpoch);
        using var reader = new ServerEventReader(new SilentStream(), null, clock, 1000);
        var reading = reader.ReadAsync(Cancelled);

        clock.Advance(ServerEventReader.Silence);

        Assert.True((await Assert.ThrowsAsync<FopWatchUnreachableException>(() => reading)).IsTransient);
    }

    private static ServerEventReader Reader(Stream stream, long limit = 1_000_000) => new(stream, null, TimeProvider.System, limit);

    private sealed class PiecewiseStream(string text, int piece = int.MaxValue) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }

    /// <summary>A stream that never returns data.</summary>
    private sealed class SilentStream : MemoryStream
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Delay(Timeout.Infinite, cancellationToken);
            return 0;
        }
    }
}

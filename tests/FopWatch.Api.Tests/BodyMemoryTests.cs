using System.IO.Pipelines;
using System.Net;
using FopWatch.Intake;
using FopWatch.Settings;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Api.Tests;

public class BodyMemoryTests
{
    private const int Large = 4 * 1024 * 1024;

    private readonly ManualTimeProvider _time = new();
    private readonly BodyMemory _memory;

    public BodyMemoryTests() => _memory = new(FopWatchSettings.Read([]), _time);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(BodyMemory.OrdinaryBody)]
    [InlineData(BodyMemory.OrdinaryBody + 1)]
    [InlineData(Large)]
    public async Task A_body_is_read_whole_with_or_without_an_announced_length(int length)
    {
        var bytes = new byte[length];
        new Random(length).NextBytes(bytes);

        using var announced = await ReadAsync(bytes, length);
        using var unannounced = await ReadAsync(bytes, null);

        Assert.Equal(bytes, announced!.Bytes);
        Assert.Equal(bytes, unannounced!.Bytes);
    }

    [Fact]
    public async Task Reading_an_oversized_body_stops_as_soon_as_it_exceeds_the_limit()
    {
        var sender = new Sender(this);
        Assert.Null(await _memory.ReadAsync(sender.Request(announced: Large + 1), "media", Cancelled));

        var read = sender.Read(null, Cancelled);
        await sender.SendAsync(Large);
        Assert.False(read.IsCompleted);
        await sender.SendAsync(1);

        Assert.Null(await read.WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
    }

    [Fact]
    public async Task Large_bodies_of_one_source_do_not_block_those_of_other_sources_or_ordinary_bodies()
    {
        var (held, refused) = (0, 0);
        for (var i = 0; i < 20; i++)
        {
            try
            {
                Assert.NotNull(await ReadAsync(new byte[Large], Large));
                held++;
            }
            catch (IntakeFullException)
            {
                refused++;
            }
        }

        Assert.Equal((8, 12), (held, refused));
        Assert.NotNull(await ReadAsync(new byte[BodyMemory.OrdinaryBody], BodyMemory.OrdinaryBody));
        Assert.NotNull(await ReadAsync(new byte[Large], Large, "video"));
        Assert.NotNull(await ReadAsync(new byte[Large], Large, BodyMemory.Callers));
    }

    [Theory]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", true)]
    [InlineData("2001:db8:1:2::1", "2001:db8:1:3::1", false)]
    [InlineData("192.0.2.1", "::ffff:192.0.2.1", true)]
    [InlineData("192.0.2.1", "192.0.2.2", false)]
    public async Task One_address_cannot_take_all_memory_however_many_sources_it_sends_to(string attacker, string other, bool areOne)
    {
        for (var i = 0; i < 40; i++)
        {
            try
            {
                Assert.NotNull(await ReadAsync(new byte[2 * 1024 * 1024], null, $"source {i}", attacker));
            }
            catch (IntakeFullException)
            {
                // This address has its share.
            }
        }

        var read = () => ReadAsync(new byte[2 * 1024 * 1024], null, "another", other);
        if (areOne)
            await Assert.ThrowsAsync<IntakeFullException>(read);
        else
            Assert.NotNull(await read());
    }

    [Fact]
    public async Task A_large_body_must_grow_by_a_sixth_every_five_seconds()
    {
        var sender = new Sender(this);
        var read = sender.Read(null, Cancelled);
        await sender.SendAsync(600_000);
        for (var i = 0; i < 3; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(4.9));
            await sender.SendAsync(100_000 * (i + 2));
            Assert.False(read.IsCompleted);
        }

        _time.Advance(TimeSpan.FromSeconds(4.9));
        await sender.SendAsync(100_000);
        Assert.False(read.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(0.1));

        await Assert.ThrowsAsync<IntakeFullException>(() => read.WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
    }

    [Fact]
    public async Task A_body_must_arrive_within_30_seconds_whatever_its_size()
    {
        var (ordinary, large) = (new Sender(this), new Sender(this));
        var (first, second) = (ordinary.Read(null, Cancelled), large.Read(null, Cancelled));
        await ordinary.SendAsync(1000);
        await large.SendAsync(100_000);
        for (var i = 1; i <= 14; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(2));
            await large.SendAsync(100_000);
        }

        Assert.False(first.IsCompleted || second.IsCompleted);
        _time.Advance(TimeSpan.FromSeconds(2));

        await Assert.ThrowsAsync<IntakeFullException>(() => first.WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
        await Assert.ThrowsAsync<IntakeFullException>(() => second.WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
    }

    [Fact]
    public async Task A_stalled_large_body_loses_its_memory_to_one_that_arrives()
    {
        var senders = Enumerable.Range(0, 8).Select(_ => new Sender(this)).ToList();
        var reads = senders.Select(sender => sender.Read(Large, Cancelled)).ToList();
        foreach (var sender in senders)
            await sender.SendAsync(Large - 1);
        await Assert.ThrowsAsync<IntakeFullException>(() => ReadAsync(new byte[1_000_000], null));
        _time.Advance(SharedBytes.Stalled);

        Assert.NotNull(await ReadAsync(new byte[1_000_000], null));

        var loser = await Task.WhenAny(reads).WaitAsync(TimeSpan.FromSeconds(10), Cancelled);
        await Assert.ThrowsAsync<IntakeFullException>(() => loser);
        Assert.Equal(1, reads.Count(read => read.IsCompleted));
    }

    [Fact]
    public async Task A_cancelled_or_broken_body_releases_its_memory()
    {
        for (var i = 0; i < 20; i++)
        {
            var sender = new Sender(this);
            using var cancellation = new CancellationTokenSource();
            var read = sender.Read(Large, cancellation.Token);
            await sender.SendAsync(Large - 1);
            if (i % 2 == 0)
            {
                await cancellation.CancelAsync();
                await Assert.ThrowsAnyAsync<OperationCanceledException>(() => read);
            }
            else
            {
                await sender.BreakOffAsync();
                await Assert.ThrowsAsync<BadHttpRequestException>(() => read);
            }
        }
    }

    private async Task<ReceivedBody?> ReadAsync(byte[] bytes, int? announced, string source = "media", string address = "127.0.0.1") =>
        await _memory.ReadAsync(RequestOf(new MemoryStream(bytes), announced, address), source, Cancelled);

    private static HttpRequest RequestOf(Stream body, int? announced, string address = "127.0.0.1") => new DefaultHttpContext
    {
        Connection = { RemoteIpAddress = IPAddress.Parse(address) },
        Request = { Body = body, ContentLength = announced },
    }.Request;

    /// <summary>Sends a body in pieces.</summary>
    private sealed class Sender(BodyMemoryTests test)
    {
        private readonly Pipe _pipe = new(new(pauseWriterThreshold: 0, useSynchronizationContext: false, readerScheduler: PipeScheduler.Inline));

        public HttpRequest Request(int? announced = null) => RequestOf(_pipe.Reader.AsStream(), announced);

        public Task<ReceivedBody?> Read(int? announced, CancellationToken cancellationToken) =>
            test._memory.ReadAsync(Request(announced), "media", cancellationToken);

        public async Task SendAsync(int length) => await _pipe.Writer.WriteAsync(new byte[length], Cancelled);

        public async Task BreakOffAsync() => await _pipe.Writer.CompleteAsync(new IOException("The client left."));
    }
}

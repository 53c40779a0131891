using System.IO.Pipelines;
using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Api;
using FopWatch.Local.Hosting;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Sqlite;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FopWatch.Local.Tests.Http;

/// <summary>Followers that a purge overtakes in mid-stream: each gap is reported once.</summary>
public sealed partial class OvertakenFollowerTests : IAsyncLifetime
{
    private RunningHost _host = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private EventLog Log => Of<EventLog>();

    public async ValueTask InitializeAsync() => _host = await RunningHost.StartAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact(Timeout = 60_000)]
    public async Task A_purge_past_the_events_in_memory_is_reported_once()
    {
        // Only the last few of six events of 1 MiB stay in memory.
        await PublishAsync(1, 6, mebibytes: 1);
        for (var after = 0; after < 6; after++)
            await Of<EventTail>().NextAsync(after, Cancelled);
        await using var follower = await StalledFollower.StartAsync(_host);

        // Nobody has read the last two events, and all are purged.
        await PublishAsync(7, 8);
        await PurgeAsync(through: 8);

        Assert.Equal(["id 0", "purged before 9, resume 8", "id 8"], await follower.ReadAsync("id: 8"));
        await PublishAsync(9, 9);
        Assert.Equal(["id 9"], await follower.ReadAsync("id: 9"));
    }

    [Fact(Timeout = 60_000)]
    public async Task An_event_in_memory_is_sent_between_two_gaps_and_each_gap_is_reported_once()
    {
        await PublishAsync(1, 2);
        await using var follower = await StalledFollower.StartAsync(_host);

        await PurgeAsync(through: 1);
        await Of<EventTail>().NextAsync(0, Cancelled);
        await PublishAsync(3, 4);
        await PurgeAsync(through: 3);

        Assert.Equal(
            ["id 0", "purged before 2, resume 1", "id 1", "id 2", "purged before 4, resume 3", "id 3", "id 4"], await follower.ReadAsync("id: 4"));
    }

    [Fact(Timeout = 60_000)]
    public async Task Events_sent_before_the_purge_are_not_a_gap()
    {
        await PublishAsync(1, 2);
        await using var follower = await StalledFollower.StartAsync(_host);
        Assert.Equal(["id 0", "id 1", "id 2"], await follower.ReadAsync("id: 2"));

        await PurgeAsync(through: 2);
        await PublishAsync(3, 3);

        Assert.Equal(["id 3"], await follower.ReadAsync("id: 3"));
    }

    private T Of<T>()
        where T : notnull => _host.Host.Services.GetRequiredService<T>();

    /// <summary>Publishes events one minute apart. The host's own purge does not delete them.</summary>
    private async Task PublishAsync(int first, int last, int mebibytes = 0)
    {
        for (var i = first; i <= last; i++)
            await Log.PublishAsync([Sample.Event("a", i, after: At(i) - Sample.Start).Sized(mebibytes)], Cancelled);
    }

    private async Task PurgeAsync(int through) => Assert.NotEqual(0, await Log.PurgeAsync(At(through + 1), DateTimeOffset.MaxValue, Cancelled));

    private DateTimeOffset At(int number) => _began + TimeSpan.FromMinutes(number);

    private readonly DateTimeOffset _began = DateTimeOffset.UtcNow;

    /// <summary>A follower from the start of the log that reads nothing until told to.</summary>
    private sealed partial class StalledFollower : IAsyncDisposable
    {
        // A write waits until all earlier data is taken.
        private readonly Pipe _sent = new(new(pauseWriterThreshold: 1, resumeWriterThreshold: 1, useSynchronizationContext: false));
        private readonly CancellationTokenSource _left = new();
        private Task _stream = Task.CompletedTask;

        public static async Task<StalledFollower> StartAsync(RunningHost host)
        {
            var follower = new StalledFollower();
            var services = host.Host.Services;
            var context = new DefaultHttpContext { RequestServices = services };
            context.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(follower._sent.Writer.AsStream()));
            context.Request.Method = HttpMethods.Get;
            follower._stream = EventStream.GetAsync(
                context,
                lastEvent: "0",
                lastEventId: null,
                source: null,
                Caller.Unrestricted,
                services.GetRequiredService<Sources>(),
                services.GetRequiredService<EventLog>(),
                services.GetRequiredService<EventTail>(),
                services.GetRequiredService<IHostApplicationLifetime>(),
                services.GetRequiredService<HostSettings>(),
                follower._left.Token);

            // The stream has started: its first bytes have arrived and are unread.
            var first = await follower._sent.Reader.ReadAsync(Cancelled);
            follower._sent.Reader.AdvanceTo(first.Buffer.Start, first.Buffer.Start);
            return follower;
        }

        /// <summary>Reads up to a line, and returns the positions and gaps.</summary>
        public async Task<List<string>> ReadAsync(string line)
        {
            var read = new StringBuilder();
            while (!Epochs().Replace(read.ToString(), "$1").Contains($"{line}\n", StringComparison.Ordinal) || !read.ToString().EndsWith("\n\n", StringComparison.Ordinal))
            {
                var some = await _sent.Reader.ReadAsync(Cancelled);
                read.Append(Encoding.UTF8.GetString(some.Buffer));
                _sent.Reader.AdvanceTo(some.Buffer.End);
            }

            return
            [
                .. Epochs().Replace(read.ToString(), "$1").Split("\n\n", StringSplitOptions.RemoveEmptyEntries)
                    .SelectMany(block => Gap().Match(block) is { Success: true } gap
                        ? (string[])[$"purged before {gap.Groups[1].Value}, resume {gap.Groups[2].Value}", block.Split('\n')[0].Replace(":", "", StringComparison.Ordinal)]
                        : [block.Split('\n')[0].Replace(":", "", StringComparison.Ordinal)]),
            ];
        }

        public async ValueTask DisposeAsync()
        {
            await _left.CancelAsync();
            await _sent.Reader.CompleteAsync();
            await _stream.WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
            _left.Dispose();
        }

        [GeneratedRegex("((?:id: |\"resume\":\")[0-9]+)-[0-9a-f]+")]
        private static partial Regex Epochs();

        [GeneratedRegex("event: fopwatch.events.purged\ndata: {\"before\":([0-9]+),\"resume\":\"([0-9]+)\"}")]
        private static partial Regex Gap();
    }
}

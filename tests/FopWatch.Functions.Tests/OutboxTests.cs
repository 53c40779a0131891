using System.Text;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.Functions.Tests.Running;
using FopWatch.Intake;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Settings;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FopWatch.Functions.Tests;

/// <summary>From a notification to subscribers, over Azurite and a broker that comes and goes.</summary>
public sealed class OutboxTests(SharedAzurite azurite) : IAsyncLifetime
{
    private const string SourceName = "media";

    private readonly TestTime _time = TestTime.Real();
    private ServiceBusPeer? _peer;
    private ServiceProvider? _services;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ServiceBusPeer Peer => _peer!;

    private PromptPublisher Publisher => _services!.GetRequiredService<PromptPublisher>();

    public async ValueTask InitializeAsync()
    {
        _peer = await ServiceBusPeer.StartAsync();
        var storage = await azurite.StartedAsync();
        var cloud = new CloudSettings
        {
            Shared = FopWatchSettings.Read(
            [
                new($"Sources:{SourceName}:Provider", "Qiniu"),
                new($"Sources:{SourceName}:NotifyTokens:0", "right-token"),
                new($"Sources:{SourceName}:Trust", "Token"),
            ]),
            Tables = storage.Client(),
            Table = new() { TableName = $"t{Guid.NewGuid():N}", Buckets = 2 },
            ServiceBus = ServiceBusConnection.ToEmulator(Peer.ConnectionString),
            Topic = ServiceBusPublisherOptions.DefaultTopicName,
        };
        var services = new ServiceCollection();
        services.AddLogging();
        var store = await TableStore.CreateAsync(cloud.Tables, cloud.Table, _time, Cancelled);
        services.AddFopWatch(cloud, _ => store, _time);
        _services = services.BuildServiceProvider();
    }

    [Theory]
    [InlineData(999, "999 event(s) wait")]
    [InlineData(IOutbox.MostCounted, "1000 or more event(s) wait")]
    public async Task Without_a_service_bus_a_sweep_says_how_many_wait_as_far_as_they_were_counted(int waiting, string words)
    {
        using var log = new CapturedLog();
        using var logging = LoggerFactory.Create(builder => builder.AddProvider(log));
        var outbox = new PromptPublisher(new FullOutbox(waiting), dispatcher: null, logging.CreateLogger("test"), _time);

        await outbox.SweepAsync(Cancelled);

        Assert.Contains($"Warning {words} in the outbox, and no Service Bus is configured", log.ToString(), StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_services is not null)
            await _services.DisposeAsync();
        await Peer.DisposeAsync();
    }

    [Fact(Timeout = 60_000)]
    public async Task An_event_is_published_before_its_notification_is_answered()
    {
        await using var received = new ReceivedEvents(Peer.ConnectionString);

        await NotifyAsync("a");

        Assert.Equal(0, await DepthAsync());
        await ReceivedAsync(received, "a");
        Assert.Equal(0, received.Repetitions);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_broker_that_is_down_holds_up_one_notification_and_the_sweep_publishes_when_it_is_back()
    {
        await using var received = new ReceivedEvents(Peer.ConnectionString);
        await Peer.KillAsync();

        var started = TimeProvider.System.GetTimestamp();
        await NotifyAsync("a");
        var first = TimeProvider.System.GetElapsedTime(started);
        started = TimeProvider.System.GetTimestamp();
        for (var i = 0; i < 20; i++)
            await NotifyAsync($"b{i}");
        var others = TimeProvider.System.GetElapsedTime(started);

        // Two seconds at most for the first; the others do not even try.
        Assert.InRange(first.TotalSeconds, 0, 30);
        Assert.InRange(others.TotalSeconds, 0, 20);
        Assert.Equal(21, await DepthAsync());

        await Peer.StartAsync();
        await Publisher.SweepAsync(Cancelled);

        Assert.Equal(0, await DepthAsync());
        await ReceivedAsync(received, "a");
        for (var i = 0; i < 20; i++)
            await ReceivedAsync(received, $"b{i}");

        // And after the pause events are published at once again.
        _time.AdvanceTo(_time.GetUtcNow() + TimeSpan.FromSeconds(31));
        await NotifyAsync("c");
        Assert.Equal(0, await DepthAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task A_sweep_whose_time_is_over_ends_without_an_error_and_leaves_the_rest()
    {
        await Peer.KillAsync();
        await NotifyAsync("a");
        var clock = new ManualTimeProvider();
        var hangs = new Hangs();
        using var dispatcher = Unobserved.Dispatcher(_services!.GetRequiredService<IOutbox>(), hangs, TimeProvider.System);
        var outbox = new PromptPublisher(_services!.GetRequiredService<IOutbox>(), dispatcher, NullLogger.Instance, clock);

        var sweep = outbox.SweepAsync(Cancelled);
        await hangs.Asked;
        Assert.False(sweep.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(4));
        await sweep;

        Assert.Equal(1, await DepthAsync());
    }

    [Fact]
    public async Task A_clock_that_was_ahead_when_the_broker_failed_does_not_keep_events_from_being_published_at_once()
    {
        await NotifyAsync("a");
        var clock = new ManualTimeProvider { Ahead = TimeSpan.FromDays(365) };
        var broken = new FailsOnce();
        using var dispatcher = Unobserved.Dispatcher(_services!.GetRequiredService<IOutbox>(), broken, clock);
        var outbox = new PromptPublisher(_services!.GetRequiredService<IOutbox>(), dispatcher, NullLogger.Instance, clock);
        var committed = Sample.Event("a");
        await outbox.CommittedAsync(committed, Cancelled);
        clock.Ahead = TimeSpan.Zero;

        await outbox.CommittedAsync(committed, Cancelled);
        Assert.Equal(1, broken.Asked);
        clock.Advance(TimeSpan.FromSeconds(31));
        await outbox.CommittedAsync(committed, Cancelled);
        Assert.Equal(2, broken.Asked);
    }

    private static async Task ReceivedAsync(ReceivedEvents received, string id)
    {
        while (received.SettledEvents(new(SourceName, id)).Count == 0)
            await Task.Delay(20, Cancelled);
        Assert.Empty(received.Contradictions());
        Assert.Equal(JobState.Succeeded, Assert.Single(received.SettledEvents(new(SourceName, id))).Data.State);
    }

    private async Task NotifyAsync(string id) => Assert.Equal(
        NotificationResult.Recorded,
        await _services!.GetRequiredService<NotificationIntake>().ReceiveAsync(
            _services!.GetRequiredService<Sources>().Find(SourceName)!,
            new() { Url = new("https://hooks.example.com"), Body = Encoding.UTF8.GetBytes(StatusStub.Done(id)) },
            null,
            Cancelled));

    private sealed class FailsOnce : IEventPublisher
    {
        public int Asked { get; private set; }

        public ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken) =>
            ++Asked == 1 ? throw new InvalidOperationException("The broker is down.") : default;
    }

    private sealed class Hangs : IEventPublisher
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            _asked.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }

    private async Task<long> DepthAsync() => (await _services!.GetRequiredService<IOutbox>().DepthAsync(Cancelled)).Count;

    /// <summary>So many events that the store counts no more of them.</summary>
    private sealed class FullOutbox(int waiting) : IOutbox
    {
        public ValueTask<IReadOnlyList<OutboxEvent>> PendingAsync(int limit, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask RemoveAsync(IReadOnlyList<OutboxEvent> published, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask SetAsideAsync(IReadOnlyList<OutboxEvent> refused, CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<long> CountSetAsideAsync(CancellationToken cancellationToken) => throw new NotSupportedException();

        public ValueTask<(long Count, DateTimeOffset? Oldest)> DepthAsync(CancellationToken cancellationToken) => new((waiting, DateTimeOffset.UnixEpoch));
    }
}

using System.Text;
using FopWatch.Azure.ServiceBus;
using FopWatch.Azure.Tables;
using FopWatch.Cloud;
using FopWatch.Contracts;
using FopWatch.Functions.Tests.Running;
using FopWatch.Intake;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Running;
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
        var outbox = new PromptPublisher(new FullOutbox(waiting), dispatcher: null, new ThreadPoolWork(), logging.CreateLogger("test"), _time);

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
    public async Task An_event_is_published_right_after_its_notification_was_recorded()
    {
        await using var received = new ReceivedEvents(Peer.ConnectionString);

        await NotifyAsync("a");

        await Publisher.IdleAsync();
        Assert.Equal(0, await DepthAsync());
        await ReceivedAsync(received, "a");
        Assert.Equal(0, received.Repetitions);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_broker_that_is_down_holds_up_no_notification_and_the_sweep_publishes_when_it_is_back()
    {
        await using var received = new ReceivedEvents(Peer.ConnectionString);
        await Peer.KillAsync();

        await NotifyAsync("a");
        await Publisher.IdleAsync();
        for (var i = 0; i < 20; i++)
        {
            await NotifyAsync($"b{i}");
            Assert.True(Publisher.IdleAsync().IsCompleted, "Publishing was tried during the pause.");
        }

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
        await Publisher.IdleAsync();
        Assert.Equal(0, await DepthAsync());
    }

    [Fact(Timeout = 60_000)]
    public async Task What_is_committed_while_the_broker_is_slow_is_published_together_and_no_commit_waits()
    {
        var slow = new Slow();
        using var dispatcher = Unobserved.Dispatcher(_services!.GetRequiredService<IOutbox>(), slow, TimeProvider.System);
        var prompt = new PromptPublisher(_services!.GetRequiredService<IOutbox>(), dispatcher, new ThreadPoolWork(), NullLogger.Instance, TimeProvider.System);
        var events = Enumerable.Range(0, 5).Select(i => Sample.Event($"e{i}")).ToList();

        prompt.Committed(events[0]);
        await slow.Asked;
        foreach (var one in events[1..])
            prompt.Committed(one);
        Assert.False(prompt.IdleAsync().IsCompleted);
        slow.Answer();
        await prompt.IdleAsync();

        Assert.Equal(["e0", "e1 e2 e3 e4"], slow.Published);
    }

    [Fact(Timeout = 60_000)]
    public async Task Events_beyond_the_memory_for_them_are_left_to_the_sweep()
    {
        var slow = new Slow();
        using var dispatcher = Unobserved.Dispatcher(_services!.GetRequiredService<IOutbox>(), slow, TimeProvider.System);
        var prompt = new PromptPublisher(_services!.GetRequiredService<IOutbox>(), dispatcher, new ThreadPoolWork(), NullLogger.Instance, TimeProvider.System);
        prompt.Committed(Sample.Event("first"));
        await slow.Asked;
        for (var i = 0; i < 6; i++)
            prompt.Committed(Sample.Event($"e{i}") with { Body = new byte[PromptPublisher.MostBytes / 4] });
        slow.Answer();
        await prompt.IdleAsync();
        Assert.Equal(["first", "e0 e1 e2 e3"], slow.Published);

        // And then there is room again.
        prompt.Committed(Sample.Event("last"));
        await prompt.IdleAsync();
        Assert.Equal(["first", "e0 e1 e2 e3", "last"], slow.Published);
    }

    [Fact(Timeout = 60_000)]
    public async Task A_sweep_whose_time_is_over_ends_without_an_error_and_leaves_the_rest()
    {
        await Peer.KillAsync();
        await NotifyAsync("a");
        var clock = new ManualTimeProvider();
        var hangs = new Hangs();
        using var dispatcher = Unobserved.Dispatcher(_services!.GetRequiredService<IOutbox>(), hangs, TimeProvider.System);
        var outbox = new PromptPublisher(_services!.GetRequiredService<IOutbox>(), dispatcher, new ThreadPoolWork(), NullLogger.Instance, clock);

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
        var outbox = new PromptPublisher(_services!.GetRequiredService<IOutbox>(), dispatcher, new ThreadPoolWork(), NullLogger.Instance, clock);
        var committed = Sample.Event("a");
        await CommittedAsync();
        clock.Ahead = TimeSpan.Zero;

        await CommittedAsync();
        Assert.Equal(1, broken.Asked);
        clock.Advance(TimeSpan.FromSeconds(31));
        await CommittedAsync();
        Assert.Equal(2, broken.Asked);

        async Task CommittedAsync()
        {
            outbox.Committed(committed);
            await outbox.IdleAsync();
        }
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

    private sealed class Slow : IEventPublisher
    {
        private readonly TaskCompletionSource _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly TaskCompletionSource _answer = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Asked => _asked.Task;

        public List<string> Published { get; } = [];

        public void Answer() => _answer.SetResult();

        public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            _asked.TrySetResult();
            await _answer.Task;
            Published.Add(string.Join(' ', events.Select(one => one.Key.Id)));
        }
    }

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

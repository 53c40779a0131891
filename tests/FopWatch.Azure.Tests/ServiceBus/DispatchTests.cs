using System.Collections.Concurrent;
using Azure.Messaging.ServiceBus;
using FopWatch.Diagnosis;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using FopWatch.Sqlite;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>From the outbox of a real store to subscribers, with a failing broker.</summary>
public sealed class DispatchTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-");
    private BusTest? _bus;
    private SqliteStore? _store;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private BusTest Bus => _bus!;

    private SqliteStore Store => _store!;

    public async ValueTask InitializeAsync()
    {
        _store = await SqliteStore.OpenAsync(_folder.FullName, TimeProvider.System, cancellationToken: Cancelled);
        _bus = await BusTest.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await Bus.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task While_the_topic_is_missing_the_events_stay_in_the_outbox()
    {
        await CommitJobAsync("a", versions: 3);
        await using var wrong = Bus.NewPublisher(new() { TopicName = "no-such-topic", Retry = BusTest.QuickRetry });
        using (var dispatcher = Unobserved.Dispatcher(Store.Outbox, wrong, TimeProvider.System))
            await Assert.ThrowsAsync<ServiceBusException>(() => dispatcher.DrainAsync(Cancelled));
        Assert.Equal(3, (await Store.Outbox.DepthAsync(Cancelled)).Count);

        using var right = Unobserved.Dispatcher(Store.Outbox, Bus.Publisher, TimeProvider.System);
        Assert.Equal(3, await right.DrainAsync(Cancelled));

        Assert.Equal(0, (await Store.Outbox.DepthAsync(Cancelled)).Count);
        Assert.Equal(3, (await Bus.ReceiveAllAsync("all")).Count);
    }

    [Theory]
    [InlineData("amqp:not-allowed")]
    [InlineData("com.microsoft:argument-error")]
    [InlineData("amqp:link:message-size-exceeded")]
    [InlineData("amqp:internal-error")]
    public async Task An_event_that_the_broker_always_refuses_is_set_aside_and_all_others_are_published_once(string condition)
    {
        await CommitJobAsync("a", versions: 1);
        await CommitJobAsync("bad", versions: 3);
        await CommitJobAsync("b", versions: 2);
        await Bus.Peer.RefuseOfAsync("bad", condition);
        var log = new Warnings();
        var troubles = new Troubles(log, TimeProvider.System);
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, Bus.Publisher, TimeProvider.System, troubles);

        Assert.Equal(3, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal((3, 1), ((await Store.Outbox.DepthAsync(Cancelled)).Count, await Store.Outbox.CountSetAsideAsync(Cancelled)));
        var trouble = Assert.Single(troubles.Current);
        Assert.Equal(("media", TroubleKind.EventsRefused, 1), (trouble.Source, trouble.Kind, trouble.Count));
        Assert.Single(log.Warned);

        // While it waits it is not retried, and newly committed events are published.
        await CommitJobAsync("c", versions: 1);
        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal(["a", "b", "b", "c"], (await Bus.ReceiveAllAsync("all")).Select(message => message.CorrelationId));
    }

    [Fact]
    public async Task A_refused_event_is_retried_after_growing_waits_and_then_precedes_its_jobs_later_ones()
    {
        var time = new ManualTimeProvider(TimeProvider.System.GetUtcNow());
        await using var store = await SqliteStore.OpenAsync(_folder.CreateSubdirectory("timed").FullName, time, cancellationToken: Cancelled);
        await CommitJobAsync("bad", versions: 3, store);
        await Bus.Peer.RefuseOfAsync("bad");
        var publisher = new Disturbed(Bus.Publisher, _ => Task.CompletedTask);
        using var dispatcher = Unobserved.Dispatcher(store.Outbox, publisher, time);

        List<int> waits = [];
        for (var minute = 0; minute <= 32; minute++)
        {
            var before = publisher.Publishes;
            Assert.Equal(0, await dispatcher.DrainAsync(Cancelled));
            if (publisher.Publishes > before)
                waits.Add(minute);
            time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal([0, 1, 3, 7, 15, 31], waits);
        await Bus.Peer.RefuseOfAsync(null);
        time.Advance(TimeSpan.FromMinutes(32));
        Assert.Equal(3, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal(["1", "2", "3"], (await Bus.ReceiveAllAsync("all")).Select(message => message.ApplicationProperties["pipeline"]));
        Assert.Equal(0, (await store.Outbox.DepthAsync(Cancelled)).Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task During_internal_errors_of_the_broker_no_event_is_set_aside(int versions)
    {
        await CommitJobAsync("a", versions);
        await Bus.Peer.RefuseOfAsync("a", "amqp:internal-error");
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, Bus.Publisher, TimeProvider.System);

        await Assert.ThrowsAsync<ServiceBusException>(() => dispatcher.DrainAsync(Cancelled));
        Assert.Equal(0, await Store.Outbox.CountSetAsideAsync(Cancelled));

        await Bus.Peer.RefuseOfAsync(null);
        Assert.Equal(versions, await dispatcher.DrainAsync(Cancelled));
    }

    [Fact]
    public async Task Events_published_before_a_drain_was_cancelled_are_not_published_again()
    {
        await CommitJobAsync("a", versions: 1);
        await CommitJobAsync("b", versions: 1);
        var first = (await Store.Outbox.PendingAsync(1, Cancelled))[0];
        await Store.Outbox.SetAsideAsync([first with { Refusals = 1, RetryAt = Sample.Start }], Cancelled);
        await Bus.Peer.RefuseOfAsync("b", "com.microsoft:server-busy");
        await using var patient = Bus.NewPublisher(new() { Retry = new() { MaxRetries = 10, Delay = TimeSpan.FromSeconds(10), Mode = ServiceBusRetryMode.Fixed } });
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, patient, TimeProvider.System);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        // The previously refused event goes alone, and before the other.
        var draining = dispatcher.DrainAsync(cancellation.Token);
        Assert.Equal("a", Assert.Single(await Bus.ReceiveAsync("all", 1)).CorrelationId);
        await Bus.Peer.HasRefusedAsync();
        await cancellation.CancelAsync();

        // The client may not have begun to wait before it tries again. Then it throws the refusal.
        var thrown = await Assert.ThrowsAnyAsync<Exception>(() => draining);
        Assert.True(thrown is OperationCanceledException or ServiceBusException { Reason: ServiceBusFailureReason.ServiceBusy }, $"{thrown}");
        Assert.Equal("b", Assert.Single(await Store.Outbox.PendingAsync(10, Cancelled)).Key.Id);
    }

    [Fact]
    public async Task While_the_broker_is_down_the_events_stay_and_the_same_publisher_resumes_when_it_is_back()
    {
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, Bus.Publisher, TimeProvider.System);
        await CommitJobAsync("a", versions: 1);
        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));

        await Bus.Peer.KillAsync();
        await CommitJobAsync("b", versions: 2);
        await Assert.ThrowsAsync<ServiceBusException>(() => dispatcher.DrainAsync(Cancelled));
        Assert.Equal(2, (await Store.Outbox.DepthAsync(Cancelled)).Count);

        await Bus.Peer.StartAsync();
        Assert.Equal(2, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal(["a", "b", "b"], (await Bus.ReceiveAllAsync("all")).Select(message => message.CorrelationId));
    }

    [Fact]
    public async Task A_broker_killed_in_mid_stream_loses_and_duplicates_none_of_thousands_of_events()
    {
        const int Jobs = 300;
        const int Versions = 10;
        await Parallel.ForEachAsync(Enumerable.Range(0, Jobs), Cancelled, async (i, _) => await CommitJobAsync($"j{i}", Versions));
        Assert.Equal(IOutbox.MostCounted, (await Store.Outbox.DepthAsync(Cancelled)).Count);

        // The outbox makes twelve batches. The broker is killed at the start of one, in the middle of one, and between storing and answering.
        Disturbed? publisher = null;
        publisher = new Disturbed(Bus.Publisher, async publish =>
        {
            switch (publish)
            {
                case 2:
                    await RestartAsync();
                    break;
                case 4 or 9:
                    _ = RestartAsync();
                    break;
                case 6 or 7:
                    await publisher!.DisturbancesAsync();
                    await Bus.Peer.LoseNextAnswerAsync();
                    break;
            }
        });
        using var dispatcher = Unobserved.Dispatcher(Store.Outbox, publisher, TimeProvider.System);
        var failures = 0;
        while (true)
        {
            try
            {
                await dispatcher.DrainAsync(Cancelled);
                break;
            }
            catch (ServiceBusException)
            {
                // As in a host: the events are still in the outbox.
                Assert.InRange(++failures, 1, 50);
            }
        }

        await publisher.DisturbancesAsync();
        Assert.True(publisher.Publishes >= 9);
        Assert.Equal(0, (await Store.Outbox.DepthAsync(Cancelled)).Count);
        var received = await Bus.ReceiveAllAsync("all");
        Assert.Equal(Jobs * Versions, received.Count);
        Assert.Equal(Jobs * Versions, received.DistinctBy(message => message.MessageId).Count());
        Assert.All(received.GroupBy(message => message.CorrelationId), job =>
            Assert.Equal(Enumerable.Range(1, Versions), job.Select(message => int.Parse(
                message.ApplicationProperties["pipeline"].ToString()!, System.Globalization.CultureInfo.InvariantCulture))));

        Task RestartAsync() => publisher!.TrackAsync(async () =>
        {
            await Bus.Peer.KillAsync();
            await Bus.Peer.StartAsync();
        });
    }

    private sealed class Warnings : IOperatorLog
    {
        public List<Trouble> Warned { get; } = [];

        public void Settled(Job job, JobReferences references)
        {
        }

        public void Warn(Trouble trouble) => Warned.Add(trouble);

        public void Over(Trouble trouble, TimeSpan lasted)
        {
        }
    }

    /// <summary>A job with an event for each version, with the version number as its pipeline.</summary>
    private async Task CommitJobAsync(string id, int versions, SqliteStore? store = null)
    {
        var job = Sample.Job(id);
        string? etag = null;
        for (var version = 1; version <= versions; version++)
        {
            var change = (job with { Facts = job.Facts with { Pipeline = $"{version}" } }).Republish(Sample.Start.AddMinutes(version));
            etag = await (store ?? Store).Jobs.CommitAsync(change.On(etag), Cancelled);
            Assert.NotNull(etag);
            job = change.Job;
        }
    }

    /// <summary>The publisher, with an action that runs when it starts to publish.</summary>
    private sealed class Disturbed(IEventPublisher publisher, Func<int, Task> disturb) : IEventPublisher
    {
        private readonly ConcurrentBag<Task> _disturbances = [];

        public int Publishes { get; private set; }

        public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            await disturb(++Publishes);
            await publisher.PublishAsync(events, cancellationToken);
        }

        public Task TrackAsync(Func<Task> disturbance)
        {
            var task = disturbance();
            _disturbances.Add(task);
            return task;
        }

        public Task DisturbancesAsync() => Task.WhenAll(_disturbances);
    }
}

using System.Collections.Concurrent;
using Azure.Messaging.ServiceBus;
using FopWatch.Contract.Tests;
using FopWatch.Jobs;
using FopWatch.Local.Storage;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>From the outbox of a real store to subscribers, with a broker that fails.</summary>
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
    public async Task Where_the_topic_is_missing_the_events_stay_until_it_is_there()
    {
        await CommitJobAsync("a", versions: 3);
        await using var wrong = Bus.NewPublisher(new() { TopicName = "no-such-topic", Retry = BusTest.QuickRetry });
        using (var dispatcher = new OutboxDispatcher(Store, wrong, TimeProvider.System))
            await Assert.ThrowsAsync<ServiceBusException>(() => dispatcher.DrainAsync(Cancelled));
        Assert.Equal(3, (await Store.DepthAsync(Cancelled)).Count);

        using var right = new OutboxDispatcher(Store, Bus.Publisher, TimeProvider.System);
        Assert.Equal(3, await right.DrainAsync(Cancelled));

        Assert.Equal(0, (await Store.DepthAsync(Cancelled)).Count);
        Assert.Equal(3, (await Bus.ReceiveAllAsync("all")).Count);
    }

    [Fact]
    public async Task An_event_that_cannot_be_published_stays_and_those_around_it_are_published_once()
    {
        await CommitJobAsync("a", versions: 1);
        await CommitJobAsync("huge", versions: 1);
        await CommitJobAsync("b", versions: 1);
        using var dispatcher = new OutboxDispatcher(Store, new Refusing("huge", Bus.Publisher), TimeProvider.System);

        await Assert.ThrowsAsync<UnpublishableEventsException>(() => dispatcher.DrainAsync(Cancelled));

        Assert.Equal("huge", Assert.Single(await Store.PendingAsync(10, Cancelled)).Key.Id);
        Assert.Equal(["a", "b"], (await Bus.ReceiveAllAsync("all")).Select(message => message.CorrelationId));
    }

    private sealed class Refusing(string id, IEventPublisher inner) : IEventPublisher
    {
        public async ValueTask PublishAsync(IReadOnlyList<OutboxEvent> events, CancellationToken cancellationToken)
        {
            var refused = events.Where(one => one.Key.Id == id).ToList();
            await inner.PublishAsync([.. events.Except(refused)], cancellationToken);
            if (refused.Count > 0)
                throw new UnpublishableEventsException("Too large.", refused, null);
        }
    }

    [Fact]
    public async Task While_the_broker_is_down_the_events_stay_and_the_same_publisher_goes_on_when_it_is_back()
    {
        using var dispatcher = new OutboxDispatcher(Store, Bus.Publisher, TimeProvider.System);
        await CommitJobAsync("a", versions: 1);
        Assert.Equal(1, await dispatcher.DrainAsync(Cancelled));

        await Bus.Peer.KillAsync();
        await CommitJobAsync("b", versions: 2);
        await Assert.ThrowsAsync<ServiceBusException>(() => dispatcher.DrainAsync(Cancelled));
        Assert.Equal(2, (await Store.DepthAsync(Cancelled)).Count);

        await Bus.Peer.StartAsync();
        Assert.Equal(2, await dispatcher.DrainAsync(Cancelled));
        Assert.Equal(["a", "b", "b"], (await Bus.ReceiveAllAsync("all")).Select(message => message.CorrelationId));
    }

    [Fact]
    public async Task Of_thousands_of_events_a_broker_killed_in_mid_stream_loses_none_and_brings_none_twice()
    {
        const int Jobs = 300;
        const int Versions = 10;
        await Parallel.ForEachAsync(Enumerable.Range(0, Jobs), Cancelled, async (i, _) => await CommitJobAsync($"j{i}", Versions));
        Assert.Equal(Jobs * Versions, (await Store.DepthAsync(Cancelled)).Count);

        // Of the twelve batches of the outbox, killed at the start of one, in the middle of one, and between storing and answering.
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
        using var dispatcher = new OutboxDispatcher(Store, publisher, TimeProvider.System);
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
                // As a host would: the events are still in the outbox.
                Assert.InRange(++failures, 1, 50);
            }
        }

        await publisher.DisturbancesAsync();
        Assert.True(publisher.Publishes >= 9);
        Assert.Equal(0, (await Store.DepthAsync(Cancelled)).Count);
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

    /// <summary>A job with an event for each version, which has its number as its pipeline.</summary>
    private async Task CommitJobAsync(string id, int versions)
    {
        var job = Sample.Job(id);
        string? etag = null;
        for (var version = 1; version <= versions; version++)
        {
            var change = (job with { Facts = job.Facts with { Pipeline = $"{version}" } }).Republish(Sample.Start.AddMinutes(version));
            etag = await ((IJobStore)Store).CommitAsync(change.On(etag), Cancelled);
            Assert.NotNull(etag);
            job = change.Job;
        }
    }

    /// <summary>The publisher, and something that happens as it begins to publish.</summary>
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

using FopWatch.Publishing;

namespace FopWatch.PortContracts;

/// <summary>An event as a subscriber received it.</summary>
/// <param name="Id">The CloudEvents id in the broker's envelope.</param>
/// <param name="Type">The CloudEvents type in the broker's envelope.</param>
/// <param name="Body">The whole CloudEvent, as UTF-8 JSON.</param>
public sealed record ReceivedEvent(string Id, string Type, ReadOnlyMemory<byte> Body);

/// <summary>The contract of <see cref="IEventPublisher"/>.</summary>
public abstract class EventPublisherContract : IAsyncLifetime
{
    private IEventPublisher? _publisher;

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IEventPublisher Publisher => _publisher ?? throw new InvalidOperationException("The publisher is not open.");

    /// <summary>Connects to a broker with an empty subscription.</summary>
    protected abstract ValueTask<IEventPublisher> OpenAsync();

    /// <summary>Removes the subscription and everything else that <see cref="OpenAsync"/> created.</summary>
    protected abstract ValueTask CloseAsync();

    /// <summary>The events that a subscriber receives, in order, until it has the given number of distinct ids.</summary>
    protected abstract ValueTask<IReadOnlyList<ReceivedEvent>> ReceiveAsync(int count);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _publisher = await OpenAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task A_published_event_arrives_whole()
    {
        var published = Sample.Event("a", 3);

        await Publisher.PublishAsync([published], Cancelled);

        var received = Assert.Single(await ReceiveAsync(1));
        Assert.Equal((published.Id, published.Type), (received.Id, received.Type));
        Assert.Equal(published.Body.ToArray(), received.Body.ToArray());
    }

    [Fact]
    public async Task Events_arrive_in_the_order_in_which_they_were_published()
    {
        var published = Enumerable.Range(1, 150).Select(version => Sample.Event($"j{version % 7}", version)).ToList();

        await Publisher.PublishAsync(published.Take(100).ToList(), Cancelled);
        await Publisher.PublishAsync(published.Skip(100).ToList(), Cancelled);

        var received = await ReceiveAsync(150);
        Assert.Equal(published.Select(one => one.Id), received.Select(one => one.Id).Distinct());
    }

    [Fact]
    public async Task An_event_published_again_can_be_recognised_by_subscribers()
    {
        var (first, second) = (Sample.Event("a", 1), Sample.Event("a", 2));

        await Publisher.PublishAsync([first], Cancelled);
        await Publisher.PublishAsync([first, second], Cancelled);
        await Publisher.PublishAsync([first, first], Cancelled);

        var received = await ReceiveAsync(2);
        Assert.Equal([first.Id, second.Id], received.Select(one => one.Id).Distinct());
        Assert.All(received, one => Assert.Equal((one.Id == first.Id ? first : second).Body.ToArray(), one.Body.ToArray()));
    }

    [Fact]
    public async Task Publishing_nothing_does_nothing()
    {
        await Publisher.PublishAsync([], Cancelled);
        await Publisher.PublishAsync([Sample.Event("a")], Cancelled);

        Assert.Single(await ReceiveAsync(1));
    }
}

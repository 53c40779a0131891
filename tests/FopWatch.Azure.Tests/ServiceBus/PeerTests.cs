using Azure.Messaging.ServiceBus;
using FopWatch.PortContracts;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>Checks that the peer behaves like Service Bus to the SDK where the other tests rely on it.</summary>
public sealed class PeerTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_lock_expires_unless_it_is_renewed_and_the_message_is_delivered_again()
    {
        await using var bus = await BusTest.StartAsync(configure: config => config["UserConfig"]!["Namespaces"]![0]!["Topics"]![0]!
            ["Subscriptions"]![0]!["Properties"]!["LockDuration"] = "PT1S");
        await bus.Publisher.PublishAsync([Sample.Event("a")], Cancelled);
        var receiver = bus.Receiver("all");

        var first = await receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(20), Cancelled);
        var lockedUntil = first.LockedUntil;
        await receiver.RenewMessageLockAsync(first, Cancelled);
        Assert.True(first.LockedUntil > lockedUntil);
        var second = await receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(20), Cancelled);

        Assert.Equal((first.MessageId, 1, 2), (second.MessageId, first.DeliveryCount, second.DeliveryCount));
        var thrown = await Assert.ThrowsAsync<ServiceBusException>(() => receiver.CompleteMessageAsync(first, Cancelled));
        Assert.Equal(ServiceBusFailureReason.MessageLockLost, thrown.Reason);
    }

    [Fact]
    public async Task Abandoned_and_dead_lettered_messages_survive_a_restart_as_such()
    {
        await using var bus = await BusTest.StartAsync();
        await bus.Publisher.PublishAsync([Sample.Event("a"), Sample.Event("b"), Sample.Event("c")], Cancelled);
        var receiver = bus.Receiver("all");
        await receiver.AbandonMessageAsync(await NextAsync(), cancellationToken: Cancelled);
        var again = await NextAsync();
        Assert.Equal(("a", 2), (again.CorrelationId, again.DeliveryCount));
        await receiver.DeadLetterMessageAsync(again, "Tired", "of it", Cancelled);
        await receiver.CompleteMessageAsync(await NextAsync(), Cancelled);
        await receiver.AbandonMessageAsync(await NextAsync(), cancellationToken: Cancelled);

        await bus.Peer.KillAsync();
        await bus.Peer.StartAsync();

        var left = await NextAsync();
        Assert.Equal(("c", 2), (left.CorrelationId, left.DeliveryCount));
        var dead = (await bus.ReceiveAsync("all", 1, SubQueue.DeadLetter))[0];
        Assert.Equal(("a", "Tired", "of it", "media"), (dead.CorrelationId, dead.DeadLetterReason, dead.DeadLetterErrorDescription, dead.ApplicationProperties["source"]));
        await bus.Publisher.PublishAsync([Sample.Event("a"), Sample.Event("d")], Cancelled);
        Assert.Equal("d", (await NextAsync()).CorrelationId);

        Task<ServiceBusReceivedMessage> NextAsync() => receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(20), Cancelled);
    }

    [Fact]
    public async Task An_oversized_message_is_refused()
    {
        await using var bus = await BusTest.StartAsync(maxMessageSize: 10_000);
        await using var sender = bus.Client.CreateSender("fopwatch-events");

        var thrown = await Assert.ThrowsAsync<ServiceBusException>(() => sender.SendMessageAsync(new(new byte[10_001]), Cancelled));

        Assert.Equal(ServiceBusFailureReason.MessageSizeExceeded, thrown.Reason);
    }

    [Fact]
    public async Task A_deleting_receiver_gets_each_message_once_and_a_short_wait_ends_with_nothing()
    {
        await using var bus = await BusTest.StartAsync();
        await bus.Publisher.PublishAsync([Sample.Event("a"), Sample.Event("b")], Cancelled);
        await using (var receiver = bus.Client.CreateReceiver("fopwatch-events", "all", new ServiceBusReceiverOptions { ReceiveMode = ServiceBusReceiveMode.ReceiveAndDelete }))
        {
            Assert.Equal("a", (await receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(20), Cancelled)).CorrelationId);
            Assert.Equal("b", (await receiver.ReceiveMessageAsync(TimeSpan.FromSeconds(20), Cancelled)).CorrelationId);
            Assert.Null(await receiver.ReceiveMessageAsync(TimeSpan.FromMilliseconds(100), Cancelled));
        }

        Assert.Empty(await bus.ReceiveAllAsync("all"));
    }
}

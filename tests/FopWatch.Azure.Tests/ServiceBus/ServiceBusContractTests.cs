using FopWatch.PortContracts;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tests.ServiceBus;

public sealed class ServiceBusPublisherContractTests : EventPublisherContract
{
    private BusTest? _bus;

    protected override async ValueTask<IEventPublisher> OpenAsync() => (_bus = await BusTest.StartAsync()).Publisher;

    protected override ValueTask CloseAsync() => _bus!.DisposeAsync();

    protected override async ValueTask<IReadOnlyList<ReceivedEvent>> ReceiveAsync(int count)
    {
        var received = new List<ReceivedEvent>();
        while (received.DistinctBy(one => one.Id).Count() < count)
        {
            var message = (await _bus!.ReceiveAsync("all", 1))[0];
            received.Add(new(message.MessageId, message.Subject, message.Body.ToMemory()));
        }

        return received;
    }
}

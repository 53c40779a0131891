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
using FopWatch.Settings;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>From a notification to subscribers, over Azurite and an unreliable broker.</summary>
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
    public async Task A_broker_outage_delays_no_notification_and_the_sweep_publishes_when_the_broker_is_back()
    {
        await using var received = new ReceivedEvents(Peer.ConnectionString);
        await Peer.KillAsync();

        await NotifyAsync("a");
        await Publisher.IdleAsync();
        for (var i = 0; i < 20; i++)
        {
            await NotifyAsync($"b{i}");
            Assert.True(Publisher.IdleAsync().IsCompleted, "Events were published during the pause.");
        }

        Assert.Equal(21, await DepthAsync());

        await Peer.StartAsync();
        await Publisher.SweepAsync(Cancelled);

        Assert.Equal(0, await DepthAsync());
        await ReceivedAsync(received, "a");
        for (var i = 0; i < 20; i++)
            await ReceivedAsync(received, $"b{i}");

        // After the pause, events are published immediately again.
        _time.AdvanceTo(_time.GetUtcNow() + TimeSpan.FromSeconds(31));
        await NotifyAsync("c");
        await Publisher.IdleAsync();
        Assert.Equal(0, await DepthAsync());
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

    private async Task<long> DepthAsync() => (await _services!.GetRequiredService<IOutbox>().DepthAsync(Cancelled)).Count;
}

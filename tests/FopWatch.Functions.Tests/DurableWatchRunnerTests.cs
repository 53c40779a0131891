using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>The watches of the cloud host as orchestrations, in the in-process test host of Durable Task.</summary>
public sealed class DurableWatchRunnerTests(SharedAzurite azurite) : RemoteWatchRunnerContract
{
    private readonly HangingHub _hang = new(hangs: false);
    private WatchHost? _host;

    protected override IWatchRunner Runner => _host!.Services.GetRequiredService<IWatchRunner>();

    protected override IJobStore Jobs => _host!.Services.GetRequiredService<IJobStore>();

    protected override string Source => WatchHost.SourceName;

    protected override DateTimeOffset Now => _host!.Time.GetUtcNow();

    protected override int Asked => _host!.Provider.Asked.Count;

    public override async ValueTask InitializeAsync() => _host = await WatchHost.StartAsync(
        await azurite.StartedAsync(),
        TestTime.Real(),
        (tasks, cancelled) => WatchHost.InMemoryAsync(tasks, _hang, cancelled),
        ("First", "01:00:00"),
        ("Max", "01:00:00"));

    protected override async ValueTask CloseAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
    }

    protected override void AnswerSlowly() => _host!.Provider.Delay = TimeSpan.FromSeconds(2);

    protected override void Hang() => _hang.Begins();

    protected override Task UntilAsync(Func<bool> holds) => Eventually.HoldsAsync(holds);

    protected override Task PassAsync(TimeSpan time) => Task.Delay(time, Cancelled);
}

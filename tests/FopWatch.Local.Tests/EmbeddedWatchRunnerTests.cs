using FopWatch.Jobs;
using FopWatch.Local.Tests.Http;
using FopWatch.PortContracts;
using FopWatch.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests;

/// <summary>The watches of a real embedded host, whose loops take due jobs from SQLite.</summary>
public sealed class EmbeddedWatchRunnerTests : WatchRunnerContract
{
    private StatusStub? _status;
    private RunningHost? _host;

    protected override IWatchRunner Runner => _host!.Host.Services.GetRequiredService<IWatchRunner>();

    protected override IJobStore Jobs => _host!.Host.Services.GetRequiredService<IJobStore>();

    protected override string Source => "media";

    protected override DateTimeOffset Now => TimeProvider.System.GetUtcNow();

    protected override bool KeepsWatches => false;

    protected override int Asked => _status!.Asked.Count;

    public override async ValueTask InitializeAsync()
    {
        _status = await StatusStub.StartAsync();
        _status.Answer = (id, _) => (200, StatusStub.Processing(id));
        var settings = RunningHost.TokenSources(_status.Endpoint);
        settings["Sources:media:Poll:First"] = "01:00:00";
        settings["Sources:media:Poll:Max"] = "01:00:00";
        _host = await RunningHost.StartAsync(settings);
    }

    protected override async ValueTask CloseAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (_status is not null)
            await _status.DisposeAsync();
    }

    protected override void AnswerSlowly() => _status!.Delay = TimeSpan.FromSeconds(2);

    protected override Task UntilAsync(Func<bool> holds) => Eventually.HoldsAsync(holds);

    protected override Task PassAsync(TimeSpan time) => Task.Delay(time, Cancelled);
}

using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>Runs the contract on the simulated platform, so that it behaves like the real ones.</summary>
public sealed class PlatformWatchRunnerTests : RemoteWatchRunnerContract, IWatchRunner
{
    private readonly Dictionary<Call, TimeSpan> _delays = [];

    // On the test's own thread, which no other may enter.
    private readonly Lazy<(SimulatedWorld World, Cluster Cluster)> _simulation;

    public PlatformWatchRunnerTests() => _simulation = new(() =>
    {
        var never = TimeSpan.FromDays(40);
        var world = new SimulatedWorld(
            Scenarios.Scenario(HostKind.Cloud, Scenarios.Job()) with { LongestSleep = never, SweepEvery = never, Delays = _delays }, keepTrace: false);
        var cluster = new Cluster(world);
        cluster.Start();
        return (world, cluster);
    });

    protected override IWatchRunner Runner => this;

    protected override IJobStore Jobs => World.Store;

    protected override string Source => World.Scenario.Sources[0].Name;

    protected override DateTimeOffset Now => World.Now;

    protected override int Asked => (int)World.Tally["polls"];

    private SimulatedWorld World => _simulation.Value.World;

    public override ValueTask InitializeAsync() => default;

    protected override ValueTask CloseAsync() => default;

    protected override void AnswerSlowly() => _delays[Call.Ask] = TimeSpan.FromSeconds(2);

    protected override void Hang() => _simulation.Value.Cluster.Platform!.IsSilent = true;

    protected override Task UntilAsync(Func<bool> holds)
    {
        World.Scheduler.Run(holds, () => false, World.Now + TimeSpan.FromMinutes(1));
        Assert.True(holds());
        return Task.CompletedTask;
    }

    protected override Task PassAsync(TimeSpan time)
    {
        var isOver = false;
        World.Outside.Clock.CreateTimer(_ => isOver = true, null, time, Timeout.InfiniteTimeSpan);
        return UntilAsync(() => isOver);
    }

    ValueTask<bool?> IWatchRunner.StartAsync(DueJob job, CancellationToken cancellationToken) =>
        Do(async process => await process.StartAsync(job, cancellationToken));

    async ValueTask IWatchRunner.WakeAsync(DueJob job, CancellationToken cancellationToken) => await Do(async process =>
    {
        await process.WakeAsync(job, cancellationToken);
        return true;
    });

    async ValueTask IWatchRunner.EndAsync(JobKey key, CancellationToken cancellationToken) => await Do(async process =>
    {
        await process.EndAsync(key, cancellationToken);
        return true;
    });

    ValueTask<RunningWatch?> IWatchRunner.StateAsync(JobKey key, CancellationToken cancellationToken) =>
        Do(async process => await process.StateAsync(key, cancellationToken));

    /// <summary>Runs work in a process, and takes turns until it is complete.</summary>
    private ValueTask<T> Do<T>(Func<Process, Task<T>> act)
    {
        var (isDone, result, process) = (false, default(T), _simulation.Value.Cluster.Pick()!);
        World.Scheduler.Start(process.ProcessLifetime, async () => (result, isDone) = (await act(process), true));
        World.Scheduler.Run(() => isDone, () => isDone, World.Now);
        Assert.True(isDone, World.Scheduler.Fault);
        return new(result!);
    }
}

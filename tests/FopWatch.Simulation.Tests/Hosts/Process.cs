using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>A process of a host: a new core over ports that fail.</summary>
internal abstract class Process : IWatchRunner, ICommittedEvents
{
    protected Process(SimulatedWorld world, string name, int seed)
    {
        SimulatedWorld = world;
        ProcessLifetime = new(world.Scheduler, name);
        var presuming = Simulator.Seeded.Random(seed, 103);
        Ports = new(world, ProcessLifetime, presuming);
        Random = new(seed);
        Log = new(world);
        Troubles = new(Log, ProcessLifetime.Clock);
        var sources = Sources = new(world.Scenario.Sources);
        var observer = Unobserved.Observer(this, this, new(Ports, ProcessLifetime.Clock), Ports.References, ProcessLifetime.Clock);
        Recorder = new(sources, Ports, observer, ProcessLifetime.Clock, Random, world.Plans);
        var metrics = Unobserved.Metrics;
        Intake = new(
            sources, Recorder, Ports, new(Ports, new NothingDue(), ProcessLifetime.Clock), new() { Sources = sources }, Troubles, metrics, ProcessLifetime.Clock);
        Poller = new(
            sources,
            new ProcessPorts(world, ProcessLifetime, presuming, world.Checker.FoundByPoller),
            new StatusApi(world, ProcessLifetime),
            Recorder,
            Troubles,
            metrics,
            ProcessLifetime.Clock,
            Random);
        Dispatcher = new(Ports, Ports, Troubles, metrics, ProcessLifetime.Clock);
        Sweeper = new(Ports, Ports, Ports, Recorder, new(sources, Ports, Ports, Recorder, new(), ProcessLifetime.Clock), metrics, ProcessLifetime.Clock);
    }

    public SimulatedWorld SimulatedWorld { get; }

    public ProcessLifetime ProcessLifetime { get; }

    public JobRecorder Recorder { get; }

    public NotificationIntake Intake { get; }

    public Poller Poller { get; }

    public OutboxDispatcher Dispatcher { get; }

    public Sweeper Sweeper { get; }

    protected ProcessPorts Ports { get; }

    protected Sources Sources { get; }

    protected HistoryLog Log { get; }

    protected Troubles Troubles { get; }

    protected Random Random { get; }

    /// <summary>Starts the background work.</summary>
    public abstract void Start();

    public abstract ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken);

    public abstract ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken);

    public abstract ValueTask EndAsync(JobKey key, CancellationToken cancellationToken);

    public virtual ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken) => default;

    public abstract void Committed(OutboxEvent committed);

    protected async Task SweepAsync()
    {
        var sweep = await Sweeper.SweepAsync(CancellationToken.None);
        SimulatedWorld.Checker.Swept(sweep.Unaccounted, sweep.Restored);
    }
}

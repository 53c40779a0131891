using FopWatch.Diagnosis;
using FopWatch.Intake;
using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>One process of a host: the core, freshly made, over ports that fail.</summary>
internal abstract class Process : IWatchRunner, ICommittedEvents
{
    protected Process(Stage stage, string name, int seed)
    {
        Stage = stage;
        Life = new(stage.Scheduler, name);
        Ports = new(stage, Life);
        Random = new(seed);
        Log = new(stage);
        Troubles = new(Log, Life.Clock);
        var sources = Sources = new(stage.Scenario.Sources);
        Recorder = new(sources, Ports, new CommitObserver(this, this, new(Ports, Life.Clock), Ports.References, Life.Clock), Life.Clock, Random);
        Intake = new(sources, Recorder, Ports, Life.Clock);
        Poller = new(sources, new LifePorts(stage, Life, stage.Checker.FoundByPoller), new StatusApi(stage, Life), Recorder, Life.Clock);
        Dispatcher = new(Ports, Ports, Life.Clock);
        Sweeper = new(Ports, Ports, Ports, Recorder, Life.Clock, new(sources, Ports, Ports, Recorder, Life.Clock));
    }

    public Stage Stage { get; }

    public Life Life { get; }

    public JobRecorder Recorder { get; }

    public NotificationIntake Intake { get; }

    public Poller Poller { get; }

    public OutboxDispatcher Dispatcher { get; }

    public Sweeper Sweeper { get; }

    protected LifePorts Ports { get; }

    protected Sources Sources { get; }

    protected HistoryLog Log { get; }

    protected Troubles Troubles { get; }

    protected Random Random { get; }

    /// <summary>Starts what runs without being asked.</summary>
    public abstract void Start();

    public abstract ValueTask<bool> StartAsync(DueJob job, CancellationToken cancellationToken);

    public abstract ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken);

    public abstract ValueTask EndAsync(JobKey key, CancellationToken cancellationToken);

    public virtual ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken) => default;

    public abstract ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken);

    protected async Task SweepAsync()
    {
        var sweep = await Sweeper.SweepAsync(CancellationToken.None);
        Stage.Checker.Swept(sweep);
    }
}

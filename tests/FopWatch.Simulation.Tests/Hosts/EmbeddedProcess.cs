using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Ports;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;
using FopWatch.Upkeep;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>The embedded host's loops: watches, outbox and sweep. Some of its wake-ups get lost.</summary>
internal sealed class EmbeddedProcess : Process
{
    private readonly EmbeddedWatchRunner _watches;
    private readonly OutboxLoop _outbox;
    private readonly LoopSupervisor _supervisor;
    private readonly EmbeddedLoops _loops;

    public EmbeddedProcess(SimulatedWorld world, string name, int seed)
        : base(world, name, seed)
    {
        var time = ProcessLifetime.Clock;
        var work = new ProcessWork(world.Scheduler, ProcessLifetime);
        var times = new LoopTimes { LongestSleep = world.Scenario.LongestSleep, SweepEvery = world.Scenario.SweepEvery };
        var slots = new PollSlots(PollSlotOptions.Embedded, time);
        var step = new PollStep(Poller, slots, Troubles, Log, time);
        var upkeep = new MemoryUpkeep();
        var purge = new RetentionPurge(upkeep, new() { Sources = Sources }, Log, time);
        _watches = new(Sources, time);
        _outbox = new(Dispatcher, times, Troubles, Log, time);
        _supervisor = new(Troubles, work, time, Log.LoopFailed);
        _loops = new(
            new(Sources, _watches, Ports, step, slots, _supervisor, work, times, Troubles, Log, time),
            _outbox,
            new(Sweeper, upkeep, purge, times, Troubles, Log, time));
    }

    public override void Start() => SimulatedWorld.Scheduler.Start(ProcessLifetime, () => _supervisor.RunAsync(_loops.All, CancellationToken.None));

    public override ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken) =>
        IsLost() ? new(false) : _watches.StartAsync(job, cancellationToken);

    public override ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken) =>
        IsLost() ? default : _watches.WakeAsync(job, cancellationToken);

    public override ValueTask EndAsync(JobKey key, CancellationToken cancellationToken) => _watches.EndAsync(key, cancellationToken);

    public override void Committed(OutboxEvent committed)
    {
        if (!IsLost())
            _outbox.Wake();
    }

    private bool IsLost()
    {
        var lost = SimulatedWorld.Faults.Strikes(0.1);
        if (lost)
            SimulatedWorld.Tally.Add("wake-ups lost");
        return lost;
    }
}

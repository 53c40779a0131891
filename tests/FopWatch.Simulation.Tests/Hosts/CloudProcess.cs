using FopWatch.Cloud;
using FopWatch.Jobs;
using FopWatch.PollLimits;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>An instance of the cloud host. It has no loops, only functions that the platform calls, and reaches watches through the platform.</summary>
internal sealed class CloudProcess : Process
{
    private readonly Platform _platform;
    private readonly PromptPublisher _publisher;
    private readonly PollStep _step;
    private readonly WatchStarter _starter;

    public CloudProcess(SimulatedWorld world, string name, int seed, Platform platform)
        : base(world, name, seed)
    {
        _platform = platform;
        _publisher = new(Ports, Dispatcher, new ProcessWork(world.Scheduler, ProcessLifetime), Log, ProcessLifetime.Clock);
        _step = new(Poller, new(PollSlotOptions.Cloud, ProcessLifetime.Clock), Troubles, Log, ProcessLifetime.Clock);
        _starter = new(Sources, Ports, this, new(ProcessLifetime.Clock), Poller, new ProcessWork(world.Scheduler, ProcessLifetime), Troubles, Log, ProcessLifetime.Clock);
    }

    public override void Start()
    {
        // Called by the platform.
    }

    public override async ValueTask<bool?> StartAsync(DueJob job, CancellationToken cancellationToken) => await _platform.TryStartAsync(this, job);

    public override async ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        if (await _platform.TryStartAsync(this, job) == false)
            await _platform.NudgeAsync(this, job.Key);
    }

    public override async ValueTask EndAsync(JobKey key, CancellationToken cancellationToken) => await _platform.TerminateAsync(this, key);

    public override async ValueTask<RunningWatch?> StateAsync(JobKey key, CancellationToken cancellationToken) => await _platform.StateAsync(this, key);

    public override void Committed(OutboxEvent committed) => _publisher.Committed(committed);

    public Task<PollStepResult> PollJobAsync(JobKey key) => _step.RunAsync(key, CancellationToken.None);

    public Task StartDueWatchesAsync() => _starter.StartDueAsync(CancellationToken.None);

    public Task SweepOutboxAsync() => _publisher.SweepAsync(CancellationToken.None);

    public Task SweepJobsAsync() => SweepAsync();
}

using FopWatch.Embedded;
using FopWatch.Jobs;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>
/// Runs the functions of the cloud host: timers, and the orchestration that watches a job. Orchestrations survive every crash, and
/// an activity is called again if its process crashes; but a request to start, wake or end an orchestration may get lost.
/// </summary>
internal sealed class Platform(SimulatedWorld world, Cluster cluster)
{
    private const int PollsPerGeneration = 10;
    private static readonly TimeSpan[] Retries = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(18), TimeSpan.FromSeconds(54)];

    private readonly Dictionary<JobKey, Instance> _instances = [];

    /// <summary>Whether every request gets lost.</summary>
    public bool IsSilent { get; set; }

    public void Start()
    {
        Every(world.Scenario.LongestSleep, IsAnythingDue, process => process.StartDueWatchesAsync());
        Every(world.Scenario.LongestSleep, () => world.Store.Outbox.Count > 0, process => process.SweepOutboxAsync());
        Every(world.Scenario.SweepEvery, () => true, process => process.SweepJobsAsync());
    }

    /// <summary>Starts a job's watch unless it is running.</summary>
    /// <returns>False if it is already running; null if the effect of the request is unknown.</returns>
    public async Task<bool?> TryStartAsync(CloudProcess process, DueJob job)
    {
        var wait = job.DueAt - process.ProcessLifetime.Clock.GetUtcNow();
        if (!await ReachAsync(process, "starts lost"))
            return null;
        if (_instances.TryGetValue(job.Key, out var running) && running.Runs)
            return false;

        var instance = _instances[job.Key] = new() { ActiveAt = world.Now };
        world.Trace("platform", "starts", job.Key.Id);
        if (world.Faults.Strikes(0.02))
        {
            // No process owns its part of the task hub.
            world.Tally.Add("instances stuck");
            return true;
        }

        world.Scheduler.Start(world.Outside, () => WatchAsync(job, instance, wait > PollPlan.ClockTolerance ? wait : TimeSpan.Zero));
        return true;
    }

    public async Task NudgeAsync(CloudProcess process, JobKey key)
    {
        if (await ReachAsync(process, "nudges lost") && _instances.TryGetValue(key, out var instance))
            instance.Nudge?.Wake();
    }

    public async Task TerminateAsync(CloudProcess process, JobKey key)
    {
        if (await ReachAsync(process, "terminations lost") && _instances.TryGetValue(key, out var instance))
        {
            if (instance.Runs)
                world.Tally.Add("watches terminated");
            instance.Runs = false;
            instance.Nudge?.Wake();
        }
    }

    /// <summary>The status of a job's watch; null if none is running or the status is unknown.</summary>
    public async Task<RunningWatch?> StateAsync(CloudProcess process, JobKey key) =>
        await ReachAsync(process, "looks lost") && _instances.GetValueOrDefault(key) is { Runs: true } instance
            ? new(instance.DueAt, instance.IsPostponed, instance.ActiveAt)
            : null;

    private async Task<bool> ReachAsync(CloudProcess process, string loss)
    {
        await world.Scheduler.TurnAsync(process.ProcessLifetime);
        if (!IsSilent && !world.Faults.Strikes(0.15))
            return true;
        world.Tally.Add(loss);
        return false;
    }

    private async Task WatchAsync(DueJob job, Instance instance, TimeSpan first)
    {
        instance.Nudge = new(world.Outside.Clock);
        if (first > TimeSpan.Zero)
        {
            instance.DueAt = job.DueAt;
            await instance.Nudge.SleepAsync(first, CancellationToken.None);
        }

        for (var polls = 0; instance.Runs; polls++)
        {
            var step = await PollAsync(job.Key);
            if (step?.Result.DueAt is not { } due || !instance.Runs)
                break;

            (instance.DueAt, instance.IsPostponed, instance.ActiveAt) = (due, step.Result.IsPostponed, world.Now);
            await instance.Nudge.SleepAsync(step.Wait, CancellationToken.None);
            if (polls % PollsPerGeneration == 0 && world.Faults.Strikes(0.1))
            {
                // Events that arrive while an instance continues as new may vanish.
                instance.Nudge = new(world.Outside.Clock);
            }
        }

        instance.Runs = false;
    }

    /// <summary>Calls the activity, and calls it again if it fails or its process crashes.</summary>
    /// <returns>The result; null if it failed for too long.</returns>
    private async Task<Step?> PollAsync(JobKey key)
    {
        for (var tries = 0; ; tries++)
        {
            // An orchestration acts through queues, which add latency.
            await world.DelayAsync(TimeSpan.FromMilliseconds(world.Scheduler.Random.Next(50, 400)));
            world.Tally.Add("steps");
            var step = await CallAsync(key);
            if (step is { Result.IsPostponed: true })
                world.Tally.Add("steps postponed");
            if (world.Faults.Strikes(0.02))
            {
                // The message that requested it seemed lost, and reappears.
                world.Tally.Add("activities doubled");
                world.Scheduler.Start(world.Outside, () => CallAsync(key));
            }

            if (step is not null || tries == Retries.Length)
                return step;
            await world.DelayAsync(Retries[tries]);
        }
    }

    /// <summary>Runs the activity in any process until one completes it without crashing.</summary>
    /// <returns>The result; null if it failed.</returns>
    private async Task<Step?> CallAsync(JobKey key)
    {
        while (true)
        {
            if (cluster.Pick() is CloudProcess process)
            {
                var ended = new TaskCompletionSource<(bool Lived, Step? Step)>();
                process.ProcessLifetime.WhenOver(() => ended.TrySetResult((false, null)));
                world.Scheduler.Start(process.ProcessLifetime, async () =>
                {
                    try
                    {
                        // The duration by the clock of the process, which differs from the platform's.
                        var result = await process.PollJobAsync(key);
                        var wait = result.DueAt - process.ProcessLifetime.Clock.GetUtcNow() ?? TimeSpan.Zero;
                        ended.TrySetResult((true, new(result, wait > TimeSpan.Zero ? wait : TimeSpan.Zero)));
                    }
                    catch (StoreUnavailableException)
                    {
                        ended.TrySetResult((true, null));
                    }
                });
                if (await ended.Task is { Lived: true } end)
                    return end.Step;
            }

            await world.DelayAsync(TimeSpan.FromSeconds(world.Scheduler.Random.Next(20, 300)));
        }
    }

    private bool IsAnythingDue() => world.Store.Jobs.Any(job => world.Store.IndexedAt(job.Key) <= world.Now + CommitObserver.Ahead + world.Scenario.ClockError);

    /// <summary>Calls a function in any process at intervals, and skips calls that would find nothing to do.</summary>
    private void Every(TimeSpan period, Func<bool> isWorthIt, Func<CloudProcess, Task> call) => world.Scheduler.Start(world.Outside, async () =>
    {
        while (true)
        {
            await world.DelayAsync(period);
            if (!isWorthIt() || cluster.Pick() is not CloudProcess process)
                continue;

            world.Scheduler.Start(process.ProcessLifetime, async () =>
            {
                try
                {
                    await call(process);
                }
                catch (Exception e) when (e is StoreUnavailableException or IOException)
                {
                    // The next call will do.
                }
            });
        }
    });

    private sealed record Step(PollStepResult Result, TimeSpan Wait);

    private sealed class Instance
    {
        public bool Runs { get; set; } = true;

        public DateTimeOffset? DueAt { get; set; }

        public bool IsPostponed { get; set; }

        public DateTimeOffset ActiveAt { get; set; }

        public WakeSignal? Nudge { get; set; }
    }
}

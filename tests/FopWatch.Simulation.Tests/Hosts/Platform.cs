using FopWatch.Jobs;
using FopWatch.Running;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>
/// What runs the cloud host's functions: timers, and the orchestration that watches a job. Orchestrations outlast every crash, their
/// activities are called again when the process that ran one is gone; but a request to start, wake or end one may get lost.
/// </summary>
internal sealed class Platform(Stage stage, Cluster cluster)
{
    private const int PollsPerGeneration = 10;
    private static readonly TimeSpan[] Retries = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(6), TimeSpan.FromSeconds(18), TimeSpan.FromSeconds(54)];

    private readonly Dictionary<JobKey, Instance> _instances = [];

    public void Start()
    {
        Every(stage.Scenario.LongestSleep, IsAnythingDue, process => process.StartDueWatchesAsync());
        Every(stage.Scenario.LongestSleep, () => stage.Store.Outbox.Count > 0, process => process.SweepOutboxAsync());
        Every(stage.Scenario.SweepEvery, () => true, process => process.SweepJobsAsync());
    }

    /// <summary>Starts a job's watch unless it runs.</summary>
    /// <returns>False if it runs; null if nobody knows what became of the request.</returns>
    public async Task<bool?> TryStartAsync(CloudProcess process, DueJob job)
    {
        var wait = job.DueAt - process.Life.Clock.GetUtcNow();
        if (!await ReachAsync(process, "starts lost"))
            return null;
        if (_instances.TryGetValue(job.Key, out var running) && running.Runs)
            return false;

        var instance = _instances[job.Key] = new() { ActiveAt = stage.Now };
        stage.Trace("platform", "starts", job.Key.Id);
        if (stage.Faults.Strikes(0.02))
        {
            // Nobody owns its part of the task hub.
            stage.Tally.Add("instances stuck");
            return true;
        }

        stage.Scheduler.Start(stage.Outside, () => WatchAsync(job, instance, wait > PollPlan.ClockTolerance ? wait : TimeSpan.Zero));
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
                stage.Tally.Add("watches terminated");
            instance.Runs = false;
            instance.Nudge?.Wake();
        }
    }

    /// <summary>How a job's watch stands; null if none runs, or nobody knows.</summary>
    public async Task<RunningWatch?> StateAsync(CloudProcess process, JobKey key) =>
        await ReachAsync(process, "looks lost") && _instances.GetValueOrDefault(key) is { Runs: true } instance
            ? new(instance.DueAt, instance.IsPostponed, instance.ActiveAt)
            : null;

    private async Task<bool> ReachAsync(CloudProcess process, string loss)
    {
        await stage.Scheduler.TurnAsync(process.Life);
        if (!stage.Faults.Strikes(0.15))
            return true;
        stage.Tally.Add(loss);
        return false;
    }

    private async Task WatchAsync(DueJob job, Instance instance, TimeSpan first)
    {
        instance.Nudge = new(stage.Outside.Clock);
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

            (instance.DueAt, instance.IsPostponed, instance.ActiveAt) = (due, step.Result.IsPostponed, stage.Now);
            await instance.Nudge.SleepAsync(step.Wait, CancellationToken.None);
            if (polls % PollsPerGeneration == 0 && stage.Faults.Strikes(0.1))
            {
                // Events that come while an instance continues as new may vanish.
                instance.Nudge = new(stage.Outside.Clock);
            }
        }

        instance.Runs = false;
    }

    /// <summary>Calls the activity, again when it fails, and again when the process that runs it is gone.</summary>
    /// <returns>What came of it; null if it failed for too long.</returns>
    private async Task<Step?> PollAsync(JobKey key)
    {
        for (var tries = 0; ; tries++)
        {
            // What an orchestration does it does through queues, which take their time.
            await stage.DelayAsync(TimeSpan.FromMilliseconds(stage.Scheduler.Random.Next(50, 400)));
            stage.Tally.Add("steps");
            var step = await CallAsync(key);
            if (step is { Result.IsPostponed: true })
                stage.Tally.Add("steps postponed");
            if (stage.Faults.Strikes(0.02))
            {
                // The message that asked for it seemed lost, and is there again.
                stage.Tally.Add("activities doubled");
                stage.Scheduler.Start(stage.Outside, () => CallAsync(key));
            }

            if (step is not null || tries == Retries.Length)
                return step;
            await stage.DelayAsync(Retries[tries]);
        }
    }

    /// <summary>Runs the activity in some process until one lives long enough to end it.</summary>
    /// <returns>What came of it; null if it failed.</returns>
    private async Task<Step?> CallAsync(JobKey key)
    {
        while (true)
        {
            if (cluster.Pick() is CloudProcess process)
            {
                var ended = new TaskCompletionSource<(bool Lived, Step? Step)>();
                process.Life.WhenOver(() => ended.TrySetResult((false, null)));
                stage.Scheduler.Start(process.Life, async () =>
                {
                    try
                    {
                        // For how long, by the clock of the process: its clock and the platform's differ.
                        var result = await process.PollJobAsync(key);
                        var wait = result.DueAt - process.Life.Clock.GetUtcNow() ?? TimeSpan.Zero;
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

            await stage.DelayAsync(TimeSpan.FromSeconds(stage.Scheduler.Random.Next(20, 300)));
        }
    }

    private bool IsAnythingDue() => stage.Store.Jobs.Any(job => stage.Store.IndexedAt(job.Key) <= stage.Now + CommitObserver.Ahead + stage.Scenario.ClockError);

    /// <summary>Calls a function on some process, now and then; not at all where it would find nothing to do.</summary>
    private void Every(TimeSpan period, Func<bool> isWorthIt, Func<CloudProcess, Task> call) => stage.Scheduler.Start(stage.Outside, async () =>
    {
        while (true)
        {
            await stage.DelayAsync(period);
            if (!isWorthIt() || cluster.Pick() is not CloudProcess process)
                continue;

            stage.Scheduler.Start(process.Life, async () =>
            {
                try
                {
                    await call(process);
                }
                catch (Exception e) when (e is StoreUnavailableException or IOException)
                {
                    // The next time will do.
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

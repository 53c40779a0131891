using FopWatch.Jobs;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>
/// What runs the cloud host's functions: timers, and the orchestration that watches a job. Orchestrations outlast every crash, their
/// activities are called again when the process that ran one is gone; but a request to start, wake or end one may get lost.
/// </summary>
internal sealed class Platform(Stage stage, Cluster cluster)
{
    /// <summary>How far ahead of their due time watches are started.</summary>
    public static readonly TimeSpan Ahead = TimeSpan.FromSeconds(75);

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
    public async Task<bool?> TryStartAsync(CloudProcess process, JobKey key, DateTimeOffset? dueAt)
    {
        if (!await ReachAsync(process, "starts lost"))
            return null;
        if (_instances.TryGetValue(key, out var running) && running.Runs)
            return false;

        var instance = _instances[key] = new();
        stage.Trace("platform", "starts", key.Id);
        stage.Scheduler.Start(stage.Outside, () => WatchAsync(key, instance, dueAt));
        return true;
    }

    public async Task NudgeAsync(CloudProcess process, JobKey key)
    {
        if (await ReachAsync(process, "nudges lost") && _instances.TryGetValue(key, out var instance))
            instance.Nudge?.Call();
    }

    public async Task TerminateAsync(CloudProcess process, JobKey key)
    {
        if (await ReachAsync(process, "terminations lost") && _instances.TryGetValue(key, out var instance))
        {
            instance.Runs = false;
            instance.Nudge?.Call();
        }
    }

    public DateTimeOffset? SleepsUntil(JobKey key) => _instances.GetValueOrDefault(key) is { Runs: true } instance ? instance.DueAt : null;

    private async Task<bool> ReachAsync(CloudProcess process, string loss)
    {
        await stage.Scheduler.TurnAsync(process.Life);
        if (!stage.Faults.Strikes(0.15))
            return true;
        stage.Tally.Add(loss);
        return false;
    }

    private async Task WatchAsync(JobKey key, Instance instance, DateTimeOffset? first)
    {
        instance.Nudge = new(stage.Outside);
        if (first is { } dueAt && dueAt > stage.Now)
        {
            instance.DueAt = dueAt;
            await instance.Nudge.SleepAsync(dueAt - stage.Now);
        }

        for (var polls = 0; instance.Runs; polls++)
        {
            var (done, due) = await PollAsync(key);
            if (!done || due is null || !instance.Runs)
                break;

            instance.DueAt = due;
            await instance.Nudge.SleepAsync(due.Value - stage.Now);
            if (polls % PollsPerGeneration == 0 && stage.Faults.Strikes(0.1))
            {
                // Events that come while an instance continues as new may vanish.
                instance.Nudge = new(stage.Outside);
            }
        }

        instance.Runs = false;
    }

    /// <summary>Calls the activity, again when it fails, and again when the process that runs it is gone.</summary>
    private async Task<(bool Done, DateTimeOffset? Due)> PollAsync(JobKey key)
    {
        for (var tries = 0; ; tries++)
        {
            // What an orchestration does it does through queues, which take their time.
            await stage.DelayAsync(TimeSpan.FromMilliseconds(stage.Scheduler.Random.Next(50, 400)));
            var result = await CallAsync(process => process.PollJobAsync(key));
            if (stage.Faults.Strikes(0.02))
            {
                // The message that asked for it seemed lost, and is there again.
                stage.Tally.Add("activities doubled");
                stage.Scheduler.Start(stage.Outside, () => CallAsync(process => process.PollJobAsync(key)));
            }

            if (result is { Failed: false })
                return (true, result.Value);
            if (tries == Retries.Length)
                return (false, null);
            await stage.DelayAsync(Retries[tries]);
        }
    }

    /// <summary>Runs something in some process until one lives long enough to end it.</summary>
    private async Task<Result> CallAsync(Func<CloudProcess, Task<DateTimeOffset?>> call)
    {
        while (true)
        {
            if (cluster.Pick() is CloudProcess process)
            {
                var ended = new TaskCompletionSource<Result?>();
                process.Life.WhenOver(() => ended.TrySetResult(null));
                stage.Scheduler.Start(process.Life, async () =>
                {
                    try
                    {
                        ended.TrySetResult(new(false, await call(process)));
                    }
                    catch (StoreUnavailableException)
                    {
                        ended.TrySetResult(new(true, null));
                    }
                });
                if (await ended.Task is { } result)
                    return result;
            }

            await stage.DelayAsync(TimeSpan.FromSeconds(stage.Scheduler.Random.Next(20, 300)));
        }
    }

    private bool IsAnythingDue() => stage.Store.Jobs.Any(job => stage.Store.IndexedAt(job.Key) <= stage.Now + Ahead + stage.Scenario.ClockError);

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

    private sealed record Result(bool Failed, DateTimeOffset? Value);

    private sealed class Instance
    {
        public bool Runs { get; set; } = true;

        public DateTimeOffset? DueAt { get; set; }

        public Signal? Nudge { get; set; }
    }
}

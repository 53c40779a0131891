using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>
/// One instance of the cloud host: it has no loops, only functions that the platform calls, and after a commit it publishes the event
/// at once and wakes the job's watch, if that works.
/// </summary>
internal sealed class CloudProcess(Stage stage, string name, int seed, Platform platform) : Process(stage, name, seed)
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(30);

    private readonly AsyncLocal<bool> _inside = new();
    private DateTimeOffset _pausedUntil;

    public override void Start()
    {
        // The platform calls.
    }

    // When the poll is due, the timer sees it.
    public override ValueTask<bool> StartAsync(DueJob job, CancellationToken cancellationToken) => default;

    public override async ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        if (!_inside.Value && await platform.TryStartAsync(this, job.Key, null) == false)
            await platform.NudgeAsync(this, job.Key);
    }

    public override async ValueTask EndAsync(JobKey key, CancellationToken cancellationToken)
    {
        if (!_inside.Value)
            await platform.TerminateAsync(this, key);
    }

    public override async ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken)
    {
        if (Life.Clock.GetUtcNow() < _pausedUntil)
            return;

        try
        {
            await Dispatcher.PublishAsync([committed], CancellationToken.None);
        }
        catch (Exception e) when (e is IOException or StoreUnavailableException)
        {
            _pausedUntil = Life.Clock.GetUtcNow() + PauseAfterFailure;
        }
    }

    /// <summary>The activity: polls if the job is open and due.</summary>
    /// <returns>When the job is due next; null if it needs no more polls.</returns>
    public async Task<DateTimeOffset?> PollJobAsync(JobKey key)
    {
        var job = (await Ports.FindAsync(key, CancellationToken.None))?.Job;
        if (job?.Watch.DueAt is not { } due)
            return null;
        if (due > Life.Clock.GetUtcNow() + PollPlan.ClockTolerance)
            return due;

        _inside.Value = true;
        var polled = await Poller.PollAsync(key, evenIfUnwatched: false, CancellationToken.None);
        return polled.Answer is null ? null : polled.Job?.Watch.DueAt;
    }

    /// <summary>The timer: starts the watches of what is due, and wakes those that sleep on.</summary>
    public async Task StartDueWatchesAsync()
    {
        foreach (var source in Stage.Scenario.Sources)
        {
            IReadOnlyList<DueJob> due;
            try
            {
                due = await Ports.DueAsync(source.Name, Life.Clock.GetUtcNow() + Platform.Ahead, 100, CancellationToken.None);
            }
            catch (StoreUnavailableException)
            {
                continue;
            }

            foreach (var (key, dueAt) in due)
            {
                if (await platform.TryStartAsync(this, key, dueAt > Life.Clock.GetUtcNow() ? dueAt : null) == false
                    && platform.SleepsUntil(key) > dueAt + PollPlan.ClockTolerance)
                {
                    await platform.NudgeAsync(this, key);
                }
            }
        }
    }

    public Task SweepOutboxAsync() => Dispatcher.DrainAsync(CancellationToken.None);

    public Task SweepJobsAsync() => SweepAsync();
}

using FopWatch.Jobs;
using FopWatch.Providers;
using FopWatch.Publishing;
using FopWatch.Simulation.Tests.Scheduling;
using FopWatch.Simulation.Tests.World;
using FopWatch.Watching;

namespace FopWatch.Simulation.Tests.Hosts;

/// <summary>What the embedded host runs: a watch loop per source over the due index, an outbox loop and a sweep loop.</summary>
internal sealed class EmbeddedProcess : Process
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Dictionary<string, Signal> _due;
    private readonly Signal _outbox;

    public EmbeddedProcess(Stage stage, string name, int seed)
        : base(stage, name, seed)
    {
        _due = stage.Scenario.Sources.ToDictionary(source => source.Name, _ => new Signal(Life), StringComparer.Ordinal);
        _outbox = new(Life);
    }

    public override void Start()
    {
        foreach (var source in Stage.Scenario.Sources)
            Stage.Scheduler.Start(Life, () => WatchAsync(source, _due[source.Name]));
        Stage.Scheduler.Start(Life, PublishAsync);
        Stage.Scheduler.Start(Life, SweepNowAndThenAsync);
    }

    public override ValueTask<bool> StartAsync(DueJob job, CancellationToken cancellationToken)
    {
        Wake(job);
        return new(true);
    }

    public override ValueTask WakeAsync(DueJob job, CancellationToken cancellationToken)
    {
        Wake(job);
        return default;
    }

    public override ValueTask EndAsync(JobKey key, CancellationToken cancellationToken) => default;

    public override ValueTask CommittedAsync(OutboxEvent committed, CancellationToken cancellationToken)
    {
        if (!IsLost())
            _outbox.Call();
        return default;
    }

    private void Wake(DueJob job)
    {
        if (!IsLost())
            _due[job.Key.Source].Call();
    }

    private bool IsLost()
    {
        var lost = Stage.Faults.Strikes(0.1);
        if (lost)
            Stage.Tally.Add("wake-ups lost");
        return lost;
    }

    private async Task WatchAsync(Source source, Signal signal)
    {
        var polling = new HashSet<JobKey>();
        var slots = (int)Math.Clamp(source.Poll.PerSecond * 2, 4, 64);
        while (true)
        {
            TimeSpan sleep;
            try
            {
                sleep = await StartDueAsync();
            }
            catch (StoreUnavailableException)
            {
                sleep = Pause;
            }

            await signal.SleepAsync(sleep);
        }

        async Task<TimeSpan> StartDueAsync()
        {
            var longest = Stage.Scenario.LongestSleep;
            var busy = polling.Count;
            if (busy >= slots)
                return longest;

            var now = Life.Clock.GetUtcNow();
            foreach (var (key, _) in await Ports.DueAsync(source.Name, now, slots, CancellationToken.None))
            {
                if (polling.Count == slots)
                    return longest;
                if (polling.Add(key))
                    Stage.Scheduler.Start(Life, () => PollAsync(key));
            }

            var next = await Ports.NextDueAsync(source.Name, now, CancellationToken.None);
            return next - Life.Clock.GetUtcNow() is { } sleep && sleep < longest ? sleep : longest;
        }

        async Task PollAsync(JobKey key)
        {
            try
            {
                await Poller.PollAsync(key, evenIfUnwatched: false, CancellationToken.None);
            }
            catch (StoreUnavailableException)
            {
                await Task.Delay(Pause, Life.Clock);
            }
            finally
            {
                polling.Remove(key);
                signal.Call();
            }
        }
    }

    private async Task PublishAsync()
    {
        while (true)
        {
            try
            {
                await Dispatcher.DrainAsync(CancellationToken.None);
                await _outbox.SleepAsync(Stage.Scenario.LongestSleep);
            }
            catch (Exception e) when (e is IOException or StoreUnavailableException)
            {
                await Task.Delay(Pause, Life.Clock);
            }
        }
    }

    private async Task SweepNowAndThenAsync()
    {
        while (true)
        {
            try
            {
                await SweepAsync();
            }
            catch (StoreUnavailableException)
            {
                // The next sweep will do.
            }

            await Task.Delay(Stage.Scenario.SweepEvery, Life.Clock);
        }
    }
}

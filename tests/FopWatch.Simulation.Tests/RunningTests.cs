using FopWatch.Embedded;
using FopWatch.Running;
using FopWatch.Simulation.Tests.Scheduling;

namespace FopWatch.Simulation.Tests;

public sealed class RunningTests
{
    [Fact]
    public void Bounded_work_and_wake_signals_stay_on_the_thread_of_a_history()
    {
        var start = new DateTimeOffset(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);
        var scheduler = new Scheduler(new Random(1), start, new(false));
        var lifetime = new ProcessLifetime(scheduler, "one");
        var (most, now, done, wokenAt, sleptAt) = (0, 0, 0, TimeSpan.Zero, TimeSpan.Zero);
        var signal = new WakeSignal(lifetime.Clock);
        scheduler.Start(lifetime, async () =>
        {
            await BoundedWork.ForEachAsync(new ProcessWork(scheduler, lifetime), Items(lifetime), 3, async (item, _) =>
            {
                most = Math.Max(most, ++now);
                await Task.Delay(TimeSpan.FromSeconds(item), lifetime.Clock, CancellationToken.None);
                now--;
                done++;
            }, CancellationToken.None);
            signal.Wake();
        });
        scheduler.Start(lifetime, async () =>
        {
            await signal.SleepAsync(TimeSpan.FromDays(1), CancellationToken.None);
            wokenAt = scheduler.Now - start;
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), lifetime.Clock);
            try
            {
                await signal.SleepAsync(TimeSpan.FromDays(1), limit.Token);
            }
            catch (OperationCanceledException)
            {
                sleptAt = scheduler.Now - start;
            }

            await signal.SleepAsync(TimeSpan.FromHours(1), CancellationToken.None);
            done += 100;
        });
        scheduler.Run(() => done == 110, () => false, start.AddDays(2));
        Assert.Null(scheduler.Fault);
        Assert.Equal((3, 110, 2d), (most, done, (sleptAt - wokenAt).TotalSeconds));
        Assert.InRange(wokenAt.TotalSeconds, 15, 40);
    }

    private static async IAsyncEnumerable<int> Items(ProcessLifetime lifetime)
    {
        for (var i = 1; i <= 10; i++)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(1), lifetime.Clock);
            yield return i;
        }
    }
}

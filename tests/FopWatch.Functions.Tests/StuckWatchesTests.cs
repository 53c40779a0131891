using System.Diagnostics;
using FopWatch.Azure.Tests;
using FopWatch.Functions.Watching;

namespace FopWatch.Functions.Tests;

/// <summary>Watches that make no step any more, and what they do to others.</summary>
[Collection(nameof(DurableCostTests))]
public class StuckWatchesTests(SharedAzurite azurite)
{
    /// <summary>More than the timer looks ahead: watches that are due sooner start with their registration.</summary>
    private static readonly TimeSpan First = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 15 * 60_000)]
    public async Task Jobs_in_a_partition_without_an_owner_are_polled_at_their_sources_rate_and_hold_up_no_others()
    {
        const int Stuck = 10_000;
        const int PerSecond = 50;
        const int Healthy = 20;
        var time = TestTime.Real();
        var partition = new OwnerlessPartition(time);
        await using var host = await WatchHost.StartAsync(
            await azurite.StartedAsync(),
            time,
            (tasks, cancelled) => WatchHost.InMemoryAsync(tasks, partition, cancelled),
            ("PerSecond", $"{PerSecond}"),
            ("First", $"{First:c}"),
            ("Max", "12:00:00"),
            ("Factor", "100"));
        host.Provider.Answer = (id, _) => (200, id.StartsWith("stuck", StringComparison.Ordinal) ? StatusStub.Processing(id) : StatusStub.Done(id));
        string[] stuck = [.. Enumerable.Range(0, Stuck).Select(i => $"stuck-{i}")];
        await Parallel.ForEachAsync(stuck, new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancelled }, async (id, _) => await host.RegisterAsync(id));

        // The worst case: all of them are due at once and long, and the process that looks has not seen any of them before.
        partition.Add(stuck.Select(host.InstanceIdOf));
        time.AdvanceTo(time.GetUtcNow() + First + Watches.LongestStep + TimeSpan.FromMinutes(1));

        // The bound: what a run polls in its 50 seconds at the source's rate, and a run for the remainder.
        var most = (Stuck / (PerSecond * 50)) + 1;
        var runs = 0;
        while (stuck.Any(id => host.Provider.Asked(id) == 0))
        {
            Assert.True(runs < most, $"{stuck.Count(id => host.Provider.Asked(id) == 0)} were not polled after {runs} runs");
            runs++;

            string[] healthy = [.. Enumerable.Range(0, Healthy).Select(i => $"healthy-{runs}-{i}")];
            foreach (var id in healthy)
                await host.RegisterAsync(id);
            time.AdvanceTo(time.GetUtcNow() + First + TimeSpan.FromSeconds(1));
            var since = Stopwatch.StartNew();
            var run = host.StartDueAsync();
            while (healthy.Any(id => host.Provider.Asked(id) == 0))
            {
                Assert.True(since.Elapsed < TimeSpan.FromSeconds(20), $"{healthy.Count(id => host.Provider.Asked(id) == 0)} healthy jobs were not polled in {since.Elapsed}");
                await Task.Delay(100, Cancelled);
            }

            TestContext.Current.TestOutputHelper!.WriteLine($"run {runs}: healthy polled after {since.Elapsed.TotalSeconds:0.0} s");
            await run;
            TestContext.Current.TestOutputHelper!.WriteLine(
                $"run {runs}: over after {since.Elapsed.TotalSeconds:0.0} s, {stuck.Count(id => host.Provider.Asked(id) > 0)} stuck jobs polled in all");
        }

        // None is due again. Those whose poll was under way at the end of a run are asked for once more.
        Assert.All(stuck, id => Assert.InRange(host.Provider.Asked(id), 1, 2));
        Assert.InRange(stuck.Count(id => host.Provider.Asked(id) > 1), 0, runs * PollSlots.MostPerSource);
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using FopWatch.Cloud;

namespace FopWatch.Functions.Tests;

/// <summary>
/// Watches that stopped making steps, and their effect on others. <c>FOPWATCH_STUCK_JOBS</c> sets their number: 10000 take four minutes, 500 at most one.
/// </summary>
[Collection(nameof(StuckWatchesTests))]
[CollectionDefinition(nameof(StuckWatchesTests), DisableParallelization = true)]
public class StuckWatchesTests(SharedAzurite azurite)
{
    /// <summary>Longer than the timer looks ahead: watches that are due sooner start with their registration.</summary>
    private static readonly TimeSpan First = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 15 * 60_000)]
    public async Task Jobs_in_a_partition_without_an_owner_are_polled_at_their_sources_rate_and_delay_no_others()
    {
        var stuckJobs = int.TryParse(Environment.GetEnvironmentVariable("FOPWATCH_STUCK_JOBS"), CultureInfo.InvariantCulture, out var number) ? number : 500;
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
        string[] stuck = [.. Enumerable.Range(0, stuckJobs).Select(i => $"stuck-{i}")];
        var due = new ConcurrentDictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            stuck,
            new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = Cancelled },
            async (id, _) => due[id] = (await host.RegisterAsync(id)).Watch.DueAt!.Value);
        stuck = [.. stuck.OrderBy(id => due[id]).ThenBy(id => id, StringComparer.Ordinal)];

        // The worst case: all of them have been due for long, and the process has seen none of them before.
        partition.Add(stuck.Select(host.InstanceIdOf));
        time.AdvanceTo(time.GetUtcNow() + First + StuckWatches.LongestStep + TimeSpan.FromMinutes(1));

        // Each run polls some, or fails, so all of them are polled in the end, in as many runs as the machine needs.
        var (polled, runs) = (0, 0);
        while (polled < stuckJobs)
        {
            runs++;
            string[] healthy = [.. Enumerable.Range(0, Healthy).Select(i => $"healthy-{runs}-{i}")];
            foreach (var id in healthy)
                await host.RegisterAsync(id);
            time.AdvanceTo(time.GetUtcNow() + First + TimeSpan.FromSeconds(1));
            var since = Stopwatch.StartNew();
            await host.StartDueAsync();
            var took = since.Elapsed.TotalSeconds;

            // On any machine they are polled in the run in which they are due, unless their watches have a step to make.
            while (healthy.Any(id => host.Provider.TimesAsked(id) == 0))
            {
                Assert.True(since.Elapsed.TotalSeconds < took + 10, $"{healthy.Count(id => host.Provider.TimesAsked(id) == 0)} healthy jobs were not polled in run {runs}");
                await Task.Delay(100, Cancelled);
            }

            var before = polled;
            polled = stuck.Count(id => host.Provider.TimesAsked(id) > 0);
            TestContext.Current.TestOutputHelper!.WriteLine($"run {runs}: {polled - before} stuck jobs polled in {took:0.0} s, {polled} in all");

            // As many as the rate allows, or as the machine can in the time of a run; the longest due first, so that each has its turn.
            Assert.True(polled == stuckJobs || took > 45, $"Run {runs} ended after {took} s.");
            Assert.InRange(polled - before, Math.Min(100, stuckJobs - before), (PerSecond * 50) + PerSecond);
            Assert.All(stuck[..Math.Max(0, polled - 64)], id => Assert.True(host.Provider.TimesAsked(id) > 0, id));
        }

        // None is due again. Those whose poll was in progress at the end of a run are polled once more.
        Assert.InRange(stuck.Sum(host.Provider.TimesAsked), stuckJobs, stuckJobs + (runs * WatchStarter.PollsAtOnce));
    }
}

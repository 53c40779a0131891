using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Upkeep;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>A sweep of a table with more jobs than can be counted at once.</summary>
public sealed class SweepTurnsTests(SharedAzurite azurite)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Sweeps_with_time_for_one_partition_each_count_all_in_turns()
    {
        var time = SlowTime();
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 4);
        var store = await table.StoreAsync(time: time);
        for (var i = 0; i < 40; i++)
            await store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled().Job.New(), Cancelled);
        await store.Jobs.CommitAsync(Sample.Job("open", "other").New(), Cancelled);
        await store.Jobs.CommitAsync(Sample.Job("lost").DueAt(null).New(), Cancelled);
        var sweeper = SweeperOf(store, time);

        var sweeps = new List<Sweep>();
        for (var i = 0; i < 8; i++)
            sweeps.Add(await sweeper.SweepAsync(Cancelled));

        Assert.All(sweeps, sweep => Assert.Equal((1, 8), (sweep.Counted, sweep.Parts)));
        Assert.Equal(
            [new Books("media", 41, 40, 0, 1, 0), new Books("other", 1, 0, 0, 1, 0)],
            sweeps[^1].Books.OrderBy(of => of.Source, StringComparer.Ordinal));
        Assert.True(sweeps[0].Books.Sum(of => of.Registered) < 42);
        Assert.Equal(1, sweeps.Sum(sweep => sweep.Restored));
        Assert.All(sweeps, sweep => Assert.Equal(0, sweep.Unaccounted));

        // Changes show at the partition's turn.
        for (var i = 0; i < 10; i++)
            await store.Jobs.CommitAsync(Sample.Job($"k{i}").Settled().Job.New(), Cancelled);
        for (var i = 0; i < 8; i++)
            sweeps.Add(await sweeper.SweepAsync(Cancelled));
        Assert.Equal(51, sweeps[^1].Books.Single(of => of.Source == "media").Registered);
    }

    [Fact]
    public async Task A_sweep_with_enough_time_counts_all()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 4);
        await table.Store.Jobs.CommitAsync(Sample.Job("a").New(), Cancelled);

        var sweep = await SweeperOf(table.Store, new SetTime(Sample.Start)).SweepAsync(Cancelled);

        Assert.Equal((4, 4), (sweep.Counted, sweep.Parts));
        Assert.Equal([new Books("media", 1, 0, 0, 1, 0)], sweep.Books);
    }

    [Fact]
    public async Task Counts_by_a_clock_that_was_ahead_are_renewed_first()
    {
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 1);
        foreach (var source in (string[])["first", "second"])
            await table.Store.Jobs.CommitAsync(Sample.Job("a", source).New(), Cancelled);
        var ahead = await table.StoreAsync(time: new SetTime(Sample.Start.AddDays(400)));
        var part = (await ahead.Jobs.PartsAsync(Cancelled)).Single(part => part.Name.StartsWith("second", StringComparison.Ordinal));
        await ahead.Jobs.CountAsync(part.Name, 1, Cancelled);
        await table.Store.Jobs.CommitAsync(Sample.Job("b", "second").New(), Cancelled);

        var now = SlowTime();
        var sweeper = SweeperOf(await table.StoreAsync(time: now), now);
        var sweeps = new List<Sweep> { await sweeper.SweepAsync(Cancelled), await sweeper.SweepAsync(Cancelled) };

        Assert.All(sweeps, sweep => Assert.Equal(1, sweep.Counted));
        Assert.Equal(2, sweeps[^1].Books.Single(of => of.Source == "second").Registered);
    }

    [Fact]
    public async Task A_purge_whose_time_is_over_leaves_the_rest_to_the_next()
    {
        var time = SlowTime();
        await using var table = await TempTable.OpenAsync(await azurite.StartedAsync(), buckets: 2);
        var store = await table.StoreAsync(time: time);
        for (var i = 0; i < 300; i++)
            await store.Jobs.CommitAsync(Sample.Job($"j{i}").Settled().Job.New(), Cancelled);

        // Each reading of the clock takes as long as a sweep may.
        var (first, isComplete) = await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), 3 * Sweeper.Longest, Cancelled);
        Assert.False(isComplete);
        Assert.InRange(first, 1, 299);

        Assert.Equal((300 - first, true), await store.JobPurge.PurgeAsync(Sample.Start.AddDays(1), TimeSpan.MaxValue, Cancelled));
    }

    private static Sweeper SweeperOf(TableStore store, TimeProvider time)
    {
        var recorder = new JobRecorder(new([]), store.Jobs, new Nobody(), time, new Random(1));
        return Unobserved.Sweeper(new([]), store.Jobs, store.Due, store.Outbox, store.Quarantine, recorder, time);
    }

    /// <summary>Every reading takes as long as a sweep may.</summary>
    private static StepTime SlowTime() => new(Sweeper.Longest, Sample.Start);

    private sealed class Nobody : ICommitObserver
    {
        public ValueTask CommittedAsync(JobCommitted committed, CancellationToken cancellationToken) => default;
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using FopWatch.Azure.Tables;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>A service that stops and returns, with its own Azurite.</summary>
public sealed class TableRestartTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_confirmed_commit_is_lost_when_the_service_stops_in_mid_work_and_returns()
    {
        await using var azurite = await Azurite.StartAsync();
        var options = new TableStoreOptions { Buckets = 3 };
        var store = await TableStore.CreateAsync(azurite.Client(), options, TimeProvider.System, Cancelled);
        var confirmed = new ConcurrentDictionary<JobKey, Job>();
        var (failures, afterwards, restarted) = (0, 0, false);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);

        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var i = 0; !stop.IsCancellationRequested; i++)
            {
                var job = Sample.Job($"w{writer}-{i}");
                var etag = await UntilConfirmedAsync(job.New());
                confirmed[job.Key] = job;
                var settled = job.Settled();
                await UntilConfirmedAsync(settled.On(etag));
                confirmed[job.Key] = settled.Job;
                if (Volatile.Read(ref restarted))
                    Interlocked.Increment(ref afterwards);
            }
        })).ToList();

        await Until(() => confirmed.Count >= 200);
        await azurite.KillAsync();
        await Until(() => Volatile.Read(ref failures) >= 8);
        await azurite.RestartAsync();
        Volatile.Write(ref restarted, true);
        await Until(() => Volatile.Read(ref afterwards) >= 50);
        await stop.CancelAsync();
        await Task.WhenAll(writers);

        var reopened = await TableStore.CreateAsync(azurite.Client(), options, TimeProvider.System, Cancelled);
        foreach (var (key, job) in confirmed)
        {
            var stored = (await reopened.Jobs.FindAsync(key, Cancelled))?.Job;
            Assert.Equal(job, stored! with { Metadata = job.Metadata });
        }

        var books = Assert.Single(await reopened.Jobs.BooksAsync(Cancelled));
        Assert.Equal((confirmed.Count, confirmed.Count, 0), (books.Registered, books.Settled, books.Unaccounted));
        var pending = new List<OutboxEvent>();
        while (await reopened.Outbox.PendingAsync(200, Cancelled) is { Count: > 0 } some)
        {
            pending.AddRange(some);
            await reopened.Outbox.RemoveAsync(some, Cancelled);
        }

        Assert.Equal(confirmed.Values.Select(job => JobEvents.IdOf(job.Key, job.RegisteredAt, job.Version)).Order(), pending.Select(one => one.Id).Order());

        // As every caller does: the same commit again, until there is an answer. No other writer can conflict.
        async Task<string> UntilConfirmedAsync(JobCommit commit)
        {
            while (true)
            {
                try
                {
                    var etag = await store.Jobs.CommitAsync(commit, Cancelled);
                    Assert.NotNull(etag);
                    return etag;
                }
                catch (StoreUnavailableException)
                {
                    Interlocked.Increment(ref failures);
                    await Task.Delay(20, Cancelled);
                }
            }
        }

        async Task Until(Func<bool> condition)
        {
            var waiting = Stopwatch.StartNew();
            while (!condition())
            {
                Assert.True(waiting.Elapsed < TimeSpan.FromMinutes(1), "The commit takes too long.");
                Assert.All(writers, writer => Assert.False(writer.IsFaulted, writer.Exception?.ToString()));
                await Task.Delay(20, Cancelled);
            }
        }
    }

    /// <summary>A measurement, not a test: it depends mostly on the machine and the emulator. Run with <c>-explicit only</c>.</summary>
    [Fact(Explicit = true)]
    public async Task Commits_a_second_by_64_callers()
    {
        await using var azurite = await Azurite.StartAsync();
        var store = await TableStore.CreateAsync(azurite.Client(), new(), TimeProvider.System, Cancelled);
        var ids = Enumerable.Range(0, 4000).Select(_ => "z0." + Guid.NewGuid().ToString("N")).ToArray();
        var etags = new string?[ids.Length];
        await MeasureAsync("registered", i => Sample.Job(ids[i]).New());
        await MeasureAsync("settled, with an event", i => Sample.Job(ids[i]).Settled().On(etags[i]));

        async Task MeasureAsync(string what, Func<int, JobCommit> commit)
        {
            var (watch, busy) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
            await Parallel.ForAsync(0, ids.Length, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, token) =>
                Assert.NotNull(etags[i] = await store.Jobs.CommitAsync(commit(i), token)));
            busy = Environment.CpuUsage.TotalTime - busy;
            TestContext.Current.TestOutputHelper?.WriteLine(
                $"{what}: {ids.Length / watch.Elapsed.TotalSeconds:N0} commits/s, {busy.TotalMicroseconds / ids.Length:N0} µs of this process's processor time each");
        }
    }
}

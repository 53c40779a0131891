using System.Diagnostics;
using System.Globalization;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>Measures durable commits per second. This is not a test, because the result depends on the disk.</summary>
internal static class CommitRate
{
    public const string Argument = "--commit-rate";

    /// <param name="args">The number of concurrent callers (default 400), and the number of jobs they share (default 40000).</param>
    public static async Task RunAsync(string[] args)
    {
        var callers = args.Length > 0 ? int.Parse(args[0], CultureInfo.InvariantCulture) : 400;
        var jobs = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 40_000;
        using var folder = new TempFolder();
        await using var store = await SqliteStore.OpenAsync(folder.FullName, TimeProvider.System);

        // Random ids, like the providers' ids: the worst case for the index.
        var ids = Enumerable.Range(0, jobs).Select(_ => "z0." + Guid.NewGuid().ToString("N")).ToArray();
        var etags = new string?[jobs];
        await MeasureAsync("registered", i => CommitAsync(i, Sample.Job(ids[i]).New()));
        await MeasureAsync("settled, with an event", i => CommitAsync(i, Sample.Job(ids[i]).Settled().On(etags[i])));

        async Task CommitAsync(int i, JobCommit commit) => etags[i] = await store.Jobs.CommitAsync(commit, default);

        async Task MeasureAsync(string what, Func<int, Task> commit)
        {
            var next = -1;
            var watch = Stopwatch.StartNew();
            var busy = Environment.CpuUsage.TotalTime;
            await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
            {
                while (Interlocked.Increment(ref next) is var i && i < jobs)
                    await commit(i);
            })));
            busy = Environment.CpuUsage.TotalTime - busy;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{what}: {jobs / watch.Elapsed.TotalSeconds:N0} commits/s by {callers} callers, {busy.TotalMicroseconds / jobs:N1} µs of processor time each"));
        }
    }
}

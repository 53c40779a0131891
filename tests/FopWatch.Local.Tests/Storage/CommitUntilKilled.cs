using System.Diagnostics;
using System.Globalization;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Sqlite;

namespace FopWatch.Local.Tests.Storage;

/// <summary>
/// A process that commits, prints what the store confirmed, and kills itself at the moment of a confirmation. A kill from outside
/// would hardly ever hit the instant between an answer and a commit that should have come before it.
/// </summary>
internal static class CommitUntilKilled
{
    public const string Argument = "--commit-until-killed";

    /// <summary>The minimum number of confirmations before it kills itself; others may be in progress.</summary>
    public const int Confirmations = 300;

    private const int Callers = 64;

    // Long enough that committing a transaction takes the disk a while.
    private static readonly string Note = new('n', 16_000);

    public static async Task RunAsync(string folder, bool isBroker)
    {
        using var self = Process.GetCurrentProcess();
        var store = await SqliteStore.OpenAsync(folder, TimeProvider.System, new() { IsBroker = isBroker });
        var output = Console.Out;
        var run = Guid.NewGuid().ToString("N");
        var confirmations = 0;
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; ; i++)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"{run}-{caller}-{i}");
                var job = Sample.Job(id) with { Metadata = Job.NoMetadata.Add("note", Note) };
                var etag = await store.Jobs.CommitAsync(job.Settled().On(null), default);
                lock (output)
                {
                    output.WriteLine($"{id} {etag}");
                    output.Flush();
                    if (++confirmations >= Confirmations)
                        self.Kill();
                }
            }
        })));
    }
}

using System.Globalization;
using FopWatch.Contract.Tests;
using FopWatch.Local.Storage;

namespace FopWatch.Local.Tests.Storage;

/// <summary>The process that a test kills: commits and publishes without end, and prints what the store confirmed.</summary>
internal static class CommitUntilKilled
{
    public const string Argument = "--commit-until-killed";

    public static async Task RunAsync(string folder)
    {
        await using var store = await SqliteStore.OpenAsync(folder, TimeProvider.System);
        var output = Console.Out;
        await Task.WhenAll(Enumerable.Range(0, 32).Select(caller => Task.Run(async () =>
        {
            for (var i = 0; ; i++)
            {
                var id = string.Create(CultureInfo.InvariantCulture, $"j{caller}-{i}");
                var change = Sample.Job(id).Settled();
                var etag = await store.CommitAsync(change.On(null), default);
                lock (output)
                {
                    output.WriteLine($"{id} {etag}");
                    output.Flush();
                }
            }
        })));
    }
}

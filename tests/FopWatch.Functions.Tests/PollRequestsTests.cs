using FopWatch.Functions.Watching;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Functions.Tests;

/// <summary>The requests of a poll to the jobs' table as documented in docs/azure.md, counted at Azurite.</summary>
public class PollRequestsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_poll_that_leaves_the_job_open_takes_one_read_and_one_transaction()
    {
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await WatchHost.StartAsync(azurite, TestTime.Jumping());
        host.Provider.Answer = (id, _) => (200, StatusStub.Processing(id));
        var poll = ActivatorUtilities.CreateInstance<PollJob>(host.Services);

        // The first poll also leases a share of the source's rate.
        string[] ids = ["first", "second"];
        foreach (var id in ids)
            host.Time.AdvanceTo((await host.RegisterAsync(id)).Watch.DueAt!.Value);
        foreach (var id in ids)
        {
            await RequestsAsync(azurite);
            Assert.NotNull((await poll.RunAsync(new(WatchHost.SourceName, id), Cancelled)).DueAt);
        }

        var requests = await RequestsAsync(azurite);
        Assert.Equal(
            (1, 1, 2),
            (requests.Count(one => one.Contains("$batch", StringComparison.Ordinal)), requests.Count(one => one.StartsWith("GET ", StringComparison.Ordinal)), requests.Count));
    }

    /// <summary>The requests since the last call, once no more arrive: Azurite's log is slightly delayed.</summary>
    private static async Task<List<string>> RequestsAsync(Azurite azurite)
    {
        var all = new List<string>();
        while (true)
        {
            await Task.Delay(500, Cancelled);
            var more = azurite.TakeRequests();
            if (more.Count == 0)
                return all;
            all.AddRange(more);
        }
    }
}

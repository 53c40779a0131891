using System.Globalization;
using Azure.Data.Tables;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;
using FopWatch.PollLimits;
using FopWatch.Providers;

namespace FopWatch.Azure.Tests.Tables;

/// <summary>A process that polls one source as often as its share of the rate allows, and prints each poll, until it is killed.</summary>
internal static class PollUntilKilled
{
    public const string Argument = "--poll-until-killed";

    /// <summary>The environment variable with the connection string of the storage.</summary>
    public const string Connection = "FOPWATCH_TEST_STORAGE";

    public static Source Source { get; } = new()
    {
        Name = "media",
        Provider = ProviderKinds.For(ProviderKind.Qiniu),
        StatusEndpoint = new("http://127.0.0.1"),
        Tokens = NotifyTokens.Unmatchable,
        Poll = ProviderKinds.For(ProviderKind.Qiniu).DefaultPoll with { PerSecond = 20 },
    };

    /// <summary>Prints a line for each poll: its counted time, and the number of storage requests so far.</summary>
    public static async Task RunAsync(string table)
    {
        // Its standard input ends with the process that started it.
        _ = Task.Run(() =>
        {
            while (Console.In.Read() >= 0)
            {
            }

            Environment.Exit(1);
        });

        var wire = new InterceptedRequests();
        var options = new TableClientOptions();
        wire.Between(options);
        var client = new TableServiceClient(Environment.GetEnvironmentVariable(Connection), options);
        var store = await TableStore.CreateAsync(client, new() { TableName = table }, TimeProvider.System, CancellationToken.None);
        wire.Take();

        // Short leases, to keep the test short.
        var shares = new PollShares(store.PollLeases, TimeProvider.System, Guid.NewGuid().ToString("N"))
        {
            Length = TimeSpan.FromSeconds(5),
            Renewal = TimeSpan.FromSeconds(3),
            Waiting = TimeSpan.FromSeconds(1.5),
        };
        var clock = new PacerClock();
        var pacer = new PollPacer(clock, shares);
        while (true)
        {
            await pacer.TryWaitAsync(Source, TimeSpan.MaxValue, CancellationToken.None);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{clock.Last} {wire.Requests.Count}"));
        }
    }

    /// <summary>The pacer's clock. The pacer counts a poll at the last time that it read.</summary>
    private sealed class PacerClock : TimeProvider
    {
        public long Last { get; private set; }

        public override long GetTimestamp() => Last = base.GetTimestamp();
    }
}

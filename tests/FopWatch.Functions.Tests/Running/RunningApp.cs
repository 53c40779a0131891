using Azure.Data.Tables;
using FopWatch.PortContracts.Http;

namespace FopWatch.Functions.Tests.Running;

/// <summary>The app under a real Functions host, its storage and its providers' status API: started once, and used by one test after another.</summary>
[CollectionDefinition(nameof(RunningApp), DisableParallelization = true)]
public sealed class RunningApp : ICollectionFixture<RunningApp>, IAsyncDisposable
{
    // Once, even if it fails.
    private readonly Lazy<Task<Served>> _served = new(Served.StartAsync);

    /// <summary>The app with an empty store. Skips the test if there is no Functions host.</summary>
    public async Task<ServedHost> EmptiedAsync()
    {
        Assert.SkipUnless(FunctionsHost.IsGiven, FunctionsHost.NoHost);
        var served = await _served.Value;
        await served.EmptyAsync();
        return served;
    }

    public async Task<IReadOnlyList<string>> FunctionsAsync() => await (await _served.Value).FunctionsAsync();

    public async ValueTask DisposeAsync()
    {
        if (_served is { IsValueCreated: true, Value.IsCompletedSuccessfully: true })
            await (await _served.Value).EndAsync();
    }

    private sealed class Served(Azurite azurite, StatusStub statusApi, FunctionsHost host) : ServedHost
    {
        /// <summary>The partition in which the store keeps its own data.</summary>
        private const string Layout = "|";

        public override HttpClient Http => host.Http;

        public override HttpClient Stranger { get; } = new() { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) };

        public override StatusStub StatusApi => statusApi;

        public static async Task<Served> StartAsync()
        {
            var statusApi = await StatusStub.StartAsync();
            var azurite = await Azurite.StartAllAsync();
            try
            {
                return new(azurite, statusApi, await FunctionsHost.StartAsync(AppSettings(azurite, statusApi)));
            }
            catch
            {
                await azurite.DisposeAsync();
                await statusApi.DisposeAsync();
                throw;
            }
        }

        private static Dictionary<string, string> AppSettings(Azurite azurite, StatusStub statusApi)
        {
            // A caller with a function key needs none of these.
            var settings = Settings(statusApi.Endpoint).Concat(AccessContract.KeySettings)
                .ToDictionary(setting => $"FopWatch__{setting.Key.Replace(":", "__", StringComparison.Ordinal)}", setting => setting.Value!);
            settings["AzureWebJobsStorage"] = azurite.ConnectionString;
            settings["FopWatch__Tables__Buckets"] = "2";
            return settings;
        }

        public async Task EmptyAsync()
        {
            statusApi.Reset();
            if (host.HasEnded)
                await host.ReadyAgainAsync();
            var table = azurite.Client().GetTableClient("fopwatch");
            await foreach (var row in table.QueryAsync<TableEntity>(row => row.PartitionKey != Layout, select: ["PartitionKey", "RowKey"], cancellationToken: TestContext.Current.CancellationToken))
                await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: TestContext.Current.CancellationToken);
        }

        public Task<IReadOnlyList<string>> FunctionsAsync() => host.FunctionsAsync();

        /// <summary>Stops Azurite until it is restarted with its data.</summary>
        public override async Task<IAsyncDisposable> BreakStoreAsync()
        {
            await azurite.KillAsync();
            return new Stopped(azurite, host);
        }

        /// <summary>The next test uses it too.</summary>
        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public async Task EndAsync()
        {
            Stranger.Dispose();
            await host.DisposeAsync();
            await azurite.DisposeAsync();
            await statusApi.DisposeAsync();
        }
    }

    private sealed class Stopped(Azurite azurite, FunctionsHost host) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await azurite.RestartAsync();
            await host.ReadyAgainAsync();
        }
    }
}

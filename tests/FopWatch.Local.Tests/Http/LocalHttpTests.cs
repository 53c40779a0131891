using FopWatch.Contract.Tests.Http;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Http;

/// <summary>What every host answers, by the embedded host.</summary>
public sealed class LocalHttpTests : HttpContract
{
    protected override bool HasEvents => true;

    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();

    private sealed class ServedLocally(LocalHost host, StatusApi statusApi, string folder) : ServedHost
    {
        public override HttpClient Http { get; } = new() { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) };

        public override StatusApi StatusApi => statusApi;

        public static async Task<ServedLocally> StartAsync()
        {
            var statusApi = await StatusApi.StartAsync();
            var folder = Directory.CreateTempSubdirectory("fopwatch-test-").FullName;
            var settings = new HostSettings
            {
                Shared = FopWatchSettings.Read(Settings(statusApi.Endpoint)),
                Urls = "http://127.0.0.1:0",
                Data = folder,
                ApiKey = null,
            };
            return new(await LocalHost.StartAsync(settings, TimeProvider.System, logging: null, Cancelled), statusApi, folder);
        }

        /// <summary>Locks the database as another process may.</summary>
        public override async Task<IAsyncDisposable> BreakStoreAsync()
        {
            var other = new SqliteConnection($"Data Source={Path.Combine(folder, "fopwatch.db")};Pooling=false");
            await other.OpenAsync(Cancelled);
            await using var begin = other.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            await begin.ExecuteNonQueryAsync(Cancelled);
            return other;
        }

        public override async ValueTask DisposeAsync()
        {
            Http.Dispose();
            await host.DisposeAsync();
            await statusApi.DisposeAsync();
            Directory.Delete(folder, recursive: true);
        }
    }
}

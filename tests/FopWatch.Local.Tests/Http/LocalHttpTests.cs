using System.Net;
using System.Net.Http.Json;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Local.Hosting;
using FopWatch.PortContracts.Http;
using FopWatch.Settings;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Http;

public sealed class LocalRegistrationTests : RegistrationContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalParameterTests : ParameterContract
{
    protected override bool HasEvents => true;

    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalOverviewTests : OverviewContract
{
    [Fact]
    public async Task Events_published_with_their_commit_count_as_lag()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("media", Done);

        Overviews.Overview? overview = null;
        await Eventually.HoldsAsync(async () =>
        {
            overview = await host.Http.GetFromJsonAsync("/api/overview?source=media", ApiJson.Default.Overview, Cancelled);
            return overview!.Sources[0].Lag is not null;
        });

        Assert.Equal(1, overview!.Sources[0].Lag!.Of);
        Assert.InRange(overview.Sources[0].Lag!.P95, 0, 10);
        Assert.Equal((1, 0), ((int)overview.Sources[0].Books!.Settled, (int)overview.Sources[0].Books!.Unaccounted));
    }

    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalNotificationTests : NotificationContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalUploadTests : UploadContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalWithheldBodyTests : WithheldBodyContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalSignatureTests : SignatureContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalScopeTests : ScopeContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalListTests : ListContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalBulkTests : BulkContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalBodyTests : BodyContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalWatchTests : WatchContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalTroubleTests : TroubleContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalActingTests : ActingContract
{
    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

/// <summary>The contract of unusual and invalid requests on the embedded host, and its own answers to these.</summary>
public sealed class LocalErrorTests : ErrorContract
{
    [Theory]
    [InlineData("GET", "/nothing")]
    [InlineData("HEAD", "/nothing")]
    public Task An_unknown_route_outside_the_common_routes_is_a_problem(string method, string path) => IsUnknownAsync(method, path);

    [Theory]
    [InlineData("/events", "text/event-stream")]
    [InlineData("/metrics", "text/plain")]
    public async Task HEAD_on_the_embedded_hosts_own_routes_is_answered_immediately_without_a_body(string path, string contentType)
    {
        await using var host = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Head, path);
        using var answer = await host.Http.SendAsync(request, Cancelled).WaitAsync(TimeSpan.FromSeconds(20), Cancelled);

        Assert.Equal((HttpStatusCode.OK, contentType), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Empty(await answer.Content.ReadAsByteArrayAsync(Cancelled));
    }

    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

public sealed class LocalDoctorTests : DoctorContract
{
    protected override IEnumerable<DoctorCheck> OwnChecks => [DoctorCheck.Clock, DoctorCheck.DataFolder, DoctorCheck.Database];

    protected override IEnumerable<string> StrayPaths => ["/notify", "", "/other/api/notify"];

    protected override Task<ServedHost> StartAsync() => StartAsync(ServedHost.PublicUrl);

    protected override async Task<ServedHost> StartAsync(Uri publicUrl) =>
        await ServedLocally.StartAsync([KeyValuePair.Create("PublicUrl", (string?)publicUrl.AbsoluteUri)]);
}

public sealed class LocalAccessTests : AccessContract
{
    protected override string Prefix => "";

    protected override bool IsEmbedded => true;

    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync(KeySettings, "key-with-all-the-rights");

    protected override IEnumerable<string> RoutesOf(ServedHost host) => ((ServedLocally)host).Routes;
}

public sealed class LocalDashboardTests : DashboardContract
{
    [Theory]
    [InlineData("GET", null)]
    [InlineData("HEAD", null)]
    [InlineData("GET", "key-with-all-the-rights")]
    public async Task The_root_redirects_to_the_dashboard(string method, string? apiKey)
    {
        await using var host = await ServedLocally.StartAsync([], apiKey);
        using var following = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var request = new HttpRequestMessage(new(method), "/");

        using var answer = await following.SendAsync(request, Cancelled);

        Assert.Equal((HttpStatusCode.OK, "/ui/"), (answer.StatusCode, answer.RequestMessage!.RequestUri!.AbsolutePath));
    }

    protected override async Task<ServedHost> StartAsync() => await ServedLocally.StartAsync();
}

/// <summary>An embedded host with its own data folder.</summary>
internal sealed class ServedLocally(LocalHost host, StatusStub statusApi, string folder) : ServedHost
{
    public override HttpClient Http { get; } = new() { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) };

    public override HttpClient Stranger { get; } = new() { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) };

    public override StatusStub StatusApi => statusApi;

    public IEnumerable<string> Routes => host.Routes;

    /// <summary>Starts a host.</summary>
    /// <param name="more">Settings in addition to <see cref="ServedHost.Settings"/>.</param>
    /// <param name="apiKey">The key with all rights, which <see cref="Http"/> sends.</param>
    public static async Task<ServedLocally> StartAsync(IEnumerable<KeyValuePair<string, string?>>? more = null, string? apiKey = null)
    {
        var statusApi = await StatusStub.StartAsync();
        var folder = Directory.CreateTempSubdirectory("fopwatch-test-").FullName;
        var settings = new HostSettings
        {
            Shared = FopWatchSettings.Read(Settings(statusApi.Endpoint).Concat(more ?? [])),
            Urls = "http://127.0.0.1:0",
            Data = folder,
            ApiKey = apiKey,
        };
        var served = new ServedLocally(await LocalHost.StartAsync(settings, TimeProvider.System, logging: null, Cancelled), statusApi, folder);
        if (apiKey is not null)
            served.Http.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        return served;
    }

    /// <summary>Locks the database, as another process could.</summary>
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
        Stranger.Dispose();
        await host.DisposeAsync();
        await statusApi.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}

using System.Net;
using System.Reflection;
using Azure.Data.Tables;
using FopWatch.Azure.Tests;
using FopWatch.Contract.Tests.Http;
using FopWatch.Contracts;
using FopWatch.Watching;
using Microsoft.Azure.Functions.Worker;

namespace FopWatch.Functions.Tests.Running;

/// <summary>What every host answers, by the app under a real Functions host, which is started once for all tests.</summary>
[Collection(nameof(KilledHostTests))]
public sealed class FunctionsHostHttpTests(FunctionsHostHttpTests.RunningApp app) : HttpContract, IClassFixture<FunctionsHostHttpTests.RunningApp>
{
    protected override bool IsMeasuredHere => false;

    protected override bool RoutesEmptySegments => false;

    [Fact]
    public async Task Everything_but_notify_needs_the_function_key()
    {
        await using var host = await StartAsync();
        Assert.SkipUnless(FunctionsHost.AsksForKeys, "Core tools ask for no keys.");
        using var stranger = new HttpClient { BaseAddress = host.Http.BaseAddress };

        foreach (var path in (string[])["/api/jobs", "/api/quarantine", "/openapi.json", "/health/ready"])
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await stranger.GetAsync(path, Cancelled)).StatusCode);
            Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync(path, Cancelled)).StatusCode);
        }

        using var body = new StringContent("""{"id":"z0.a","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""");
        Assert.Equal(HttpStatusCode.OK, (await stranger.PostAsync($"/api/notify/media/{ServedHost.Token}", body, Cancelled)).StatusCode);
    }

    [Fact]
    public async Task The_host_lists_every_function_of_the_app()
    {
        await using var host = await StartAsync();
        var functions =
            from type in typeof(CloudSettings).Assembly.GetTypes()
            from method in type.GetMethods()
            let function = method.GetCustomAttribute<FunctionAttribute>()
            where function is not null
            select function.Name;

        Assert.Equal(functions.Order(StringComparer.Ordinal), (await app.FunctionsAsync()).Order(StringComparer.Ordinal));
    }

    /// <summary>The host refuses to start a watch that runs, in words of its own, which the app has to know.</summary>
    [Fact]
    public async Task A_hint_wakes_a_watch_that_sleeps()
    {
        await using var host = await StartAsync();
        const string Hint = """{"id":"z0.asleep","code":0,"items":[]}""";
        host.StatusApi.Answers["z0.asleep"] = (200, """{"id":"z0.asleep","code":2,"items":[{"cmd":"avthumb/mp4","code":2}]}"""u8.ToArray());
        await host.NotifyAsync("signed", Hint);
        while ((await host.JobAsync("signed", "z0.asleep")).Polls == 0)
            await Task.Delay(100, Cancelled);

        // By itself it would sleep for two minutes more.
        host.StatusApi.Answers["z0.asleep"] = (200, """{"id":"z0.asleep","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}"""u8.ToArray());
        await Task.Delay(PollPlan.HintSpacing, Cancelled);
        await host.NotifyAsync("signed", Hint);

        var job = await host.JobAsync("signed", "z0.asleep", "?wait=30");
        Assert.Equal((JobState.Succeeded, 2), (job.State, job.Polls));
    }

    protected override async Task<ServedHost> StartAsync()
    {
        Assert.SkipUnless(FunctionsHost.IsGiven, FunctionsHost.NoHost);
        return await app.EmptiedAsync();
    }

    /// <summary>The app, its storage and its providers' status API, for one test after the other.</summary>
    public sealed class RunningApp : IAsyncDisposable
    {
        // Once, also if it fails.
        private readonly Lazy<Task<Served>> _served = new(Served.StartAsync);

        public async Task<ServedHost> EmptiedAsync()
        {
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
    }

    private sealed class Served(Azurite azurite, StatusApi statusApi, FunctionsHost host) : ServedHost
    {
        /// <summary>The partition in which the store keeps what it says of itself.</summary>
        private const string Layout = "|";

        public override HttpClient Http => host.Http;

        public override StatusApi StatusApi => statusApi;

        public static async Task<Served> StartAsync()
        {
            var statusApi = await StatusApi.StartAsync();
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

        private static Dictionary<string, string> AppSettings(Azurite azurite, StatusApi statusApi)
        {
            var settings = Settings(statusApi.Endpoint)
                .ToDictionary(setting => $"FopWatch__{setting.Key.Replace(":", "__", StringComparison.Ordinal)}", setting => setting.Value!);
            settings["AzureWebJobsStorage"] = azurite.ConnectionString;
            settings["FopWatch__Tables__Buckets"] = "2";
            return settings;
        }

        public async Task EmptyAsync()
        {
            statusApi.Answers.Clear();
            statusApi.Asked.Clear();
            var table = azurite.Client().GetTableClient("fopwatch");
            await foreach (var row in table.QueryAsync<TableEntity>(row => row.PartitionKey != Layout, select: ["PartitionKey", "RowKey"], cancellationToken: Cancelled))
                await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: Cancelled);
        }

        public Task<IReadOnlyList<string>> FunctionsAsync() => host.FunctionsAsync();

        /// <summary>Ends Azurite until it is started again with what it had.</summary>
        public override async Task<IAsyncDisposable> BreakStoreAsync()
        {
            await azurite.KillAsync();
            return new Stopped(azurite, host);
        }

        /// <summary>The next test uses it too.</summary>
        public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

        public async Task EndAsync()
        {
            await host.DisposeAsync();
            await azurite.DisposeAsync();
            await statusApi.DisposeAsync();
        }
    }

    private sealed class Stopped(Azurite azurite, FunctionsHost host) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            await azurite.StartAgainAsync();
            await host.ReadyAsync();
        }
    }
}

/// <summary>What every host answers to those who act on jobs, by the app under a real Functions host.</summary>
[Collection(nameof(KilledHostTests))]
public sealed class FunctionsHostActingTests(FunctionsHostHttpTests.RunningApp app) : ActingContract, IClassFixture<FunctionsHostHttpTests.RunningApp>
{
    protected override async Task<ServedHost> StartAsync()
    {
        Assert.SkipUnless(FunctionsHost.IsGiven, FunctionsHost.NoHost);
        return await app.EmptiedAsync();
    }
}

/// <summary>What every host makes of unusual and wrong requests, by the app under a real Functions host.</summary>
[Collection(nameof(KilledHostTests))]
public sealed class FunctionsHostErrorTests(FunctionsHostHttpTests.RunningApp app) : ErrorContract, IClassFixture<FunctionsHostHttpTests.RunningApp>
{
    protected override bool IsReachedDirectly => false;

    protected override async Task<ServedHost> StartAsync()
    {
        Assert.SkipUnless(FunctionsHost.IsGiven, FunctionsHost.NoHost);
        return await app.EmptiedAsync();
    }
}

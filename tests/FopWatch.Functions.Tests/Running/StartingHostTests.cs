using System.Net;
using System.Text.Json;

namespace FopWatch.Functions.Tests.Running;

/// <summary>How calls are answered under a real Functions host while the app cannot start. Qiniu never retries after a 4xx.</summary>
[Collection(nameof(KilledHostTests))]
public class StartingHostTests
{
    private const string Token = "right-token";
    private const string NotifyPath = $"/api/notify/media/{Token}";
    private const string Table = "fopwatch";

    /// <summary>Longer than the first attempt to open the store takes, and than calls wait for it.</summary>
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(20);

    public static bool IsHostGiven => FunctionsHost.IsGiven;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 8 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    [InlineData(nameof(TableFault.Refuses), Table, "it answered 503")]
    [InlineData(nameof(TableFault.Silent), Table, "did not answer in time")]
    [InlineData(nameof(TableFault.Refuses), null, "it answered 503")]
    public async Task While_the_store_cannot_be_opened_calls_are_answered_503_and_it_is_opened_when_possible(string fault, string? table, string reason)
    {
        await using var azurite = await Azurite.StartAllAsync();
        await using var tables = await FaultyTables.StartAsync(azurite, Enum.Parse<TableFault>(fault), table);
        await using var host = FunctionsHost.Launch(Settings(tables.ConnectionString));
        await using var notifications = new SteadyNotifications(host.Url, NotifyPath);

        await Eventually.HoldsAsync(() => notifications.Answered.Any(one => one is { Status: 503, IsOfApp: true }), TimeSpan.FromMinutes(10));
        await Task.Delay(Outage, Cancelled);
        await RefusedAsync(host);
        var ready = await ReadyAsync(host);
        while (!ready.Contains(reason, StringComparison.Ordinal))
        {
            // The first attempt is still in progress.
            await Task.Delay(500, Cancelled);
            ready = await ReadyAsync(host);
        }

        tables.Fault = TableFault.None;
        await host.ReadyAsync();
        var recovered = notifications.Answered.Count;
        await Eventually.HoldsAsync(() => notifications.Answered.Skip(recovered).Count(one => one.Status == 200) > 10, TimeSpan.FromMinutes(10));

        AllAre(notifications, 200, 503);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/jobs?top=1", Cancelled)).StatusCode);
    }

    [Fact(Timeout = 8 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    public async Task With_wrong_settings_calls_are_answered_503_and_health_and_log_name_the_settings_without_their_values()
    {
        const string Secret = "Endpoint=sb://secret-value.servicebus.windows.net/;SharedAccessKey=c2VjcmV0";
        await using var azurite = await Azurite.StartAllAsync();
        var settings = Settings(azurite.ConnectionString);
        settings["FopWatch__ServiceBus__Namespace"] = Secret;
        settings["FopWatch__Sources__media__Polls"] = "10";
        await using var host = FunctionsHost.Launch(settings);
        await using var notifications = new SteadyNotifications(host.Url, NotifyPath);

        await Eventually.HoldsAsync(() => notifications.Answered.Any(one => one is { Status: 503, IsOfApp: true }), TimeSpan.FromMinutes(10));
        await RefusedAsync(host);
        using (var ready = JsonDocument.Parse(await ReadyAsync(host)))
        {
            Assert.Equal(
                ["FopWatch:ServiceBus:Namespace", "FopWatch:Sources:media:Polls"],
                ready.RootElement.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("element").GetString()).Order(StringComparer.Ordinal));
        }

        // The timers run once a minute.
        await Eventually.HoldsAsync(() => host.Said("The app has not started").Count > 0, TimeSpan.FromMinutes(10));
        await Task.Delay(Outage, Cancelled);
        AllAre(notifications, 503);
        Assert.NotEmpty(host.Said("FopWatch:Sources:media:Polls is not a setting of FopWatch"));
        Assert.Empty(host.Said("c2VjcmV0"));
        Assert.Empty(host.Said("secret-value"));
        Assert.Empty(host.Said(Token));
    }

    private static async Task RefusedAsync(FunctionsHost host)
    {
        foreach (var path in (string[])["/api/jobs", "/api/jobs/media/z0.1", "/api/quarantine", "/openapi.json", "/health/ready"])
        {
            using var answer = await host.Http.GetAsync(path, Cancelled);
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.NotNull(answer.Headers.RetryAfter);
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }

        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/health/live", Cancelled)).StatusCode);
    }

    private static async Task<string> ReadyAsync(FunctionsHost host)
    {
        using var answer = await host.Http.GetAsync("/health/ready", Cancelled);
        return await answer.Content.ReadAsStringAsync(Cancelled);
    }

    private static void AllAre(SteadyNotifications notifications, params int?[] statuses)
    {
        TestContext.Current.TestOutputHelper!.WriteLine(notifications.Timeline);
        var answered = notifications.Answered;
        Assert.All(answered, one => Assert.Contains(one.Status, statuses));

        // Until the worker has connected, the Functions host holds calls, and then answers 503 itself.
        var connected = answered.Where(one => one.IsOfApp).Min(one => one.Until);
        Assert.All(answered.Where(one => one.At >= connected), one => Assert.True(one is { Status: 200 } or { Status: 503, RetryAfter: true, IsOfApp: true }, $"{one}"));
    }

    private static Dictionary<string, string> Settings(string connectionString) => new()
    {
        ["AzureWebJobsStorage"] = connectionString,
        ["FopWatch__Sources__media__Provider"] = "Qiniu",
        ["FopWatch__Sources__media__NotifyTokens__0"] = Token,
        ["FopWatch__Sources__media__Trust"] = "Token",
    };
}

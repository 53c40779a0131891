using System.Text.Json;
using FopWatch.Functions.Publishing;
using FopWatch.Functions.Upkeep;
using FopWatch.Functions.Watching;

namespace FopWatch.Functions.Tests.Running;

/// <summary>The app under a real Functions host that runs none of its timers, as after a missed synchronisation of triggers.</summary>
[Collection(nameof(KilledHostTests))]
public class SilentTimersHostTests
{
    public static bool IsHostGiven => FunctionsHost.IsGiven;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 10 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    public async Task Requests_do_the_work_of_timers_that_do_not_run_and_health_reports_it()
    {
        await using var azurite = await Azurite.StartAllAsync();
        await using var provider = await StatusStub.StartAsync();
        provider.Answer = (id, _) => (200, StatusStub.Done(id));
        var settings = new Dictionary<string, string>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["FopWatch__Tables__Buckets"] = "2",
            ["FopWatch__Sources__media__Provider"] = "Qiniu",
            ["FopWatch__Sources__media__StatusEndpoint"] = provider.Endpoint.AbsoluteUri,
            ["FopWatch__Sources__media__NotifyTokens__0"] = "right-token",
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__maxQueuePollingInterval"] = "00:00:01",
        };
        foreach (var timer in (string[])[StartDueWatches.Name, SweepOutbox.Name, SweepJobs.Name, Purge.Name])
            settings[$"AzureWebJobs.{timer}.Disabled"] = "true";
        await using var host = await FunctionsHost.StartAsync(settings);

        // Its first poll is due after two minutes.
        using (var body = new StringContent("""{"source":"media","id":"z0.silent"}"""))
        using (var answer = await host.Http.PostAsync("/api/jobs", body, Cancelled))
            Assert.True(answer.IsSuccessStatusCode);
        Assert.Empty(await TroublesAsync(host));

        var job = await JobAsync(host);
        while (!job.GetProperty("settled").GetBoolean())
        {
            // A poll on demand creates the client of Durable Functions, like any notification and registration.
            using (await host.Http.PostAsync("/api/jobs/media/unknown/poll", null, Cancelled))
                await Task.Delay(TimeSpan.FromSeconds(1), Cancelled);
            job = await JobAsync(host);
        }

        Assert.Equal("succeeded", job.GetProperty("state").GetString());
        Assert.Contains("timersSilent", await TroublesAsync(host));
        Assert.Empty(host.Said("Executed 'Functions.StartDueWatches'"));
    }

    private static async Task<JsonElement> JobAsync(FunctionsHost host) => await ReadAsync(host, "/api/jobs/media/z0.silent");

    private static async Task<IReadOnlyList<string>> TroublesAsync(FunctionsHost host) =>
        (await ReadAsync(host, "/health/ready")).TryGetProperty("troubles", out var troubles)
            ? [.. troubles.EnumerateArray().Select(trouble => trouble.GetProperty("kind").GetString()!)]
            : [];

    private static async Task<JsonElement> ReadAsync(FunctionsHost host, string path)
    {
        using var document = JsonDocument.Parse(await host.Http.GetStringAsync(path, Cancelled));
        return document.RootElement.Clone();
    }
}

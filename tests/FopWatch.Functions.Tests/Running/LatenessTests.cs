using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Json;

namespace FopWatch.Functions.Tests.Running;

/// <summary>How late the provider is polled, under a real Functions host without other work.</summary>
[Collection(nameof(KilledHostTests))]
public class LatenessTests
{
    private const int Jobs = 100;

    private static readonly TimeSpan Latest = TimeSpan.FromSeconds(5);

    public static bool IsHostGiven => FunctionsHost.IsGiven;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 15 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    public async Task Nineteen_of_twenty_jobs_are_polled_within_five_seconds_of_their_due_time()
    {
        var asked = new ConcurrentDictionary<string, DateTimeOffset>();
        await using var provider = await StatusStub.StartAsync();
        provider.Answer = (id, _) =>
        {
            asked.TryAdd(id, TimeProvider.System.GetUtcNow());
            return (200, StatusStub.Done(id));
        };
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await FunctionsHost.StartAsync(new Dictionary<string, string>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["FopWatch__Sources__media__Provider"] = "Qiniu",
            ["FopWatch__Sources__media__StatusEndpoint"] = provider.Endpoint.AbsoluteUri,
            ["FopWatch__Sources__media__NotifyTokens__0"] = "right-token",

            // The default in Flex Consumption.
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__maxQueuePollingInterval"] = "00:00:01",
        });

        // Due over four minutes, at any second of a minute: many of them before the timer that starts watches first runs.
        var random = new Random(1);
        var due = new Dictionary<string, DateTimeOffset>();
        for (var i = 0; i < Jobs; i++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"z0.late{i}");
            var wait = Math.Round(5 + (235 * random.NextDouble()), 3);
            using var answer = await host.Http.PostAsJsonAsync("/api/jobs", new { source = "media", id, firstPollAfter = wait }, Cancelled);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
            var job = await host.Http.GetFromJsonAsync($"/api/jobs/media/{id}", Contracts.ContractsJson.Default.JobRecord, Cancelled);
            due[id] = job!.RegisteredAt + TimeSpan.FromSeconds(wait);
        }

        while (asked.Count < Jobs)
            await Task.Delay(250, Cancelled);

        var late = due.Select(job => (asked[job.Key] - job.Value).TotalSeconds).Order().ToList();
        TestContext.Current.TestOutputHelper!.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{Jobs} polls: median {late[Jobs / 2]:0.0} s after the due time, p95 {late[(Jobs * 95 / 100) - 1]:0.0} s, latest {late[^1]:0.0} s, earliest {late[0]:0.0} s"));
        Assert.True(late[0] > -1.1, $"{late[0]:0.0} s early");
        Assert.True(late[(Jobs * 95 / 100) - 1] <= Latest.TotalSeconds, $"p95 is {late[(Jobs * 95 / 100) - 1]:0.0} s");
        Assert.All(due.Keys, id => Assert.Equal(1, provider.TimesAsked(id)));
    }
}

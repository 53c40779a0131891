using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Azure.Tables;
using FopWatch.Contracts;

namespace FopWatch.Functions.Tests.Running;

/// <summary>A copy of <c>local.settings.sample.json</c> under a real Functions host.</summary>
[Collection(nameof(KilledHostTests))]
public class SampleSettingsTests
{
    public static bool IsHostGiven => FunctionsHost.IsGiven;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 5 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    public async Task The_sample_settings_run_unchanged_and_events_without_a_Service_Bus_are_kept_and_reported()
    {
        await using var azurite = await Azurite.TryStartAsInstalledAsync();
        Assert.SkipWhen(azurite is null, "One of the ports 10000 to 10002, where the sample settings look for Azurite, is in use.");
        await using var host = await FunctionsHost.StartAsync(Sample());

        using var notification = new StringContent(
            """{"id":"z0.a","code":0,"items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""", Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync("/api/notify/media/change-this-token", notification, Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var job = await host.Http.GetFromJsonAsync("/api/jobs/media/z0.a", ContractsJson.Default.JobRecord, Cancelled);
        Assert.Equal(JobState.Succeeded, job!.State);

        // The timer that publishes waiting events runs once a minute.
        while (host.Said("1 event(s) wait in the outbox, but no Service Bus is configured").Count == 0)
            await Task.Delay(250, Cancelled);
        Assert.NotEmpty(host.Said("No Service Bus is configured (FopWatch:ServiceBus:Namespace): events stay in the outbox"));
        var store = await TableStore.CreateAsync(azurite.Client(), new(), TimeProvider.System, Cancelled);
        Assert.Equal(1, (await store.Outbox.DepthAsync(Cancelled)).Count);
    }

    private static Dictionary<string, string> Sample()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "local.settings.sample.json");
            if (!File.Exists(file))
                continue;
            using var sample = JsonDocument.Parse(File.ReadAllText(file));
            return sample.RootElement.GetProperty("Values").EnumerateObject().ToDictionary(value => value.Name, value => value.Value.GetString()!);
        }

        throw new InvalidOperationException($"No folder above {AppContext.BaseDirectory} contains local.settings.sample.json.");
    }
}

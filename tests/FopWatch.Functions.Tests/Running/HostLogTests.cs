using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Functions.Tests.Running;

/// <summary>The log of a real Functions host with the levels of host.json: ids and tokens are capabilities, and logs have many readers.</summary>
[Collection(nameof(KilledHostTests))]
public class HostLogTests
{
    private const string Token = "right-token-of-media";

    private static readonly string[] Sources = ["media", "hinted"];

    public static bool IsHostGiven => FunctionsHost.IsGiven;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 10 * 60_000, SkipUnless = nameof(IsHostGiven), Skip = FunctionsHost.NoHost)]
    public async Task The_hosts_log_contains_no_id_no_token_and_no_noise()
    {
        List<string> secrets = [Token];
        await using var provider = await StatusStub.StartAsync();
        provider.Answer = (id, before) => id switch
        {
            _ when id.Contains("unknown", StringComparison.Ordinal) => (612, """{"error":"no such id"}"""),
            _ when id.Contains("broken", StringComparison.Ordinal) => (500, "broken"),
            _ when id.Contains("stopped", StringComparison.Ordinal) => (200, StatusStub.Processing(id)),
            _ => (200, before == 0 ? StatusStub.Processing(id) : StatusStub.Done(id)),
        };
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await FunctionsHost.StartAsync(Settings(azurite, provider));

        // Notified: trusted, as a hint, with a wrong token, and undecodable.
        foreach (var source in Sources)
        {
            await NotifyAsync(host, source, Token, Secret("notified"));
            await NotifyAsync(host, source, $"{Token}/lesson-42", Secret("correlated"));
            await NotifyAsync(host, source, Secret("token"), Secret("refused"));
            using var nonsense = new StringContent("nonsense about " + Secret("undecodable"));
            await host.Http.PostAsync($"/api/notify/{source}/{Token}", nonsense, Cancelled);

            // To a URL below a notify URL, and to unknown URLs.
            await NotifyAsync(host, source, $"{Token}/lesson-42/{Secret("segment")}", Secret("further"));
            await NotifyAsync(host, Secret("source"), Token, Secret("elsewhere"));
            await NotifyAsync(host, source, "", Secret("tokenless"));

            // Upload callbacks: valid, with too many variables, signed by a stranger, undecodable, and to other URLs.
            await UploadAsync(host, source, Token, $"persistentId={Secret("uploaded")}&key={Secret("key")}&x:lesson={Secret("variable")}");
            await UploadAsync(host, source, Token, $"persistentId={Secret("large")}&x:lesson={Secret("variable")}{new string('a', 5_000)}");
            await UploadAsync(host, source, Token, $"persistentId={Secret("forged")}", $"QBox {Secret("key")}:{Secret("signature")}");
            await UploadAsync(host, source, Token, Secret("nonsense"));
            await UploadAsync(host, source, Secret("token"), $"persistentId={Secret("refused")}");
            await UploadAsync(host, source, $"{Token}/{Secret("segment")}", $"persistentId={Secret("further")}");
            await UploadAsync(host, Secret("source"), Token, $"persistentId={Secret("elsewhere")}");
        }

        using (var doctor = await host.Http.PostAsync("/api/doctor", null, Cancelled))
            Assert.Equal(HttpStatusCode.OK, doctor.StatusCode);

        // Watched: polled until it is settled, stopped while its watch sleeps, unknown to the provider, and at a provider that is down.
        var watched = new Dictionary<string, string>();
        foreach (var kind in (string[])["watched", "stopped", "unknown", "broken"])
        {
            watched[kind] = Secret(kind);
            using var answer = await host.Http.PostAsJsonAsync("/api/jobs", new { source = "media", id = watched[kind], firstPollAfter = 2 }, Cancelled);
            Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
        }

        foreach (var kind in watched.Keys)
        {
            while (provider.TimesAsked(watched[kind]) == 0)
                await Task.Delay(250, Cancelled);
        }

        using (await host.Http.DeleteAsync($"/api/jobs/media/{watched["stopped"]}", Cancelled))
        using (await host.Http.PostAsync($"/api/jobs/media/{watched["broken"]}/poll", null, Cancelled))
        using (await host.Http.PostAsync($"/api/jobs/media/{watched["broken"]}/republish", null, Cancelled))
        using (await host.Http.GetAsync($"/api/jobs/media/{Secret("nowhere")}", Cancelled))
        using (await host.Http.GetAsync($"/api/jobs?source=media&continuation={Secret("continuation")}", Cancelled))
        using (await host.Http.GetAsync($"/nowhere/{Secret("path")}?code={Secret("code")}", Cancelled))
        {
            var job = await host.Http.GetFromJsonAsync($"/api/jobs/media/{watched["watched"]}?wait=60", ContractsJson.Default.JobRecord, Cancelled);
            Assert.Equal(JobState.Succeeded, job!.State);
        }

        using (var quarantine = JsonDocument.Parse(await host.Http.GetStringAsync("/api/quarantine", Cancelled)))
        {
            foreach (var kept in quarantine.RootElement.GetProperty("notifications").EnumerateArray())
                using (await host.Http.PostAsync($"/api/quarantine/{kept.GetProperty("key").GetString()}/retry", null, Cancelled))
                    Assert.NotEqual(default, kept.ValueKind);
        }

        // Without its storage, due jobs cannot be polled, and requests are refused.
        await azurite.KillAsync();
        await NotifyAsync(host, "hinted", Token, Secret("unstored"));
        await Task.Delay(TimeSpan.FromSeconds(10), Cancelled);
        await azurite.RestartAsync();
        await host.ReadyAgainAsync();
        while (host.Said("Swept: ").Count == 0)
            await Task.Delay(250, Cancelled);

        var key = host.Http.DefaultRequestHeaders.GetValues("x-functions-key").Single();
        Assert.All([.. secrets, key], secret => Assert.Empty(host.Said(secret)));
        Assert.NotEmpty(host.Said("Executed 'Functions.Notify'"));
        Assert.NotEmpty(host.Said("Executed 'Functions.Uploads'"));
        Assert.NotEmpty(host.Said("Executed 'Functions.Api'"));
        Assert.NotEmpty(host.Said("Function.PollJob.User"));
        Assert.Empty(host.Said("Distributed Tracing V2"));
        Assert.Empty(host.Said("Status: 409"));

        string Secret(string kind)
        {
            secrets.Add($"{kind}-{Guid.NewGuid():N}");
            return secrets[^1];
        }
    }

    private static Dictionary<string, string> Settings(Azurite azurite, StatusStub provider)
    {
        var settings = new Dictionary<string, string>
        {
            ["AzureWebJobsStorage"] = azurite.ConnectionString,
            ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__maxQueuePollingInterval"] = "00:00:01",
        };
        foreach (var source in Sources)
        {
            settings[$"FopWatch__Sources__{source}__Provider"] = "Qiniu";
            settings[$"FopWatch__Sources__{source}__StatusEndpoint"] = provider.Endpoint.AbsoluteUri;
            settings[$"FopWatch__Sources__{source}__NotifyTokens__0"] = Token;
            settings[$"FopWatch__Sources__{source}__Trust"] = source == "media" ? "Token" : "Signature";
            settings[$"FopWatch__Sources__{source}__Poll__First"] = "00:00:05";
            settings[$"FopWatch__Sources__{source}__Poll__Max"] = "00:00:10";
        }

        return settings;
    }

    private static async Task NotifyAsync(FunctionsHost host, string source, string token, string id)
    {
        using var body = new StringContent(StatusStub.Done(id), Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync($"/api/notify/{source}/{token}", body, Cancelled);
    }

    private static async Task UploadAsync(FunctionsHost host, string source, string token, string form, string? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/uploads/{source}/{token}")
        {
            Content = new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded"),
        };
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        using var answer = await host.Http.SendAsync(request, Cancelled);
    }
}

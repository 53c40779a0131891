using System.Net.Http.Json;
using FopWatch.Dashboard.Tests;
using Microsoft.Playwright;

namespace FopWatch.Functions.Dashboard.Tests;

/// <summary>The dashboard in a browser, under a real Functions host, which accepts its own keys for the API and forwards the app's keys only below <c>/keyed</c>.</summary>
public sealed class FunctionsHostPageTests(Chromium chromium)
{
    private const string Token = "right-token";
    private const string ReadKey = "a-key-that-may-only-read";
    private const string Id = "z0.settled";

    public static bool AsksForKeys => FunctionsHost.IsGiven && FunctionsHost.AsksForKeys;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 10 * 60_000, SkipUnless = nameof(AsksForKeys), Skip = FunctionsHost.NoHost + " Core tools ask for no keys.")]
    public async Task The_pages_work_with_a_function_key_and_with_an_API_key()
    {
        await using var provider = await StatusStub.StartAsync();
        await using var azurite = await Azurite.StartAllAsync();
        await using var host = await FunctionsHost.StartAsync(Settings(azurite, provider));
        using (var answer = await host.Http.PostAsJsonAsync("/api/jobs", new { source = "media", id = Id }, Cancelled))
            answer.EnsureSuccessStatusCode();
        await NotifyAsync(host, StatusStub.Done(Id));
        await NotifyAsync(host, """{"what": "is this"}""");

        await using (var tab = await OpenAsync(host, host.Http.DefaultRequestHeaders.GetValues("x-functions-key").Single()))
        {
            await ReadAsync(tab);
            await tab.Button("Retry").ClickAsync();
            await tab.Page.GetByText("It is still in quarantine.").WaitForAsync();
            Assert.Empty(tab.Errors);
        }

        await using (var tab = await OpenAsync(host, ReadKey))
        {
            await ReadAsync(tab);
            await tab.Page.GetByText("Read only").WaitForAsync();
            Assert.Equal(0, await tab.Button("Retry").CountAsync());
            Assert.Empty(tab.Errors);
        }
    }

    private static Dictionary<string, string> Settings(Azurite azurite, StatusStub provider) => new()
    {
        ["AzureWebJobsStorage"] = azurite.ConnectionString,
        ["FopWatch__Tables__Buckets"] = "2",
        ["FopWatch__ApiKeys__viewer__Key"] = ReadKey,
        ["FopWatch__ApiKeys__viewer__Rights"] = "Read",
        ["FopWatch__Sources__media__Provider"] = "Qiniu",
        ["FopWatch__Sources__media__StatusEndpoint"] = provider.Endpoint.AbsoluteUri,
        ["FopWatch__Sources__media__NotifyTokens__0"] = Token,
        ["FopWatch__Sources__media__Trust"] = "Token",
    };

    private static async Task NotifyAsync(FunctionsHost host, string body)
    {
        using var content = new StringContent(body);
        using var answer = await host.Http.PostAsync($"/api/notify/media/{Token}", content, Cancelled);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Opens the dashboard, and enters the requested key.</summary>
    private async Task<Tab> OpenAsync(FunctionsHost host, string key)
    {
        var tab = await chromium.OpenAsync(new(host.Url, "/ui/"));
        await tab.Page.GetByLabel("API key").FillAsync(key);
        await tab.Page.GetByLabel("API key").PressAsync("Enter");
        await tab.Loaded.WaitForAsync();
        Assert.All(tab.Requests, request => Assert.DoesNotContain(key, request.Url, StringComparison.Ordinal));

        // These are of requests without the key, and of requests that sent it as other hosts expect it.
        tab.Errors.Clear();
        return tab;
    }

    private static async Task ReadAsync(Tab tab)
    {
        await tab.ShowAsync("#/overview");
        await tab.Page.GetByText("Settled per hour").First.WaitForAsync();
        await tab.ShowAsync("#/jobs");
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = Id, Exact = true }).First.ClickAsync();
        await tab.Page.Locator("main h1").GetByText(Id).WaitForAsync();
        await tab.Page.GetByText("Succeeded").First.WaitForAsync();
        await tab.ShowAsync("#/quarantine");
        await tab.Page.Locator("article.card").GetByText("Body", new() { Exact = true }).ClickAsync();
        await tab.Page.GetByText("\"what\": \"is this\"").WaitForAsync();
    }
}

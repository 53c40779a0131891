using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

/// <summary>Hosts that need a key, have no source, or go away.</summary>
public sealed class AccessTests(Chromium chromium, SeededHost seeded)
{
    private const string Key = "a-key-with-all-rights";
    private const string ReadKey = "a-key-that-may-only-read";
    private const string MediaKey = "a-key-of-the-source-media";

    [Fact]
    public async Task A_key_is_requested_kept_for_the_tab_and_never_in_a_URL()
    {
        using var host = await StartAsync();
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/jobs"));
        var input = tab.Page.GetByLabel("API key");
        await input.FillAsync("not-the-right-key-at-all");
        await input.PressAsync("Enter");
        await tab.Page.GetByText("The host rejected this key.").WaitForAsync();

        await input.FillAsync(Key);
        await input.PressAsync("Enter");
        await tab.Page.GetByText("There are no jobs yet.").WaitForAsync();
        await tab.Page.ReloadAsync();
        await tab.Page.GetByText("There are no jobs yet.").WaitForAsync();
        Assert.All(tab.Requests, request => Assert.DoesNotContain(Key, request.Url, StringComparison.Ordinal));
        Assert.Equal(0, await tab.Page.EvaluateAsync<int>("localStorage.length + document.cookie.length"));

        await tab.Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Forget") }).ClickAsync();
        await input.WaitForAsync();
        Assert.DoesNotContain(Key, await tab.Page.EvaluateAsync<string>("JSON.stringify(sessionStorage)"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_read_only_key_sees_no_action_buttons()
    {
        using var host = await StartAsync();
        using (var http = new HttpClient { BaseAddress = host.Url, DefaultRequestHeaders = { { "X-Api-Key", Key } } })
        {
            using var body = new StringContent("""{"source": "media", "id": "z0.seen"}""");
            (await http.PostAsync("/api/jobs", body, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }

        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/jobs/media/z0.seen"));
        await tab.Page.GetByLabel("API key").FillAsync(ReadKey);
        await tab.Page.GetByLabel("API key").PressAsync("Enter");
        await tab.Loaded.WaitForAsync();
        await tab.Page.GetByText("Read only").WaitForAsync();
        foreach (var hash in (string[])["#/jobs/media/z0.seen", "#/jobs", "#/quarantine"])
        {
            await tab.ShowAsync(hash);
            Assert.Equal(0, await tab.Page.GetByRole(AriaRole.Button, new() { NameRegex = new("^(Poll now|Republish|Stop watching|Watch again|Retry|Retry all|Delete)$") }).CountAsync());
            Assert.Equal(0, await tab.Page.Locator("main table input[type=checkbox]").CountAsync());
        }
    }

    [Fact]
    public async Task A_host_without_a_source_starts_with_the_first_steps()
    {
        using var host = await HostProcess.StartAsync([], "None");
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/"));
        await tab.Page.GetByText("No source is configured.").WaitForAsync();
        Assert.Equal("#/sources", new Uri(tab.Page.Url).Fragment);
        Assert.Contains("\"NotifyTokens\"", await tab.Page.Locator("main pre").InnerTextAsync(), StringComparison.Ordinal);
        await tab.ShowAsync("#/jobs");
        Assert.Contains("There are no jobs yet.", await tab.Page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_host_that_goes_away_is_reported_and_the_page_resumes_when_it_returns()
    {
        await using var provider = await StatusStub.StartAsync();
        using var host = await HostProcess.StartAsync(SeededHost.Settings(provider.Endpoint), "None");
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/overview"));
        await tab.Loaded.WaitForAsync();
        host.Kill();
        await tab.Button("Refresh").ClickAsync();
        await tab.Page.Locator(".banner").GetByText("The host does not respond.").WaitForAsync();

        // The data loaded before stays on the page.
        Assert.True(await tab.Loaded.IsVisibleAsync());
        host.Start();
        await host.UntilReadyAsync();
        await tab.Page.Locator(".banner").WaitForAsync(new() { State = WaitForSelectorState.Hidden });
        await tab.Loaded.WaitForAsync();
    }

    [Fact]
    public async Task A_key_that_is_being_typed_is_not_cleared_by_a_host_that_returns()
    {
        using var host = await StartAsync();
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/overview"));
        var input = tab.Page.GetByLabel("API key");
        await input.FillAsync(Key);
        await input.PressAsync("Enter");
        await tab.Loaded.WaitForAsync();

        // The host goes away, and the page asks whether it is back. Before it is, the key is refused.
        await tab.Page.RouteAsync("**/health/live", route => route.AbortAsync());
        await tab.Page.RouteAsync("**/api/overview*", route => route.AbortAsync());
        await tab.Button("Refresh").ClickAsync();
        await tab.Page.Locator(".banner").GetByText("The host does not respond.").WaitForAsync();
        await tab.Page.UnrouteAsync("**/api/overview*");
        await tab.Page.RouteAsync("**/api/overview*", route => route.FulfillAsync(new() { Status = 401, Body = "{}" }));
        await tab.Button("Refresh").ClickAsync();
        await input.FillAsync("half-typed");
        await tab.Page.UnrouteAsync("**/health/live");
        Assert.True(await tab.Page.Locator(".banner").IsHiddenAsync());
        await Task.Delay(3000, TestContext.Current.CancellationToken);
        Assert.Equal("half-typed", await input.InputValueAsync());
    }

    [Fact]
    public async Task A_key_that_is_being_typed_is_kept_when_the_language_changes()
    {
        using var host = await StartAsync();
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/jobs"));
        await tab.Page.GetByLabel("API key").FillAsync("half-typed");
        await tab.Page.GetByLabel("Language").SelectOptionAsync("zh");
        await tab.Page.GetByText("此主机需要 API 密钥").WaitForAsync();
        await Task.Delay(300, TestContext.Current.CancellationToken);
        Assert.Equal("half-typed", await tab.Page.Locator(".key-form input").InputValueAsync());
    }

    [Fact]
    public async Task The_sources_offered_are_those_of_the_present_key()
    {
        using var host = await StartAsync();
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/quarantine"));
        var input = tab.Page.GetByLabel("API key");
        await input.FillAsync(Key);
        await input.PressAsync("Enter");
        var options = tab.Page.GetByRole(AriaRole.Combobox, new() { Name = "Source" }).Locator("option");
        await Eventually.HoldsAsync(async () => await options.CountAsync() == 3);

        // The key was removed, and the next one is for one source.
        await tab.Page.RouteAsync("**/api/quarantine?*", route => route.FulfillAsync(new() { Status = 401, Body = "{}" }));
        await tab.Button("Refresh").ClickAsync();
        await input.WaitForAsync();
        await tab.Page.UnrouteAsync("**/api/quarantine?*");
        await input.FillAsync(MediaKey);
        await input.PressAsync("Enter");
        await tab.Loaded.WaitForAsync();
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal(["All sources", "media"], await options.AllInnerTextsAsync());
    }

    [Fact]
    public async Task A_list_that_follows_its_jobs_says_by_itself_that_the_host_is_gone()
    {
        using var host = await HostProcess.StartAsync(SeededHost.Settings(new("http://127.0.0.1:9")), "None");
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/jobs"));
        await tab.Loaded.WaitForAsync();
        await Eventually.HoldsAsync(() => tab.Requests.Any(request => request.Url.Contains("/events", StringComparison.Ordinal)));
        host.Kill();
        await tab.Page.Locator(".banner").GetByText("The host does not respond.").WaitForAsync();
        Assert.True(await tab.Loaded.IsVisibleAsync());

        await tab.Page.GetByLabel("Language").SelectOptionAsync("zh");
        await tab.Page.Locator(".banner").GetByText("主机没有响应。").WaitForAsync();
    }

    [Theory]
    [InlineData("#/live")]
    [InlineData("#/jobs")]
    [InlineData("#/jobs/media/z0.job101")]
    public async Task A_key_that_was_removed_while_the_tab_was_hidden_is_requested_when_it_is_shown(string hash)
    {
        await using var tab = await chromium.OpenAsync(new(seeded.Dashboard, hash));
        await tab.Loaded.WaitForAsync();
        await Eventually.HoldsAsync(() => tab.Requests.Any(request => request.Url.Contains("/events", StringComparison.Ordinal)));
        await tab.HideAsync(true);
        await tab.Page.RouteAsync("**/events*", route => route.FulfillAsync(new() { Status = 401, Body = "{}" }));
        await tab.HideAsync(false);
        await tab.Page.GetByLabel("API key").WaitForAsync();
    }

    private static Task<HostProcess> StartAsync() => HostProcess.StartAsync(
        new(SeededHost.Settings(new("http://127.0.0.1:9")))
        {
            ["ApiKey"] = Key,
            ["ApiKeys:viewer:Key"] = ReadKey,
            ["ApiKeys:viewer:Rights"] = "Read",
            ["ApiKeys:media:Key"] = MediaKey,
            ["ApiKeys:media:Rights"] = "Write",
            ["ApiKeys:media:Sources:0"] = "media",
        },
        "None");
}

using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

/// <summary>Every page, in both languages and themes, at desktop and phone width.</summary>
public sealed class PageTests(Chromium chromium, SeededHost host)
{
    [Theory]
    [InlineData("#/overview", "Overview", "概览")]
    [InlineData("#/jobs", "Jobs", "任务")]
    [InlineData("#/jobs/media/z0.job001", "z0.job001", "z0.job001")]
    [InlineData("#/quarantine", "Quarantine", "隔离区")]
    [InlineData("#/live?from=0", "Live", "实时")]
    [InlineData("#/plan", "Plan", "轮询计划")]
    [InlineData("#/sources", "Sources", "来源")]
    [InlineData("#/webhooks", "Webhooks", "Webhooks")]
    public async Task A_page_fits_its_width_and_has_no_errors(string hash, string english, string chinese)
    {
        foreach (var (language, heading) in ((string, string)[])[("en-GB", english), ("zh-CN", chinese)])
        {
            foreach (var (theme, width) in ((ColorScheme, int)[])[(ColorScheme.Light, 1440), (ColorScheme.Dark, 360)])
            {
                await using var tab = await chromium.OpenAsync(new(host.Dashboard, hash), language, theme, width);
                await tab.Loaded.WaitForAsync();
                Assert.Equal(heading, (await tab.Page.Locator("main h1").InnerTextAsync()).Trim());
                Assert.Equal(language == "zh-CN" ? language : "en-GB", await tab.Page.Locator("html").GetAttributeAsync("lang"));
                Assert.Equal(0, await tab.SidewaysAsync());
                Assert.Empty(tab.Errors);
                Assert.All(tab.Requests, request => Assert.Equal(host.Url.Authority, new Uri(request.Url).Authority));
            }
        }
    }

    [Fact]
    public async Task The_language_and_the_theme_are_kept_for_the_tab()
    {
        await using var tab = await chromium.OpenAsync(host.Dashboard);
        await tab.Loaded.WaitForAsync();
        await tab.Page.GetByLabel("Language").SelectOptionAsync("zh");
        await tab.Page.GetByLabel("主题").SelectOptionAsync("dark");
        await tab.Page.ReloadAsync();
        await tab.Page.GetByRole(AriaRole.Heading, new() { Name = "概览" }).WaitForAsync();
        Assert.Equal("dark", await tab.Page.EvaluateAsync<string>("getComputedStyle(document.documentElement).colorScheme"));
        Assert.Equal(0, await tab.Page.EvaluateAsync<int>("localStorage.length + document.cookie.length"));
    }

    [Fact]
    public async Task A_chart_is_readable_with_the_keyboard_and_as_a_table()
    {
        await using var tab = await chromium.OpenAsync(host.Dashboard);
        var chart = tab.Page.Locator("figure").Filter(new() { HasText = "Settled per hour" });
        await chart.Locator("svg").PressAsync("ArrowLeft");
        var legend = await chart.Locator(".legend").InnerTextAsync();
        await chart.GetByText("As a table").ClickAsync();
        Assert.Contains("Succeeded", legend, StringComparison.Ordinal);
        await chart.Locator("tbody tr").First.WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task The_installation_is_examined_and_findings_are_shown_worst_first()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/sources"));
        await tab.Loaded.WaitForAsync();
        await tab.Button("Check this installation").ClickAsync();
        await tab.Page.GetByText(new Regex("checks? passed")).WaitForAsync(new() { Timeout = 120_000 });
        Assert.NotEmpty(await tab.Page.Locator("section.panel").First.Locator("li").AllAsync());
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task The_pages_can_be_navigated_with_the_keyboard()
    {
        await using var tab = await chromium.OpenAsync(host.Dashboard);
        await tab.Loaded.WaitForAsync();
        await tab.Page.Keyboard.PressAsync("2");
        await tab.Page.Locator("table.jobs a.row-link").First.WaitForAsync();
        await tab.Page.Keyboard.PressAsync("/");
        await tab.Page.Keyboard.TypeAsync("z0.job00");
        await Eventually.HoldsAsync(async () => await tab.Page.Locator("table.jobs a.row-link").CountAsync() == 10);
        await tab.Page.Keyboard.PressAsync("Escape");
        await tab.Page.Keyboard.PressAsync("j");
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Page.Locator("h1.id").WaitForAsync();
        await tab.Page.Keyboard.PressAsync("?");
        Assert.Contains("Search jobs", await tab.AnswerAsync("Close"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hidden_tab_sends_no_requests_and_resumes_when_it_is_shown()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/live"));
        await tab.Page.GetByText("Connected").WaitForAsync();
        await tab.HideAsync(true);
        await tab.Page.GetByText("Paused while inactive").WaitForAsync();
        var before = tab.Requests.Count;
        await host.RegisterAsync(new { source = "media", id = "z0.unwatched" });
        await host.NotifyAsync(SeededHost.Report("z0.unwatched", 0));
        await Task.Delay(2500, TestContext.Current.CancellationToken);
        Assert.Equal(before, tab.Requests.Count);

        // The page shows what happened in the meantime.
        await tab.HideAsync(false);
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "z0.unwatched" }).First.WaitForAsync();
    }
}

using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

/// <summary>Every page, in both languages and themes, at desktop and phone width.</summary>
public sealed partial class PageTests(Chromium chromium, SeededHost host)
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
    public async Task The_texts_of_the_host_are_Chinese_on_Chinese_pages()
    {
        // Nothing listens there.
        using var troubled = await HostProcess.StartAsync(SeededHost.Settings(new("http://127.0.0.1:9")), "None");
        await SeededHost.NotifyAsync(troubled.Url, "garbage");
        using (var http = new HttpClient { BaseAddress = troubled.Url })
        using (var forged = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/files/{SeededHost.Token}") { Content = new StringContent("e30") })
        {
            forged.Headers.TryAddWithoutValidation("Authorization", "unknown-key:c2lnbmF0dXJl");
            (await http.SendAsync(forged, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
        }

        await using var tab = await chromium.OpenAsync(new(troubled.Url, "/ui/"), "zh-CN");
        await tab.Loaded.WaitForAsync();
        Assert.DoesNotMatch(EnglishSentence(), await TextAsync());
        await tab.ShowAsync("#/quarantine");
        await tab.Page.Locator("article.card").First.WaitForAsync();
        await tab.Page.Locator("article.card .advice").First.WaitForAsync();
        Assert.DoesNotMatch(EnglishSentence(), await TextAsync());
        await tab.ShowAsync("#/sources");
        await tab.Button("检查此安装").ClickAsync();
        await tab.Page.GetByText(new Regex("项检查通过")).ClickAsync(new() { Timeout = 120_000 });
        Assert.DoesNotMatch(EnglishSentence(), await TextAsync());
        await tab.Page.EvaluateAsync("location.hash = '#/jobs?source=media&since=wrong'");
        await tab.Page.GetByText("RFC 3339").WaitForAsync();
        Assert.DoesNotMatch(EnglishSentence(), await TextAsync());

        // Commands and code stand in elements of their own.
        Task<string> TextAsync() => tab.Page.EvaluateAsync<string>(
            "() => { const copy = document.querySelector('main').cloneNode(true); copy.querySelectorAll('code, pre, .facts').forEach(one => one.remove()); return copy.textContent; }");
    }

    [Theory]
    [InlineData("#/overview", "[0-9]+%")]
    [InlineData("#/plan", "不足 20 个")]
    [InlineData("#/jobs", "[0-9]")]
    public async Task Chinese_pages_have_Chinese_colons_and_no_space_before_a_percent_sign(string hash, string shown)
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, hash), "zh-CN");
        await tab.Loaded.WaitForAsync();

        var text = await tab.Page.Locator("main").EvaluateAsync<string>(
            "main => main.textContent + [...main.querySelectorAll('[data-label]')].map(one => one.dataset.label).join(' ')");
        Assert.Matches(shown, text);
        Assert.DoesNotMatch(ForeignPunctuation(), text);
    }

    [Fact]
    public async Task On_a_phone_every_tab_is_visible_and_tabs_stay_where_they_are()
    {
        foreach (var language in (string[])["en-GB", "zh-CN"])
        {
            await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/webhooks"), language, width: 360);
            await tab.Loaded.WaitForAsync();
            var tabs = tab.Page.Locator("header nav a");
            Assert.Equal(7, await tabs.CountAsync());
            var before = await BoxesAsync();
            Assert.All(before, box => Assert.True(box[0] >= 0 && box[2] <= 360 && box[4] <= box[2] - box[0] + 1, string.Join(", ", box)));
            Assert.Equal("page", await tabs.Last.GetAttributeAsync("aria-current"));
            await tabs.First.ClickAsync();
            await tab.Loaded.WaitForAsync();
            Assert.Equal(before.Select(box => (box[0], box[1])), (await BoxesAsync()).Select(box => (box[0], box[1])));

            // Left, top, right, bottom, and the width of the text.
            Task<double[][]> BoxesAsync() => tabs.EvaluateAllAsync<double[][]>(
                "all => all.map(one => { const box = one.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom, one.scrollWidth]; })");
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

    // Four lower-case English words in a row.
    [GeneratedRegex("[a-z]+ [a-z]+ [a-z]+ [a-z]+")]
    private static partial Regex EnglishSentence();

    // A colon and a space, or a space and a percent sign.
    [GeneratedRegex(": |[0-9] %")]
    private static partial Regex ForeignPunctuation();
}

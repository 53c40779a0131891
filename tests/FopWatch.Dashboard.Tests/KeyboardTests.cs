using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

/// <summary>Acting without a mouse: the focus stays where it was, or goes to what took its place.</summary>
public sealed class KeyboardTests(Chromium chromium, SeededHost host)
{
    [Theory]
    [InlineData("#/overview", "Period")]
    [InlineData("#/overview", "Source")]
    [InlineData("#/plan", "Source")]
    [InlineData("#/quarantine", "Source")]
    [InlineData("#/live", "From")]
    public async Task A_choice_keeps_the_focus_when_what_it_chooses_is_there(string hash, string name)
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, hash));
        await tab.Loaded.WaitForAsync();
        var choice = tab.Page.GetByRole(AriaRole.Combobox, new() { Name = name });
        await Eventually.HoldsAsync(async () => await choice.Locator("option").CountAsync() > 1);
        await choice.FocusAsync();
        var before = tab.Page.Url;
        await tab.Page.Keyboard.PressAsync("ArrowDown");
        await Eventually.HoldsAsync(() => tab.Page.Url != before);
        await tab.Loaded.WaitForAsync();
        await Eventually.HoldsAsync(async () => await FocusedAsync(tab) == $"SELECT {name}");
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_question_does_not_outlast_its_page()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/plan"));
        await tab.Loaded.WaitForAsync();
        await tab.ShowAsync("#/quarantine?source=media");
        await tab.Button("Delete").First.ClickAsync();
        await tab.Page.GetByRole(AriaRole.Dialog).WaitForAsync();
        await tab.Page.GoBackAsync();
        await tab.Loaded.WaitForAsync();
        await Eventually.HoldsAsync(async () => await tab.Page.GetByRole(AriaRole.Dialog).CountAsync() == 0);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_button_keeps_the_focus_and_a_question_that_is_escaped_gives_it_back()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.keys" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.keys"));
        await tab.Loaded.WaitForAsync();
        await tab.Button("Poll now").PressAsync("Enter");
        await tab.Page.Locator(".toast").GetByText("Polled: ").WaitForAsync();
        await Eventually.HoldsAsync(async () => await FocusedAsync(tab) == "BUTTON Poll now");

        await tab.Button("Stop watching").PressAsync("Enter");
        await tab.Page.GetByRole(AriaRole.Dialog).WaitForAsync();
        Assert.Equal("BUTTON Cancel", await FocusedAsync(tab));
        await tab.Page.Keyboard.PressAsync("Escape");
        await Eventually.HoldsAsync(async () => await FocusedAsync(tab) == "BUTTON Stop watching");
        Assert.Equal("watching", (string?)(await host.JobAsync("z0.keys"))["watch"]);

        // The button is gone with what it did.
        await tab.Button("Stop watching").PressAsync("Enter");
        await tab.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Stop watching" }).PressAsync("Enter");
        await tab.Button("Watch again").WaitForAsync();
        await Eventually.HoldsAsync(async () => (await FocusedAsync(tab)).StartsWith("MAIN", StringComparison.Ordinal));
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task The_language_is_chosen_with_the_focus_staying_there_and_times_say_their_zone()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.job001"));
        await tab.Loaded.WaitForAsync();
        var zone = await tab.Page.EvaluateAsync<string>("new Intl.DateTimeFormat('en-GB', { timeZoneName: 'short' }).formatToParts().find(part => part.type === 'timeZoneName').value");
        Assert.EndsWith(zone, await tab.Page.Locator("main time").First.GetAttributeAsync("title"), StringComparison.Ordinal);
        await tab.Page.GetByLabel("Language").SelectOptionAsync("zh");
        await tab.Page.GetByText("时间线").First.WaitForAsync();
        Assert.Equal("SELECT 语言", await FocusedAsync(tab));
    }

    [Fact]
    public async Task Escape_leaves_the_search_and_keeps_it()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.Keyboard.PressAsync("/");
        await tab.Page.Keyboard.TypeAsync("z0.job00");
        await Eventually.HoldsAsync(async () => await tab.Page.Locator("table.jobs a.row-link").CountAsync() == 10);
        await tab.Page.Keyboard.PressAsync("Escape");
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.Equal("z0.job00", await tab.Page.GetByRole(AriaRole.Searchbox).InputValueAsync());
        Assert.Equal("#/jobs?id=z0.job00", new Uri(tab.Page.Url).Fragment);
        Assert.StartsWith("BODY", await FocusedAsync(tab), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_row_keeps_the_focus_when_its_job_changes_and_when_the_list_is_loaded_again()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.focus-1" }, new { source = "media", id = "z0.focus-2" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?id=z0.focus"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "z0.focus-1" }).FocusAsync();

        await host.NotifyAsync(SeededHost.Report("z0.focus-1", 0));
        await tab.Page.Locator("table.jobs tr", new() { HasText = "z0.focus-1" }).GetByText("Succeeded").WaitForAsync();
        Assert.Equal("A z0.focus-1", await FocusedAsync(tab));

        await tab.Page.EvaluateAsync("window.before = document.activeElement");
        await tab.Page.GetByRole(AriaRole.Combobox, new() { Name = "Watch" }).EvaluateAsync("field => field.dispatchEvent(new Event('change'))");
        await Eventually.HoldsAsync(async () => await tab.Page.EvaluateAsync<bool>("document.activeElement !== window.before"));
        Assert.Equal("A z0.focus-1", await FocusedAsync(tab));
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_link_to_the_page_that_is_shown_and_the_choice_of_what_to_search_keep_the_focus()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs?state=waiting"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Navigation).GetByRole(AriaRole.Link, new() { Name = "Jobs" }).PressAsync("Enter");
        await Eventually.HoldsAsync(() => new Uri(tab.Page.Url).Fragment == "#/jobs");
        await Eventually.HoldsAsync(async () => await FocusedAsync(tab) == "A Jobs");

        await tab.Loaded.WaitForAsync();
        await tab.Page.Keyboard.PressAsync("/");
        await tab.Page.Keyboard.PressAsync("Shift+Tab");
        await tab.Page.Keyboard.PressAsync("ArrowDown");
        await tab.Page.Keyboard.PressAsync("ArrowDown");
        Assert.Equal("SELECT Search by", await FocusedAsync(tab));
        Assert.Equal("bucket", await tab.Page.GetByRole(AriaRole.Combobox, new() { Name = "Search by" }).InputValueAsync());
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task More_jobs_get_the_focus_and_j_works_from_a_checkbox()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs"));
        await tab.Loaded.WaitForAsync();
        var first = await tab.Page.Locator("a.row-link").Nth(1).TextContentAsync();
        await tab.Page.Locator("tbody input[type=checkbox]").First.FocusAsync();
        await tab.Page.Keyboard.PressAsync("j");
        Assert.Equal($"A {first}", await FocusedAsync(tab));

        await tab.Button("Show more").PressAsync("Enter");
        await Eventually.HoldsAsync(async () => await tab.Page.Locator("a.row-link").CountAsync() > 100);
        var next = await tab.Page.Locator("a.row-link").Nth(100).TextContentAsync();
        await Eventually.HoldsAsync(async () => await FocusedAsync(tab) == $"A {next}");
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_question_about_a_job_that_settles_meanwhile_and_a_message_that_is_closed_do_not_lose_the_focus()
    {
        await host.RegisterAsync(new { source = "media", id = "z0.asked" });
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs/media/z0.asked"));
        await tab.Loaded.WaitForAsync();
        await tab.Button("Stop watching").PressAsync("Enter");
        await tab.Page.GetByRole(AriaRole.Dialog).WaitForAsync();
        await host.NotifyAsync(SeededHost.Report("z0.asked", 0));
        await tab.Page.Locator("main").GetByText("Republish").First.WaitForAsync();
        await tab.Page.Keyboard.PressAsync("Escape");
        await Eventually.HoldsAsync(async () => (await FocusedAsync(tab)).StartsWith("MAIN", StringComparison.Ordinal));

        await tab.Button("Republish").PressAsync("Enter");
        await tab.Button("Close").PressAsync("Enter");
        await Eventually.HoldsAsync(async () => (await FocusedAsync(tab)).StartsWith("MAIN", StringComparison.Ordinal));
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_host_that_comes_back_takes_neither_the_focus_nor_what_is_being_typed()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/jobs"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.RouteAsync(url => url.Contains("/api/", StringComparison.Ordinal) || url.Contains("/health/", StringComparison.Ordinal), route => route.AbortAsync());
        await tab.Page.Keyboard.PressAsync("/");
        await tab.Page.Keyboard.TypeAsync("z0");
        await tab.Button("Try again").WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Combobox, new() { Name = "Search by" }).SelectOptionAsync("metadata");
        await tab.Page.GetByRole(AriaRole.Searchbox).FocusAsync();
        await tab.Page.Keyboard.TypeAsync("less");
        await tab.Page.UnrouteAllAsync();
        await tab.Button("Try again").WaitForAsync(new() { State = WaitForSelectorState.Detached });
        await Task.Delay(1000, TestContext.Current.CancellationToken);
        Assert.Equal("INPUT Search jobs", await FocusedAsync(tab));
        Assert.Equal("less", await tab.Page.GetByRole(AriaRole.Searchbox).InputValueAsync());
    }

    private static Task<string> FocusedAsync(Tab tab) => tab.Page.EvaluateAsync<string>(
        "() => { const one = document.activeElement; return `${one.tagName} ${one.ariaLabel ?? one.labels?.[0]?.firstChild.textContent ?? one.textContent}`; }");
}

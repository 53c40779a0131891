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

    private static Task<string> FocusedAsync(Tab tab) => tab.Page.EvaluateAsync<string>(
        "() => { const one = document.activeElement; return `${one.tagName} ${one.ariaLabel ?? one.labels?.[0]?.firstChild.textContent ?? one.textContent}`; }");
}

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

    private static Task<string> FocusedAsync(Tab tab) => tab.Page.EvaluateAsync<string>(
        "() => { const one = document.activeElement; return `${one.tagName} ${one.ariaLabel ?? one.labels?.[0]?.firstChild.textContent ?? one.textContent}`; }");
}

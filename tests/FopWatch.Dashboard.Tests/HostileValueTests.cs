namespace FopWatch.Dashboard.Tests;

/// <summary>Hostile values are shown as text: no markup runs, and no link leads anywhere.</summary>
public sealed class HostileValueTests(Chromium chromium, SeededHost host)
{
    [Theory]
    [InlineData("#/jobs/media/" + SeededHost.HostileId)]
    [InlineData("#/jobs?id=" + SeededHost.HostileId)]
    [InlineData("#/quarantine")]
    [InlineData("#/live?from=0")]
    public async Task Markup_in_values_is_shown_as_text(string hash)
    {
        foreach (var width in (int[])[1440, 360])
        {
            await using var tab = await chromium.OpenAsync(new(host.Dashboard, hash), width: width);
            await tab.Loaded.WaitForAsync();
            foreach (var details in await tab.Page.Locator("main details > summary").AllAsync())
                await details.ClickAsync();
            await Eventually.HoldsAsync(async () => await tab.Page.Locator("main .loading").CountAsync() == 0);
            await Task.Delay(300, TestContext.Current.CancellationToken);

            // The only image is the logo, and the only script is the dashboard's own.
            Assert.Equal(0, await tab.Page.Locator("main img, main script, main svg[onload], [onerror]").CountAsync());
            Assert.Equal(0, await tab.Page.Locator("a[href^='javascript:' i], a[href^='data:' i]").CountAsync());
            Assert.Equal(0, await tab.SidewaysAsync());
            Assert.Empty(tab.Errors);
        }
    }

    [Fact]
    public async Task A_hostile_value_is_shown_unchanged()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, $"#/jobs/media/{SeededHost.HostileId}"));
        await tab.Loaded.WaitForAsync();
        Assert.Contains(SeededHost.Hostile, await tab.Page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("#/jobs/media/..")]
    [InlineData("#/jobs/media/%2E")]
    [InlineData("#/jobs/../overview")]
    public async Task Dots_in_the_address_lead_to_no_other_answer_of_the_API(string hash)
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, hash));
        await tab.Page.GetByText("Page not found.").WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [Theory]
    [InlineData("#/jobs/media/%3Cimg%20src=x%20onerror=alert(1)%3E")]
    [InlineData("#/jobs?id=%22%3E%3Cimg%20src=x%20onerror=alert(1)%3E")]
    [InlineData("#/%3Cimg%20src=x%20onerror=alert(1)%3E")]
    [InlineData("#/jobs/%E0%A4%A/%")]
    public async Task Markup_in_the_address_is_shown_as_text(string hash)
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, hash));
        await tab.Page.Locator("main .state-box:not(.loading)").First.WaitForAsync();
        Assert.Equal(0, await tab.Page.Locator("main img").CountAsync());
        Assert.DoesNotContain(tab.Errors, error => !error.Contains("the server responded with a status of 4", StringComparison.Ordinal));
    }
}

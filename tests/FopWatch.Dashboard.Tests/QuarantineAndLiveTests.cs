using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

/// <summary>The quarantine and the live events.</summary>
public sealed class QuarantineAndLiveTests(Chromium chromium, SeededHost host)
{
    [Fact]
    public async Task A_quarantined_notification_shows_its_reason_and_body_and_is_retried_and_deleted()
    {
        await host.NotifyAsync("""{"thrown": "away"}""");
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/quarantine?source=media"));
        var newest = tab.Page.Locator("article.card").First;
        await newest.GetByText("Body", new() { Exact = true }).ClickAsync();
        await newest.GetByText("\"thrown\": \"away\"").WaitForAsync();
        await newest.GetByRole(AriaRole.Button, new() { Name = "Retry", Exact = true }).ClickAsync();
        await tab.Page.GetByText("It is still in quarantine.").WaitForAsync();

        var before = await tab.Page.Locator("article.card").CountAsync();
        await newest.GetByRole(AriaRole.Button, new() { Name = "Delete", Exact = true }).ClickAsync();
        await tab.AnswerAsync("Delete");
        await Eventually.HoldsAsync(async () => await tab.Page.Locator("article.card").CountAsync() == before - 1);
        Assert.DoesNotContain("thrown", await host.Http.GetStringAsync("/api/quarantine?source=media", TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task All_of_a_source_are_retried_after_a_confirmation_with_their_number()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/quarantine?source=media"));
        await tab.Loaded.WaitForAsync();
        await tab.Button("Retry all").ClickAsync();
        Assert.Matches("Process [0-9]+ notifications again", await tab.AnswerAsync("Retry"));
        await tab.Page.GetByText("Finished.").WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_JSON_body_is_shown_with_its_numbers_and_repeated_names_as_they_are()
    {
        await host.NotifyAsync("""{"what":[1e400,-0,1.10,12345678901234567890],"twice":1,"twice":{"a":[ ],"b":"{[,:]}\""}}""");
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/quarantine"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.Locator("article").First.GetByText("Body", new() { Exact = true }).ClickAsync();
        Assert.Equal(
            """
            {
              "what": [
                1e400,
                -0,
                1.10,
                12345678901234567890
              ],
              "twice": 1,
              "twice": {
                "a": [],
                "b": "{[,:]}\""
              }
            }
            """.ReplaceLineEndings("\n"),
            await tab.Page.Locator("article pre").First.TextContentAsync());
    }

    [Fact]
    public async Task An_answer_that_arrives_after_a_later_one_changes_nothing()
    {
        var (list, more, error) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource());
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/quarantine"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.RouteAsync("**/api/quarantine?*", async route =>
        {
            if (route.Request.Url.Contains("continuation", StringComparison.Ordinal))
                await more.Task;
            else if (route.Request.Url.Contains("source=media", StringComparison.Ordinal))
                await list.Task;
            await route.FulfillAsync(new() { Body = AnswerTo(route.Request.Url) });
        });
        var source = tab.Page.GetByRole(AriaRole.Combobox, new() { Name = "Source" });
        await source.SelectOptionAsync("media");
        await source.SelectOptionAsync("files");
        var card = tab.Page.Locator("article.card");
        await tab.Page.GetByLabel("the list of files").WaitForAsync();
        list.SetResult();
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal("the list of files", await card.GetAttributeAsync("aria-label"));

        await tab.Button("Show more").ClickAsync();
        await source.SelectOptionAsync("media");
        await tab.Page.GetByLabel("the list of media").WaitForAsync();
        more.SetResult();
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal("the list of media", await card.GetAttributeAsync("aria-label"));

        await tab.ShowAsync("#/overview");
        await tab.Page.RouteAsync("**/api/overview?*source=media", async route =>
        {
            await error.Task;
            await route.FulfillAsync(new() { Status = 503, Body = "{}" });
        });
        await source.SelectOptionAsync("media");
        await source.SelectOptionAsync("files");
        await Eventually.HoldsAsync(async () => await tab.Page.Locator("article.card").CountAsync() == 1);
        error.SetResult();
        await Task.Delay(500, TestContext.Current.CancellationToken);
        Assert.Equal(0, await tab.Page.GetByText("The host cannot do that now.").CountAsync());
    }

    [Fact]
    public async Task More_notifications_are_shown_below_the_others_after_an_error()
    {
        var status = 200;
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/overview"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.RouteAsync("**/api/quarantine?*", route => route.FulfillAsync(new() { Status = status, Body = AnswerTo(route.Request.Url) }));
        await tab.ShowAsync("#/quarantine?source=media");
        status = 503;
        await tab.Button("Refresh").ClickAsync();
        await tab.Page.GetByText("The host cannot do that now.").WaitForAsync();
        status = 200;
        await tab.Button("Show more").ClickAsync();
        await tab.Page.GetByLabel("the rest of media").WaitForAsync();
        Assert.Equal(2, await tab.Page.Locator("main .loaded article.card").CountAsync());
    }

    private static string AnswerTo(string url)
    {
        var (part, continuation) = url.Contains("continuation", StringComparison.Ordinal) ? ("rest", "null") : ("list", "\"more\"");
        var source = url.Contains("source=media", StringComparison.Ordinal) ? "media" : "files";
        return $$"""{"notifications":[{"key":"the {{part}} of {{source}}","source":"{{source}}","reason":"r","receivedAt":"2026-11-22T03:10:35Z","headers":{},"size":2,"body":"e30="}],"continuation":{{continuation}}}""";
    }

    [Fact]
    public async Task A_live_page_of_an_unknown_source_says_so()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/live?source=nobody"));
        await tab.Page.GetByText("'nobody' is not the name of a configured source").WaitForAsync();
        Assert.Equal(0, await tab.Page.GetByText("This host has no event stream.").CountAsync());
    }

    [Fact]
    public async Task A_binary_body_is_shown_in_hexadecimal_and_saved_unchanged()
    {
        byte[] body = [0, 1, 2, .. "FopWatch"u8, 0xff];
        await host.NotifyAsync("media", body);
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/quarantine?source=media"));
        var newest = tab.Page.Locator("article.card").First;
        await newest.GetByText("Body", new() { Exact = true }).ClickAsync();
        await newest.GetByText("00 01 02 46 6f 70 57 61 74 63 68 ff").WaitForAsync();

        var download = await tab.Page.RunAndWaitForDownloadAsync(() => newest.GetByRole(AriaRole.Button, new() { Name = "Save as a file (12 B)" }).ClickAsync());
        using var saved = new MemoryStream();
        await using (var stream = await download.CreateReadStreamAsync())
            await stream.CopyToAsync(saved, TestContext.Current.CancellationToken);
        Assert.Equal(body, saved.ToArray());
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task A_wrong_signature_is_explained_and_all_of_a_source_are_deleted_after_a_confirmation_with_their_number()
    {
        await host.NotifyAsync("files", "e30"u8.ToArray(), "unknown-key:c2lnbmF0dXJl");
        await host.NotifyAsync("files", "garbage"u8.ToArray());
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/quarantine?source=files"));
        await tab.Page.GetByText("access key not configured").WaitForAsync();
        await tab.Page.GetByText("What to change:").WaitForAsync();

        await tab.Button("Delete all").ClickAsync();
        Assert.Contains("Delete 2 notifications?", await tab.AnswerAsync("Delete"), StringComparison.Ordinal);
        await tab.Page.GetByText("Finished.").WaitForAsync();
        await tab.AnswerAsync("Close");
        await tab.Page.GetByText("The quarantine is empty.").WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [Fact]
    public async Task Events_appear_live_and_wait_while_paused()
    {
        await using var tab = await chromium.OpenAsync(new(host.Dashboard, "#/live?source=media"));
        await tab.Page.GetByText("Connected").WaitForAsync();
        await host.NotifyAsync(SeededHost.Report("z0.live1", 0));
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "z0.live1" }).First.WaitForAsync();
        await tab.Button("Pause").ClickAsync();
        await host.NotifyAsync(SeededHost.Report("z0.live2", 0));
        await tab.Page.GetByRole(AriaRole.Button, new() { NameRegex = new(@"Continue \([1-9]") }).ClickAsync();
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "z0.live2" }).First.WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("live1");
        await Eventually.HoldsAsync(async () => !await tab.Page.GetByRole(AriaRole.Link, new() { Name = "z0.live2" }).First.IsVisibleAsync());
        Assert.Empty(tab.Errors);
    }
}

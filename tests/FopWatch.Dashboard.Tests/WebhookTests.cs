using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace FopWatch.Dashboard.Tests;

public sealed partial class WebhookTests(Chromium chromium, SeededHost seeded)
{
    [Fact]
    public async Task A_failing_webhook_shows_its_error_and_is_paused_resumed_and_replayed()
    {
        // Nothing listens there.
        var settings = SeededHost.Settings(new("http://127.0.0.1:9"));
        settings["Webhooks:app:Url"] = "http://127.0.0.1:9/hook?token=secret-token";
        settings["Webhooks:app:Secret"] = $"whsec_{Convert.ToBase64String(new byte[32])}";
        settings["Webhooks:app:AllowPrivate"] = "true";
        settings["Webhooks:app:Sources:0"] = "media";
        using var host = await HostProcess.StartAsync(settings, "None");
        await SeededHost.NotifyAsync(host.Url, SeededHost.Report("z0.hook", 0));
        await using var tab = await chromium.OpenAsync(new(host.Url, "/ui/#/sources"));
        await tab.Loaded.WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "Webhooks" }).ClickAsync();
        await Eventually.HoldsAsync(async () =>
        {
            await tab.Button("Refresh").ClickAsync();
            return await tab.Page.Locator(".badge").GetByText("Failing").IsVisibleAsync();
        });
        await tab.Page.GetByText("The receiver does not accept an event.").WaitForAsync();
        Assert.DoesNotContain("secret-token", await tab.Page.Locator("body").InnerHTMLAsync(), StringComparison.Ordinal);

        await tab.Page.GetByText("Deliveries").ClickAsync();
        await tab.Page.GetByRole(AriaRole.Link, new() { Name = "z0.hook" }).First.WaitForAsync();
        await tab.Button("Pause").ClickAsync();
        await tab.Page.GetByText("Paused by an operator.").WaitForAsync();
        await tab.Button("Replay").ClickAsync();
        Assert.Contains("Start time.", await tab.AnswerAsync("Replay"), StringComparison.Ordinal);
        Assert.Matches("Send up to [0-9]+ events?\\?", await tab.AnswerAsync("Replay"));
        await tab.Page.GetByText("Done.").First.WaitForAsync();
        await tab.Button("Send a test").ClickAsync();
        await tab.Page.Locator(".toast.error").GetByText("Test: it refused or closed the connection").WaitForAsync();
        await tab.Button("Resume").ClickAsync();
        await tab.Button("Pause").WaitForAsync();
        Assert.Empty(tab.Errors);

        await using var chinese = await chromium.OpenAsync(new(host.Url, "/ui/#/webhooks"), "zh-CN");
        await chinese.Button("发送测试").ClickAsync();
        await chinese.Page.Locator(".toast.error").GetByText(Refused()).WaitForAsync();
        Assert.Empty(chinese.Errors);
    }

    [Fact]
    public async Task A_host_without_a_webhook_says_where_to_read_how_to_add_one()
    {
        await using var tab = await chromium.OpenAsync(new(seeded.Dashboard, "#/webhooks"));
        await tab.Page.GetByText("No webhook is configured.").WaitForAsync();
        Assert.Empty(tab.Errors);
    }

    [GeneratedRegex("测试结果：拒绝或关闭了连接，或无法访问（[A-Za-z]+）")]
    private static partial Regex Refused();
}

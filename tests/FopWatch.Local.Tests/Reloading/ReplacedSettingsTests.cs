using System.Net;
using System.Text;
using FopWatch.Local.Tests.Webhooks;

namespace FopWatch.Local.Tests.Reloading;

/// <summary>Sources and webhooks that are replaced while something of theirs is on its way.</summary>
public sealed class ReplacedSettingsTests
{
    [Theory]
    [InlineData(429, true)]
    [InlineData(410, true)]
    [InlineData(500, true)]
    [InlineData(429, false)]
    public async Task A_failure_of_the_old_receiver_does_not_hold_back_the_new_one(int status, bool isLate)
    {
        await using var first = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(7));
        await using var second = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(8));
        var answered = new TaskCompletionSource();
        first.Answer = async (context, _) =>
        {
            await answered.Task;
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = "3600";
        };
        var settings = ReloadedHost.With(("media", ReloadedHost.Source()));
        settings["Webhooks"] = ReloadedHost.Webhook(first.Url, WebhookReceiver.Secret(7));
        await using var host = await ReloadedHost.StartAsync(settings);
        await host.NotifyAsync("media", "z0.1");
        await Eventually.HoldsAsync(() => first.Received.Count == 1);
        if (!isLate)
        {
            answered.SetResult();
            await Eventually.HoldsAsync(async () => (await StateAsync(host)).Contains("\"failing\"", StringComparison.Ordinal));
        }

        settings["Webhooks"] = ReloadedHost.Webhook(second.Url, WebhookReceiver.Secret(8));
        await host.ReloadAsync(settings);
        answered.TrySetResult();

        await Eventually.HoldsAsync(() => second.Received.Count == 1);
        Assert.Contains("z0.1", Encoding.UTF8.GetString(second.Received[0].Body), StringComparison.Ordinal);
        await Eventually.HoldsAsync(async () => (await StateAsync(host)).Contains("\"active\"", StringComparison.Ordinal));
        Assert.Single(first.Received);
        Assert.DoesNotContain("webhookPaused", await host.HealthAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_whose_filter_changes_with_the_sources_sends_what_the_new_source_records()
    {
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(7));
        var settings = ReloadedHost.With(("media", ReloadedHost.Source()));
        settings["Webhooks"] = ReloadedHost.Webhook(receiver.Url, WebhookReceiver.Secret(7), "media");
        await using var host = await ReloadedHost.StartAsync(settings);

        settings = ReloadedHost.With(("renamed", ReloadedHost.Source()), ("other", ReloadedHost.Source()));
        settings["Webhooks"] = ReloadedHost.Webhook(receiver.Url, WebhookReceiver.Secret(7), "renamed");
        await host.ReloadAsync(settings);
        Assert.Equal(HttpStatusCode.OK, await host.NotifyAsync("other", "z0.1"));
        Assert.Equal(HttpStatusCode.OK, await host.NotifyAsync("renamed", "z0.2"));

        await Eventually.HoldsAsync(() => receiver.Received.Count == 1);
        Assert.Contains("z0.2", Encoding.UTF8.GetString(receiver.Received[0].Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removed_source_whose_poll_hangs_delays_no_other_and_is_asked_once_when_it_returns()
    {
        await using var status = await StatusStub.StartAsync();
        using var answers = new ManualResetEventSlim();
        status.Answer = (id, _) =>
        {
            if (id == "z0.hangs")
                answers.Wait(TimeSpan.FromSeconds(25));
            return (200, StatusStub.Succeeded(id));
        };
        var (media, other) = (ReloadedHost.Source(status.Endpoint, first: "00:00:00.1"), ReloadedHost.Source(status.Endpoint, first: "00:00:00.1"));
        await using var host = await ReloadedHost.StartAsync(ReloadedHost.With(("media", media)));
        await host.RegisterAsync("media", "z0.hangs");
        await Eventually.HoldsAsync(() => status.TimesAsked("z0.hangs") == 1);

        await host.ReloadAsync(ReloadedHost.With(("other", other)));
        Assert.Equal(HttpStatusCode.NotFound, await host.NotifyAsync("media", "z0.hangs"));
        await host.RegisterAsync("other", "z0.other");
        await Eventually.HoldsAsync(() => status.TimesAsked("z0.other") == 1);

        await host.ReloadAsync(ReloadedHost.With(("media", media.DeepClone().AsObject()), ("other", other.DeepClone().AsObject())));
        await host.RegisterAsync("media", "z0.more");
        await Eventually.HoldsAsync(() => status.TimesAsked("z0.more") == 1);
        answers.Set();

        await Eventually.HoldsAsync(async () => (await host.Http.GetStringAsync("/api/jobs/media/z0.hangs", TestContext.Current.CancellationToken)).Contains("succeeded", StringComparison.Ordinal));
        Assert.Equal(1, status.TimesAsked("z0.hangs"));
        Assert.DoesNotContain("fail:", host.Process.Printed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_log_names_the_notify_url_of_an_added_source_and_warns_when_none_is_left()
    {
        await using var host = await ReloadedHost.StartAsync(
            ReloadedHost.With(("media", ReloadedHost.Source())), new() { ["FOPWATCH_LOG"] = "Information" });

        await host.ReloadAsync(ReloadedHost.With(("added", ReloadedHost.Source())));
        await Eventually.HoldsAsync(() => host.Process.Printed.Contains("/api/notify/added/<token>", StringComparison.Ordinal));
        await host.ReloadAsync(ReloadedHost.With());
        await Eventually.HoldsAsync(() => host.Process.Printed.Contains("No source is configured", StringComparison.Ordinal));
    }

    private static Task<string> StateAsync(ReloadedHost host) => host.Http.GetStringAsync("/api/webhooks/crm", TestContext.Current.CancellationToken);
}

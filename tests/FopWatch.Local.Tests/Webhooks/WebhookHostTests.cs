using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Local.Tests.Http;
using FopWatch.Webhooks;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Local.Tests.Webhooks;

/// <summary>Webhooks of a real embedded host to a real receiver.</summary>
public sealed class WebhookHostTests : IAsyncLifetime
{
    private static readonly string Secret = WebhookReceiver.Secret(7);

    private WebhookReceiver _receiver = null!;
    private RunningHost _host = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _receiver = await WebhookReceiver.StartAsync(Secret);
        _host = await RunningHost.StartAsync(Settings(_receiver.Settings("crm", Secret)));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task Every_event_arrives_in_log_order_with_a_valid_signature()
    {
        for (var i = 0; i < 20; i++)
            await NotifyAsync($"z0.{i}");
        await Eventually.HoldsAsync(() => _receiver.Received.Count == 20);

        Assert.All(_receiver.Received, one => Assert.True(one.IsGenuine));
        var events = _receiver.Received.Select(one => JobEvent.Parse(one.Body)).ToList();
        Assert.Equal(_receiver.Received.Select(one => one.Id), events.Select(one => one.Id));
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"z0.{i}"), events.Select(one => one.Subject));
        Assert.All(events, one => Assert.Equal((JobEvent.SettledType, JobState.Succeeded), (one.Type, one.Data.State)));
        Assert.All(_receiver.Received, one => Assert.Equal("application/cloudevents+json; charset=utf-8", one.ContentType));
    }

    [Fact]
    public async Task The_state_is_answered_without_secrets_and_can_be_changed()
    {
        await _host.StopAsync();
        await _host.RestartAsync(settings: Settings(new(_receiver.Settings("crm", Secret)) { ["Webhooks:crm:Url"] = $"{_receiver.Url}?token=hidden", ["Webhooks:crm:States:0"] = "succeeded" }));
        await NotifyAsync("z0.1");
        await Eventually.HoldsAsync(async () => (await GetAsync("crm")).Position == 1);

        var all = await _host.Http.GetStringAsync("/api/webhooks", Cancelled);
        Assert.Contains($"\"url\":\"{_receiver.Url}?token=***\"", all, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", all + _host.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret[6..], all + _host.Log, StringComparison.Ordinal);
        var one = await GetAsync("crm");
        Assert.Equal((WebhookState.Active, 0L, 204), (one.State, one.Behind, one.LastStatus));
        Assert.Equal([JobState.Succeeded], one.States);

        Assert.Equal((WebhookState.Paused, WebhookPause.Operator), await ChangeAsync("/api/webhooks/crm/pause"));
        await NotifyAsync("z0.2");
        Assert.Equal((WebhookState.Paused, 1L), ((await GetAsync("crm")).State, (await GetAsync("crm")).Behind));

        // The pause outlasts a restart.
        await _host.StopAsync();
        await _host.RestartAsync();
        Assert.Equal(WebhookState.Paused, (await GetAsync("crm")).State);
        Assert.Single(_receiver.Received);
        Assert.Equal((WebhookState.Active, null), await ChangeAsync("/api/webhooks/crm/resume"));
        await Eventually.HoldsAsync(() => _receiver.Received.Count == 2);

        await ChangeAsync("/api/webhooks/crm/replay?from=1");
        await Eventually.HoldsAsync(() => _receiver.Received.Count == 3);
        await ChangeAsync("/api/webhooks/crm/replay?since=2020-01-01T00:00:00Z");
        await Eventually.HoldsAsync(() => _receiver.Received.Count == 5);
        await ChangeAsync($"/api/webhooks/crm/replay?since={DateTimeOffset.UtcNow.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}");
        Assert.Equal(["z0.1", "z0.2", "z0.2", "z0.1", "z0.2"], _receiver.Received.Select(received => JobEvent.Parse(received.Body).Subject));

        var deliveries = (await _host.Http.GetFromJsonAsync("/api/webhooks/crm/deliveries?top=2", ApiJson.Default.DeliveryList, Cancelled))!.Deliveries;
        Assert.Equal([(2L, "z0.2", 204), (1L, "z0.1", 204)], deliveries.Select(delivery => (delivery.Position, delivery.Id, delivery.Status!.Value)));

        var test = await (await _host.PostAsync("/api/webhooks/crm/test")).Content.ReadFromJsonAsync(ApiJson.Default.WebhookTest, Cancelled);
        Assert.Equal((204, null), (test!.Status, test.Error));
        Assert.True(_receiver.Received[^1].IsGenuine);
        Assert.Equal("fopwatch.webhook.test", JsonDocument.Parse(_receiver.Received[^1].Body).RootElement.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("GET", "/api/webhooks/nobody", 404)]
    [InlineData("GET", "/api/webhooks/CRM", 404)]
    [InlineData("GET", "/api/webhooks/nobody/deliveries", 404)]
    [InlineData("GET", "/api/webhooks/crm/deliveries?top=0", 400)]
    [InlineData("GET", "/api/webhooks/crm/deliveries?top=301", 400)]
    [InlineData("POST", "/api/webhooks/nobody/pause", 404)]
    [InlineData("POST", "/api/webhooks/nobody/resume", 404)]
    [InlineData("POST", "/api/webhooks/nobody/test", 404)]
    [InlineData("POST", "/api/webhooks/nobody/replay?from=0", 404)]
    [InlineData("GET", "/api/webhooks/nobody/replay?from=0", 404)]
    [InlineData("GET", "/api/webhooks/crm/replay", 400)]
    [InlineData("GET", "/api/webhooks/crm/replay?from=0", 200)]
    [InlineData("GET", "/api/webhooks/crm/replay?since=yesterday", 400)]
    [InlineData("POST", "/api/webhooks/crm/replay", 400)]
    [InlineData("POST", "/api/webhooks/crm/replay?from=0&since=2026-01-01T00:00:00Z", 400)]
    [InlineData("POST", "/api/webhooks/crm/replay?from=1", 400)]
    [InlineData("POST", "/api/webhooks/crm/replay?from=-1", 400)]
    [InlineData("POST", "/api/webhooks/crm/replay?from=0-deadbeef", 200)]
    [InlineData("POST", "/api/webhooks/crm/replay?since=yesterday", 400)]
    [InlineData("POST", "/api/webhooks/crm/pause?x=1", 400)]
    [InlineData("DELETE", "/api/webhooks/crm", 405)]
    public async Task Invalid_requests_are_answered_with_a_problem(string method, string path, int status)
    {
        using var request = new HttpRequestMessage(new(method), path);
        using var answer = await _host.Http.SendAsync(request, Cancelled);

        Assert.Equal(status, (int)answer.StatusCode);
        if (status >= 400)
            Assert.Equal(status, (await RunningHost.ProblemAsync(answer)).Status);
    }

    [Fact]
    public async Task A_failing_receiver_shows_in_readiness_the_overview_the_metrics_and_the_log()
    {
        _receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
            return Task.CompletedTask;
        };
        await NotifyAsync("z0.1");
        await Eventually.HoldsAsync(async () => (await GetAsync("crm")).PausedBecause == WebhookPause.Gone);

        // The pause is stored before it is reported.
        await Eventually.HoldsAsync(async () =>
            (await _host.Http.GetStringAsync("/health/ready", Cancelled)).Contains("webhookPaused", StringComparison.Ordinal));
        var overview = await _host.Http.GetFromJsonAsync("/api/overview", ApiJson.Default.Overview, Cancelled);
        Assert.Contains(overview!.Findings, finding => finding.Kind == "webhookPaused" && finding.Detail.ToString().Contains("answered 410", StringComparison.Ordinal));
        var metrics = await _host.Http.GetStringAsync("/metrics", Cancelled);
        Assert.Contains("fopwatch_webhooks_attempts_total{", metrics, StringComparison.Ordinal);
        Assert.Matches("fopwatch_webhooks_paused[^\n]*webhook=\"crm\"[^\n]*\\} 1\\b", metrics);
        Assert.Matches("fopwatch_webhooks_behind[^\n]*webhook=\"crm\"[^\n]*\\} 1\\b", metrics);
        Assert.Contains("The webhook crm is paused: its receiver answered 410", _host.Log.ToString(), StringComparison.Ordinal);
    }

    private static Dictionary<string, string?> Settings(Dictionary<string, string?> webhooks) =>
        new(RunningHost.TokenSources().Concat(webhooks));

    private async Task NotifyAsync(string id)
    {
        using var answer = await _host.NotifyAsync("media", StatusStub.Succeeded(id));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task<WebhookStatus> GetAsync(string name) =>
        (await _host.Http.GetFromJsonAsync($"/api/webhooks/{name}", ApiJson.Default.WebhookStatus, Cancelled))!;

    private async Task<(WebhookState State, WebhookPause? Because)> ChangeAsync(string path)
    {
        using var answer = await _host.PostAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var status = (await answer.Content.ReadFromJsonAsync(ApiJson.Default.WebhookStatus, Cancelled))!;
        return (status.State, status.PausedBecause);
    }
}

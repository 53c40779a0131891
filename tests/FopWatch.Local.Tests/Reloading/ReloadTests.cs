using System.Net;
using System.Text.Json.Nodes;
using FopWatch.Local.Tests.Webhooks;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Local.Tests.Reloading;

/// <summary>Settings that change while a real host runs: what applies at once, what waits for the next start, and what is left alone.</summary>
public sealed class ReloadTests : IAsyncLifetime
{
    private ReloadedHost _host = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await ReloadedHost.StartAsync(ReloadedHost.With(("media", ReloadedHost.Source())));

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task A_changed_file_applies_within_seconds_however_it_was_replaced()
    {
        _host.Write(ReloadedHost.With(("media", ReloadedHost.Source()), ("one", ReloadedHost.Source())));
        await AcceptedAsync("one");

        // In its place.
        await File.WriteAllTextAsync(_host.File, ReloadedHost.Json(ReloadedHost.With(("two", ReloadedHost.Source()))), Cancelled);
        await AcceptedAsync("two");

        // By links, as a ConfigMap is mounted.
        var folders = Path.GetDirectoryName(_host.File)!;
        foreach (var name in (string[])["three", "four"])
        {
            Directory.CreateDirectory(Path.Combine(folders, name));
            await File.WriteAllTextAsync(Path.Combine(folders, name, "settings.json"), ReloadedHost.Json(ReloadedHost.With((name, ReloadedHost.Source()))), Cancelled);
        }

        File.CreateSymbolicLink(Path.Combine(folders, "data"), "three");
        File.Delete(_host.File);
        File.CreateSymbolicLink(_host.File, Path.Combine("data", "settings.json"));
        await AcceptedAsync("three");
        File.CreateSymbolicLink(Path.Combine(folders, "next"), "four");

        // File.Move follows a link to a folder.
        using (var move = System.Diagnostics.Process.Start("mv", ["-T", Path.Combine(folders, "next"), Path.Combine(folders, "data")]))
            await move.WaitForExitAsync(Cancelled);
        await AcceptedAsync("four");
        Assert.Equal(4, _host.Reloads);
        Assert.DoesNotContain("is wrong", _host.Process.Printed, StringComparison.Ordinal);

        Task AcceptedAsync(string source) => Eventually.HoldsAsync(async () => await _host.NotifyAsync(source, "z0.1") == HttpStatusCode.OK, condition: source);
    }

    [Fact]
    public async Task One_line_says_what_changed_by_names_alone()
    {
        await _host.ReloadAsync(Other("0123456789abcdef"));
        Assert.Contains(
            "settings.json: sources added1, added2 added; source media changed; API key ci added; webhook crm added", _host.Process.Printed, StringComparison.Ordinal);

        await _host.ReloadAsync(Other("fedcba9876543210"));
        Assert.Contains("settings.json: API key ci changed", _host.Process.Printed, StringComparison.Ordinal);
        await _host.ReloadAsync(Other("fedcba9876543210"));
        Assert.Contains("settings.json: nothing changed", _host.Process.Printed, StringComparison.Ordinal);
        await _host.ReloadAsync(ReloadedHost.With(("added1", ReloadedHost.Source())));
        Assert.Contains(
            "settings.json: sources added2, media removed; API key ci removed; webhook crm removed", _host.Process.Printed, StringComparison.Ordinal);
        Assert.DoesNotContain("fedcba", _host.Process.Printed, StringComparison.Ordinal);
        Assert.DoesNotContain("other-token", _host.Process.Printed, StringComparison.Ordinal);

        static JsonObject Other(string key)
        {
            var settings = ReloadedHost.With(
                ("media", ReloadedHost.Source(token: "other-token")), ("added2", ReloadedHost.Source()), ("added1", ReloadedHost.Source()));
            settings["ApiKeys"] = new JsonObject { ["ci"] = new JsonObject { ["Key"] = key, ["Rights"] = "Read" } };
            settings["Webhooks"] = ReloadedHost.Webhook(new("http://127.0.0.1:9/hook"), WebhookReceiver.Secret(7));
            return settings;
        }
    }

    [Fact]
    public async Task A_token_that_was_replaced_is_refused_at_the_next_request()
    {
        Assert.Equal(HttpStatusCode.OK, await _host.NotifyAsync("media", "z0.1"));

        await _host.ReloadAsync(ReloadedHost.With(("media", ReloadedHost.Source(token: "other-token"))));

        Assert.Equal(HttpStatusCode.NotFound, await _host.NotifyAsync("media", "z0.2"));
        Assert.Equal(HttpStatusCode.OK, await _host.NotifyAsync("media", "z0.2", "other-token"));
    }

    [Fact]
    public async Task A_source_that_was_removed_is_notified_and_polled_no_more_and_goes_on_when_it_returns()
    {
        await using var status = await StatusStub.StartAsync();
        var both = ReloadedHost.With(("media", ReloadedHost.Source()), ("other", ReloadedHost.Source(status.Endpoint, first: "00:00:04")));
        await _host.ReloadAsync(both);
        await _host.RegisterAsync("other", "z0.open");
        Assert.Equal(HttpStatusCode.OK, await _host.NotifyAsync("other", "z0.over"));
        await _host.NotifyAsync("other", "z0.wrong", "wrong-token");
        Assert.Contains("\"wrongToken\"", await _host.HealthAsync(), StringComparison.Ordinal);

        await _host.ReloadAsync(ReloadedHost.With(("media", ReloadedHost.Source())));
        Assert.Equal(HttpStatusCode.NotFound, await _host.NotifyAsync("other", "z0.open"));
        Assert.Equal(HttpStatusCode.NotFound, await _host.NotifyAsync("nobody", "z0.open"));
        Assert.DoesNotContain("\"wrongToken\"", await _host.HealthAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("other", await _host.Http.GetStringAsync("/api/overview", Cancelled), StringComparison.Ordinal);

        await Eventually.HoldsAsync(() => _host.Process.Printed.Contains("Source other was removed and leaves 1 open job(s)", StringComparison.Ordinal));
        Assert.Contains("Over: Notifications with a wrong token are answered 404. Source: other.", _host.Process.Printed, StringComparison.Ordinal);

        // Its jobs are there, as after a start without it, and nobody polls them though they are due.
        var jobs = await _host.Http.GetStringAsync("/api/jobs?source=other", Cancelled);
        Assert.Contains("z0.open", jobs, StringComparison.Ordinal);
        Assert.Contains("z0.over", jobs, StringComparison.Ordinal);
        await Task.Delay(6000, Cancelled);
        Assert.Empty(status.Asked);

        status.Succeeds("z0.open");
        await _host.ReloadAsync(both);
        Assert.Equal("succeeded", (string?)JsonNode.Parse(await _host.Http.GetStringAsync("/api/jobs/other/z0.open?wait=20", Cancelled))!["state"]);
        Assert.Equal(1, status.TimesAsked("z0.open"));
    }

    [Fact]
    public async Task Polls_go_to_a_status_api_that_was_corrected_also_those_that_waited_for_their_turn()
    {
        await using var wrong = await StatusStub.StartAsync();
        await using var right = await StatusStub.StartAsync();
        var ids = Enumerable.Range(0, 20).Select(i => $"z0.{i}").ToList();
        foreach (var id in ids)
            (wrong.Answers[id], right.Answers[id]) = ((429, []), (200, System.Text.Encoding.UTF8.GetBytes(StatusStub.Succeeded(id))));

        // One poll in 100 s, and a pause: the others would wait for minutes.
        await _host.ReloadAsync(ReloadedHost.With(("media", ReloadedHost.Source(wrong.Endpoint, first: "00:00:00.1", perSecond: 0.01))));
        await _host.RegisterAsync("media", ids);
        await Eventually.HoldsAsync(() => !wrong.Asked.IsEmpty);
        await _host.ReloadAsync(ReloadedHost.With(("media", ReloadedHost.Source(right.Endpoint, first: "00:00:00.1"))));

        await Eventually.HoldsAsync(() => right.Asked.Count >= ids.Count - 1, TimeSpan.FromSeconds(20));
        Assert.All(right.Asked.GroupBy(asked => asked.Id), one => Assert.Single(one));
        Assert.Single(wrong.Asked);
    }

    [Fact]
    public async Task Keys_count_from_the_next_request_on_and_end_what_waits()
    {
        var settings = ReloadedHost.With(("media", ReloadedHost.Source()), ("other", ReloadedHost.Source()));
        settings["ApiKeys"] = new JsonObject
        {
            ["goes"] = Key("the-key-that-goes"),
            ["narrowed"] = Key("the-key-that-is-narrowed", "media", "other"),
            ["stays"] = Key("the-key-that-stays", "media", "other"),
        };
        await _host.ReloadAsync(settings);
        await _host.RegisterAsync("other", "z0.1");
        using var goes = _host.HttpOf("the-key-that-goes");
        var streams = new Dictionary<string, Task<string>>();
        foreach (var key in (string[])["the-key-that-goes", "the-key-that-is-narrowed", "the-key-that-stays"])
            streams[key] = await FollowAsync(key);
        var waiting = goes.GetAsync("/api/jobs/other/z0.1?wait=60", Cancelled);
        await Task.Delay(500, Cancelled);
        Assert.False(waiting.IsCompleted);

        settings["ApiKeys"] = new JsonObject
        {
            ["comes"] = Key("the-key-that-comes"),
            ["narrowed"] = Key("the-key-that-is-narrowed", "media"),
            ["stays"] = Key("the-key-that-stays", "other", "media"),
        };
        await _host.ReloadAsync(settings);

        Assert.Equal(HttpStatusCode.Unauthorized, await _host.StatusOfAsync("/api/jobs", "the-key-that-goes"));
        Assert.Equal(HttpStatusCode.OK, await _host.StatusOfAsync("/api/jobs", "the-key-that-comes"));
        Assert.Equal(HttpStatusCode.BadRequest, await _host.StatusOfAsync("/api/jobs?source=other", "the-key-that-is-narrowed"));
        using var refused = await waiting.WaitAsync(TimeSpan.FromSeconds(5), Cancelled);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("\"status\":401", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        await streams["the-key-that-goes"].WaitAsync(TimeSpan.FromSeconds(5), Cancelled);
        await streams["the-key-that-is-narrowed"].WaitAsync(TimeSpan.FromSeconds(5), Cancelled);

        // A key that may do what it could goes on as if nothing had been.
        await _host.NotifyAsync("other", "z0.1");
        await Task.Delay(1000, Cancelled);
        Assert.False(streams["the-key-that-stays"].IsCompleted);
    }

    [Fact]
    public async Task A_webhook_starts_where_it_is_added_and_another_keeps_its_delivery()
    {
        await using var first = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(7));
        await using var second = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(8));
        var answered = new TaskCompletionSource();
        first.Answer = async (context, _) =>
        {
            await answered.Task;
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        };
        var settings = ReloadedHost.With(("media", ReloadedHost.Source()));
        settings["Webhooks"] = ReloadedHost.Webhook(first.Url, WebhookReceiver.Secret(7));
        await _host.ReloadAsync(settings);
        await _host.NotifyAsync("media", "z0.1");
        await Eventually.HoldsAsync(() => first.Received.Count == 1);

        settings["Webhooks"]!["added"] = ReloadedHost.Webhook(second.Url, WebhookReceiver.Secret(8))["crm"]!.DeepClone();
        await _host.ReloadAsync(settings);
        await _host.NotifyAsync("media", "z0.2");
        await Eventually.HoldsAsync(() => second.Received.Count == 1);
        Assert.Contains("z0.2", System.Text.Encoding.UTF8.GetString(second.Received[0].Body), StringComparison.Ordinal);
        Assert.True(second.Received[0].IsGenuine);
        Assert.Single(first.Received);

        // What was on its way is not sent again, and what follows comes after it.
        answered.SetResult();
        await Eventually.HoldsAsync(() => first.Received.Count == 2);
        Assert.Equal(2, first.Received.Select(one => one.Id).Distinct().Count());

        settings["Webhooks"]!.AsObject().Remove("added");
        await _host.ReloadAsync(settings);
        await _host.NotifyAsync("media", "z0.3");
        await Eventually.HoldsAsync(() => first.Received.Count == 3);
        Assert.Equal(HttpStatusCode.NotFound, await _host.StatusOfAsync("/api/webhooks/added"));
        Assert.Single(second.Received);
    }

    [Fact]
    public async Task What_takes_effect_at_the_next_start_is_named_and_the_rest_applies()
    {
        var settings = ReloadedHost.With(("added", ReloadedHost.Source()));
        settings["Retention"] = "1.00:00:00";
        settings["MaxBodyBytes"] = 65536;
        await _host.ReloadAsync(settings);

        Assert.Equal(HttpStatusCode.OK, await _host.NotifyAsync("added", "z0.1"));
        await Eventually.HoldsAsync(() => _host.Process.Printed.Contains("Kind: RestartNeeded", StringComparison.Ordinal));
        var line = Assert.Single(_host.Process.Printed.Split('\n'), line => line.Contains("Kind: RestartNeeded", StringComparison.Ordinal));
        Assert.Contains("at the next start: FopWatch:MaxBodyBytes, FopWatch:Retention. Kind", line, StringComparison.Ordinal);
        Assert.Contains("\"restartNeeded\"", await _host.HealthAsync(), StringComparison.Ordinal);
        Assert.Equal(
            2, (await _host.ExamineAsync()).Findings.Count(finding => finding.Level == "warning" && finding.What.ToString().EndsWith("was changed in the settings file.", StringComparison.Ordinal)));

        await _host.ReloadAsync(ReloadedHost.With(("added", ReloadedHost.Source())));
        Assert.DoesNotContain("\"restartNeeded\"", await _host.HealthAsync(), StringComparison.Ordinal);
    }

    private async Task<Task<string>> FollowAsync(string key)
    {
        var http = _host.HttpOf(key);
        var response = await http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        response.EnsureSuccessStatusCode();
        return response.Content.ReadAsStringAsync(Cancelled);
    }

    private static JsonObject Key(string key, params string[] sources)
    {
        var one = new JsonObject { ["Key"] = key, ["Rights"] = "Read" };
        if (sources.Length > 0)
            one["Sources"] = new JsonArray([.. sources.Select(source => (JsonNode)source)]);
        return one;
    }
}

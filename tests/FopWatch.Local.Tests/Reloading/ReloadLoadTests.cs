using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace FopWatch.Local.Tests.Reloading;

/// <summary>Reloads one after the other: under load, and for long.</summary>
public sealed class ReloadLoadTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Reloads_under_load_lose_no_notification_and_poll_no_job_twice()
    {
        const int Polled = 600;
        await using var status = await StatusStub.StartAsync();
        status.Answer = (id, _) => (200, StatusStub.Succeeded(id));
        status.Delay = TimeSpan.FromMilliseconds(100);
        await using var host = await ReloadedHost.StartAsync(Settings(0));

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var notified = new ConcurrentQueue<string>();
        var senders = Enumerable.Range(0, 4).Select(sender => Task.Run(
            async () =>
            {
                for (var i = 0; !ended.IsCancellationRequested; i++)
                {
                    var id = $"z0.n{sender}-{i}";
                    Assert.Equal(HttpStatusCode.OK, await host.NotifyAsync("media", id));
                    notified.Enqueue(id);
                }
            },
            Cancelled)).ToList();
        for (var i = 0; i < 30; i++)
        {
            await host.RegisterAsync("media", Enumerable.Range(i * Polled / 30, Polled / 30).Select(number => $"z0.p{number}"));
            await host.ReloadAsync(Settings(i + 1));
        }

        await Eventually.HoldsAsync(() => status.AskedIds.Distinct().Count() >= Polled);
        await ended.CancelAsync();
        await Task.WhenAll(senders);
        await Eventually.HoldsAsync(async () =>
            JsonNode.Parse(await host.Http.GetStringAsync("/api/jobs?state=waiting,processing&top=1000", Cancelled))!["jobs"]!.AsArray().Count == 0);

        Assert.All(status.AskedIds.GroupBy(id => id), one => Assert.Single(one));
        Assert.True(notified.Count > 100, $"{notified.Count} notifications");
        foreach (var id in notified.Where((_, i) => i % 20 == 0))
            Assert.Equal(HttpStatusCode.OK, await host.StatusOfAsync($"/api/jobs/media/{id}"));
        Assert.DoesNotContain("fail:", host.Process.Printed, StringComparison.Ordinal);

        // The source itself changes each time, another comes and goes, and so do a key and a webhook.
        JsonObject Settings(int turn)
        {
            var media = ReloadedHost.Source(status.Endpoint, first: "00:00:00.5", perSecond: 100 + turn);
            var settings = turn % 2 == 0
                ? ReloadedHost.With(("media", media))
                : ReloadedHost.With(("media", media), ("other", ReloadedHost.Source(status.Endpoint)));
            if (turn % 3 == 0)
                settings["ApiKeys"] = new JsonObject { ["ci"] = new JsonObject { ["Key"] = $"0123456789abcdef{turn}", ["Rights"] = "Read" } };
            if (turn % 3 == 1)
                settings["Webhooks"] = Webhook(turn);
            return settings;
        }
    }

    [Fact]
    public async Task Two_hundred_reloads_leave_nothing_behind()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "What a process holds is read from /proc.");
        await using var status = await StatusStub.StartAsync();
        status.Answer = (id, _) => (200, StatusStub.Succeeded(id));
        await using var host = await ReloadedHost.StartAsync(Settings(0));
        var (descriptors, memory, threads) = (0, 0L, 0);
        for (var turn = 1; turn <= 200; turn++)
        {
            await host.ReloadAsync(Settings(turn));

            // Its loop, its lane and its connection are made.
            await host.RegisterAsync($"source{turn}", $"z0.{turn}");
            await Eventually.HoldsAsync(() => status.TimesAsked($"z0.{turn}") == 1);
            if (turn == 50)
                (descriptors, memory, threads) = (host.Process.OpenFiles, host.Process.Memory, Threads(host));
        }

        Assert.All(status.AskedIds.GroupBy(id => id), one => Assert.Single(one));
        await Eventually.HoldsAsync(() => host.Process.OpenFiles <= descriptors + 8);

        // The thread pool grows on a busy machine, but a thread that each reload left would make 150.
        await Eventually.HoldsAsync(() => Threads(host) <= threads + 75);
        Assert.InRange(host.Process.Memory, 0, memory + (48 << 20));
        Assert.Single(JsonNode.Parse(await host.Http.GetStringAsync("/api/overview", Cancelled))!["sources"]!.AsArray());
        Assert.Single(JsonNode.Parse(await host.Http.GetStringAsync("/api/webhooks", Cancelled))!["webhooks"]!.AsArray());
        Assert.DoesNotContain("fail:", host.Process.Printed, StringComparison.Ordinal);

        // A new source, key and webhook each time, which replace the ones before.
        JsonObject Settings(int turn)
        {
            var settings = ReloadedHost.With(($"source{turn}", ReloadedHost.Source(status.Endpoint, first: "00:00:00.01")));
            settings["ApiKeys"] = new JsonObject { [$"key{turn}"] = new JsonObject { ["Key"] = $"0123456789abcdef{turn}", ["Rights"] = "Read" } };
            settings["Webhooks"] = Webhook(turn);
            return settings;
        }
    }

    private static JsonObject Webhook(int turn) => new()
    {
        [$"hook{turn}"] = new JsonObject
        {
            ["Url"] = "http://127.0.0.1:9/",
            ["Secret"] = Webhooks.WebhookReceiver.Secret((byte)turn),
            ["AllowPrivate"] = true,
        },
    };

    private static int Threads(ReloadedHost host) => int.Parse(
        File.ReadLines($"/proc/{host.Process.Id}/status").First(line => line.StartsWith("Threads:", StringComparison.Ordinal)).AsSpan("Threads:".Length),
        CultureInfo.InvariantCulture);
}

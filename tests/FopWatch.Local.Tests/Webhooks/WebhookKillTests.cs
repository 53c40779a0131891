using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using FopWatch.Contracts;

namespace FopWatch.Local.Tests.Webhooks;

/// <summary>The host as its own process, killed repeatedly while it sends webhooks.</summary>
[Collection(nameof(KillTests))]
public sealed class WebhookKillTests
{
    private const int Kills = 12;
    private const int LeastJobs = 600;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 240_000)]
    public async Task Killed_repeatedly_it_sends_every_event_in_order_and_repeats_only_those_in_flight()
    {
        var seed = Environment.TickCount;
        TestContext.Current.TestOutputHelper?.WriteLine($"seed {seed}");
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(9));
        receiver.Answer = async (context, _) =>
        {
            // Long enough for a kill to hit an event in flight.
            await Task.Delay(3, CancellationToken.None);
            context.Response.StatusCode = (int)HttpStatusCode.OK;
        };
        using var folder = new TempFolder();
        using var host = new HostProcess(folder.FullName, new Dictionary<string, string?>(Load.Settings.Concat(receiver.Settings("crm", WebhookReceiver.Secret(9)))));
        host.Start();
        await host.UntilReadyAsync();

        var over = false;
        var sent = 0;
        var sending = Task.Run(
            async () =>
            {
                using var http = new HttpClient { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(5) };
                while (!Volatile.Read(ref over) || sent < LeastJobs)
                    await SendAsync(http, sent++);
            },
            Cancelled);
        var random = new Random(seed);
        for (var i = 0; i < Kills; i++)
        {
            var before = receiver.Received.Count;
            await Eventually.HoldsAsync(() => receiver.Received.Count > before + 5);
            await Task.Delay(random.Next(0, 300), Cancelled);
            host.Kill();
            host.Start();
        }

        Volatile.Write(ref over, true);
        await sending;
        await host.UntilReadyAsync();
        var log = await LogAsync(host.Url, sent);
        await Eventually.HoldsAsync(() => receiver.Received.Count > 0 && receiver.Received[^1].Id == log[^1], TimeSpan.FromMinutes(2));

        Assert.All(receiver.Received, one => Assert.True(one.IsGenuine));
        var ids = receiver.Received.Select(one => one.Id).ToList();
        var (distinct, repeated) = (ids.Where((id, i) => i == 0 || ids[i - 1] != id).ToList(), 0);
        repeated = ids.Count - distinct.Count;
        Figures.Report("Webhook of the embedded host, killed and restarted", sent, $"{Kills} SIGKILLs", log.Except(ids).Count(), 0, $"{repeated} events", "on its way: sent again");
        Assert.Equal(log, distinct);
        Assert.InRange(repeated, 0, Kills);
    }

    /// <summary>The receiver is slow and a caller waits for an outcome, so that a stop meets both.</summary>
    [Fact(Timeout = 180_000)]
    public async Task Stopped_repeatedly_it_sends_every_event_once()
    {
        const int Jobs = 12;
        await using var receiver = await WebhookReceiver.StartAsync(WebhookReceiver.Secret(9));
        receiver.Answer = async (context, _) =>
        {
            await Task.Delay(700, CancellationToken.None);
            context.Response.StatusCode = (int)HttpStatusCode.OK;
        };
        using var folder = new TempFolder();
        using var host = new HostProcess(folder.FullName, new Dictionary<string, string?>(Load.Settings.Concat(receiver.Settings("crm", WebhookReceiver.Secret(9)))));
        host.Start();
        await host.UntilReadyAsync();
        using var http = new HttpClient { BaseAddress = host.Url };
        for (var i = 0; i < Jobs; i++)
            await SendAsync(http, i);

        for (var stops = 0; stops < 4; stops++)
        {
            var before = receiver.Received.Count;

            // Where stops and starts are slow, all events have arrived before the last stop.
            await Eventually.HoldsAsync(() => receiver.Received.Count > before || receiver.Received.Count >= Jobs);
            var (waiting, following) = (http.GetAsync("/api/jobs/media/z0.open?wait=50", Cancelled), http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead, Cancelled));
            using (await following)
                Assert.Equal(0, await host.SignalAsync("TERM"));
            await waiting.ContinueWith(_ => { }, TaskScheduler.Default);
            host.Start();
            await host.UntilReadyAsync();
        }

        await Eventually.HoldsAsync(() => receiver.Received.Count >= Jobs, TimeSpan.FromMinutes(1));
        await Task.Delay(1500, Cancelled);
        Assert.Equal(Jobs, receiver.Received.Count);
        Assert.Equal(Jobs, receiver.Received.Select(one => one.Id).Distinct().Count());
    }

    /// <summary>Sends a notification until it is acknowledged.</summary>
    private static async Task SendAsync(HttpClient http, int number)
    {
        while (true)
        {
            try
            {
                using var content = new StringContent(StatusStub.Succeeded($"z0.kill{number:0000}"), Encoding.UTF8, "application/json");
                using var answer = await http.PostAsync($"/api/notify/media/{Load.Token}", content, Cancelled);
                if (answer.StatusCode == HttpStatusCode.OK)
                    return;
            }
            catch (Exception e) when (e is HttpRequestException or IOException or TaskCanceledException && !Cancelled.IsCancellationRequested)
            {
                // The host is down.
            }

            await Task.Delay(20, Cancelled);
        }
    }

    /// <summary>The ids of the first events of the log.</summary>
    private static async Task<List<string>> LogAsync(Uri host, int count)
    {
        using var http = new HttpClient { BaseAddress = host };
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events?lastEventId=0");
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        await using var stream = await response.Content.ReadAsStreamAsync(Cancelled);
        var ids = new List<string>();
        await foreach (var item in SseParser
            .Create(stream, (_, data) => JsonSerializer.Deserialize(data, ContractsJson.Default.JobEvent)!)
            .EnumerateAsync(Cancelled))
        {
            ids.Add(item.Data.Id);
            if (ids.Count == count)
                break;
        }

        return ids;
    }
}

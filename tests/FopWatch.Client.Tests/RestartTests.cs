using FopWatch.Contracts;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Client.Tests;

/// <summary>The host restarts and connections are cut while the client waits and follows.</summary>
public sealed class RestartTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 180_000)]
    public async Task A_wait_continues_after_a_restart_and_cut_connections()
    {
        await using var host = await RunningHost.StartAsync();
        await using var proxy = new CuttingProxy(host.Host.Url);
        using var client = new FopWatchClient(new() { Url = proxy.Url });
        await client.RegisterAsync(new() { Source = "media", Id = "z0.1" }, Cancelled);

        var waiting = client.WaitAsync("media", "z0.1", Cancelled);
        await Eventually.HoldsAsync(() => proxy.Open > 0);
        await host.StopAsync();
        Assert.False(waiting.IsCompleted);
        await host.RestartAsync();
        proxy.Host = host.Host.Url;
        await Eventually.HoldsAsync(() => proxy.Open > 0);
        proxy.CutAll();
        await NotifyAsync(host, "z0.1");

        Assert.Equal(JobState.Succeeded, (await waiting.WaitAsync(TimeSpan.FromSeconds(90), Cancelled)).State);
    }

    [Fact(Timeout = 180_000)]
    public async Task Events_continue_after_a_restart_and_cut_connections_without_a_gap()
    {
        await using var host = await RunningHost.StartAsync();
        await using var proxy = new CuttingProxy(host.Host.Url);
        using var client = new FopWatchClient(new() { Url = proxy.Url });
        var (seen, lost) = (new List<string>(), 0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var opened = new TaskCompletionSource();
        string? cursor = null;
        var following = Task.Run(() => FollowAsync("0", stop.Token), Cancelled);
        await opened.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);

        await NotifyAsync(host, "z0.1");
        await SeenAsync(1);
        proxy.CutAll();
        await NotifyAsync(host, "z0.2");
        await SeenAsync(2);
        await host.StopAsync();
        await host.RestartAsync();
        proxy.Host = host.Host.Url;
        await NotifyAsync(host, "z0.3");
        await SeenAsync(3);
        Assert.True(lost >= 2, $"{lost}");

        // The program ends, and restarts with its stored cursor.
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        await NotifyAsync(host, "z0.4");
        var again = new List<string>();
        await foreach (var item in client.EventsAsync(cursor, cancellationToken: Cancelled))
        {
            if (item is not EventReceived received)
                continue;
            again.Add(received.Event.Subject);
            break;
        }

        Assert.Equal(["z0.1", "z0.2", "z0.3"], seen.Distinct());
        Assert.Equal(["z0.4"], again);

        Task SeenAsync(int count) => Eventually.HoldsAsync(() =>
        {
            lock (seen)
                return seen.Distinct().Count() == count;
        });

        async Task FollowAsync(string after, CancellationToken cancellationToken)
        {
            await foreach (var item in client.EventsAsync(after, cancellationToken: cancellationToken))
            {
                opened.TrySetResult();
                lock (seen)
                {
                    cursor = item.Cursor ?? cursor;
                    if (item is EventReceived received)
                        seen.Add(received.Event.Subject);
                    else if (item is EventStreamLost)
                        lost++;
                }
            }
        }
    }

    [Fact(Timeout = 120_000)]
    public async Task A_registration_whose_connection_is_cut_is_retried()
    {
        await using var host = await RunningHost.StartAsync();
        await using var proxy = new CuttingProxy(host.Host.Url) { CutNext = 2 };
        using var client = new FopWatchClient(new() { Url = proxy.Url });

        var registered = await client.RegisterAsync(new() { Source = "media", Id = "z0.1" }, Cancelled);

        Assert.Equal(("z0.1", 0), (registered.Id, proxy.CutNext));
        Assert.NotNull(await client.GetAsync("media", "z0.1", Cancelled));
        Assert.InRange(proxy.Accepted, 3, int.MaxValue);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_registration_waits_for_a_host_whose_store_fails()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = HostTests.ClientOf(host);
        var folder = host.Folder + "-aside";
        Directory.Move(host.Folder, folder);

        var registering = client.RegisterAsync(new() { Source = "media", Id = "z0.1" }, Cancelled);
        await Task.WhenAny(registering, Task.Delay(700, Cancelled));
        Assert.False(registering.IsCompleted, "A host without its data folder accepts nothing.");
        Directory.Move(folder, host.Folder);

        Assert.Equal("z0.1", (await registering).Id);
    }

    [Fact(Timeout = 120_000)]
    public async Task A_different_event_log_is_reported()
    {
        await using var host = await RunningHost.StartAsync();
        using var client = HostTests.ClientOf(host);
        await NotifyAsync(host, "z0.1");

        var items = new List<EventStreamItem>();
        await foreach (var item in client.EventsAsync("17-00000000", "media", Cancelled))
        {
            items.Add(item);
            if (item is EventReceived)
                break;
        }

        Assert.IsType<EventStreamOpened>(items[0]);
        Assert.Contains("\"after\":17", Assert.Single(items.OfType<EventsRestarted>()).Json, StringComparison.Ordinal);
        Assert.Equal("z0.1", items.OfType<EventReceived>().Single().Event.Subject);
        Assert.NotNull(items[^1].Cursor);
    }

    private static async Task NotifyAsync(RunningHost host, string id)
    {
        using var answer = await host.NotifyAsync("media", $$"""{"id":"{{id}}","code":0,"desc":"","items":[{"cmd":"avthumb/mp4","code":0,"desc":"","key":"out.mp4","hash":"h"}]}""");
        Assert.Equal(200, (int)answer.StatusCode);
    }
}

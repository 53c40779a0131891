using System.Diagnostics;
using FopWatch.Functions.Watching;
using FopWatch.Intake;

namespace FopWatch.Functions.Tests;

/// <summary>A task hub that accepts calls without answering, and its effect on requests.</summary>
[Collection(nameof(StuckWatchesTests))]
public class HangingHubTests(SharedAzurite azurite)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_hanging_task_hub_delays_a_request_once_and_watches_start_when_it_answers_again()
    {
        var hang = new HangingHub(hangs: true);
        await using var host = await StartAsync(hang);

        // Like a request that registers one job after another.
        var request = Stopwatch.StartNew();
        for (var i = 0; i < 100; i++)
            await host.RegisterAsync($"one-{i}");
        Output($"100 jobs, one after another: {request.Elapsed}, {hang.Calls} calls");

        // One more for each pause that was exceeded on a slow machine.
        var calls = 1 + (int)(request.Elapsed / HubCalls.Pause);
        Assert.InRange(hang.Calls, 1, calls);
        Assert.Equal(hang.Calls, host.Log.ToString().Split("A watch could not be started at once: the task hub did not answer within").Length - 1);
        Assert.DoesNotContain("CanceledException", host.Log.ToString(), StringComparison.Ordinal);
        host.Time.Shift(HubCalls.Pause + TimeSpan.FromSeconds(1));
        calls = hang.Calls;
        await host.RegisterAsync("again");
        Assert.Equal(calls + 1, hang.Calls);

        // A notification neither waits nor fails.
        Assert.Equal(NotificationResult.Recorded, await host.NotifyAsync("one-0"));
        Assert.Equal(calls + 1, hang.Calls);

        // After the pause, one of many calls tries it.
        host.Time.Shift(HubCalls.Pause + TimeSpan.FromSeconds(1));
        await RegisterAtOnceAsync(host, "later", 50);
        Assert.Equal(calls + 2, hang.Calls);

        hang.Ends();
        await host.RegisterAsync("skipped");
        Assert.Null(await host.InstanceAsync("skipped"));
        host.Time.Shift(HubCalls.Pause + TimeSpan.FromSeconds(1));
        await host.RegisterAsync("probe");
        await host.RegisterAsync("watched");
        Assert.NotNull(await host.InstanceAsync("probe"));
        Assert.NotNull(await host.InstanceAsync("watched"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Concurrent_requests_wait_for_a_hanging_task_hub_only_once()
    {
        var hang = new HangingHub(hangs: true);
        await using var host = await StartAsync(hang);

        await RegisterAtOnceAsync(host, "job", 500);

        // One for each of the 64 that registered before any had waited.
        Assert.InRange(hang.Calls, 1, 64);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_minutely_timer_starts_watches_as_soon_as_the_task_hub_answers_and_ends_the_pause()
    {
        var hang = new HangingHub(hangs: true);
        await using var host = await StartAsync(hang);
        await host.RegisterAsync("missed");
        hang.Ends();

        await host.StartDueAsync();
        Assert.NotNull(await host.InstanceAsync("missed"));

        await host.RegisterAsync("next");
        Assert.NotNull(await host.InstanceAsync("next"));
    }

    [Fact(Timeout = 120_000)]
    public async Task Ending_a_watch_in_a_hanging_task_hub_also_pauses_calls()
    {
        var hang = new HangingHub(hangs: true);
        hang.Ends();
        await using var host = await StartAsync(hang);
        foreach (var id in (string[])["a", "b"])
            await host.RegisterAsync(id);
        hang.Begins();
        var before = hang.Calls;

        foreach (var id in (string[])["a", "b"])
            Assert.Equal(NotificationResult.Recorded, await host.NotifyAsync(id));

        Assert.Equal(before + 1, hang.Calls);
    }

    private async Task<WatchHost> StartAsync(HangingHub hang) => await WatchHost.StartAsync(
        await azurite.StartedAsync(),
        TestTime.Real(),
        (tasks, cancelled) => WatchHost.InMemoryAsync(tasks, hang, cancelled),
        ("First", "00:01:00"));

    private static async Task RegisterAtOnceAsync(WatchHost host, string prefix, int count)
    {
        var since = Stopwatch.StartNew();
        await Parallel.ForAsync(
            0, count, new ParallelOptions { MaxDegreeOfParallelism = 64, CancellationToken = Cancelled }, async (i, _) => await host.RegisterAsync($"{prefix}-{i}"));
        Output($"{count} jobs, 64 at once: {since.Elapsed}");
    }

    private static void Output(string line) => TestContext.Current.TestOutputHelper!.WriteLine(line);
}

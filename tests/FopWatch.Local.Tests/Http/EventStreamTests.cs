using FopWatch.Contracts;

namespace FopWatch.Local.Tests.Http;

public class EventStreamTests
{
    [Fact]
    public async Task A_client_that_comes_back_with_its_position_misses_nothing_over_a_restart()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, "z0.1");
        await SettleAsync(host, "z0.2");
        string position;
        await using (var events = await EventReader.OpenAsync(host, "0"))
        {
            var first = await events.NextAsync();
            Assert.Equal(("z0.1", JobEvent.SettledType), (first.Data.Subject, first.EventType));
            position = first.EventId!;
        }

        await SettleAsync(host, "z0.3");
        await host.StopAsync();
        await host.StartAgainAsync();
        await SettleAsync(host, "z0.4");

        await using var again = await EventReader.OpenAsync(host, position);
        Assert.Equal(
            ["z0.2", "z0.3", "z0.4"],
            [(await again.NextAsync()).Data.Subject, (await again.NextAsync()).Data.Subject, (await again.NextAsync()).Data.Subject]);
    }

    [Fact]
    public async Task Without_a_position_the_stream_starts_now()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, "z0.1");

        // The event of the first job is published when the second one's is: in order.
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync();
        await using var events = await EventReader.OpenAsync(host, null);
        await SettleAsync(host, "z0.2");

        Assert.Equal("z0.2", (await events.NextAsync()).Data.Subject);
    }

    [Fact]
    public async Task A_position_of_a_log_that_is_gone_starts_from_the_beginning()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, "z0.1");
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync();

        await using var events = await EventReader.OpenAsync(host, "1000000");

        Assert.Equal("z0.1", (await events.NextAsync()).Data.Subject);
    }

    [Fact]
    public async Task Progress_and_outcome_are_events_of_their_own_with_rising_versions()
    {
        await using var host = await RunningHost.StartAsync();
        await host.NotifyAsync("media", """{"id":"z0.1","code":2,"items":[{"cmd":"a","code":0,"key":"k"},{"cmd":"b","code":2}]}""");
        await host.NotifyAsync("media", """{"id":"z0.1","code":0,"items":[{"cmd":"a","code":0,"key":"k"},{"cmd":"b","code":3,"error":"no"}]}""");

        await using var events = await EventReader.OpenAsync(host, "0");
        var (progressed, settled) = ((await events.NextAsync()).Data, (await events.NextAsync()).Data);

        Assert.Equal((JobEvent.ProgressedType, JobState.Processing), (progressed.Type, progressed.Data.State));
        Assert.Equal((JobEvent.SettledType, JobState.PartiallyFailed), (settled.Type, settled.Data.State));
        Assert.True(settled.Data.Version > progressed.Data.Version);
        Assert.Equal(("/fopwatch/media", "1.0", "application/json"), (settled.Source, settled.SpecVersion, settled.DataContentType));
    }

    private static async Task SettleAsync(RunningHost host, string id) =>
        (await host.NotifyAsync("media", $$"""{"id":"{{id}}","code":0,"items":[{"cmd":"a","code":0,"key":"k"}]}""")).EnsureSuccessStatusCode();
}

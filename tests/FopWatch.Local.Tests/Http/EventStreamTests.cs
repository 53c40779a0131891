using System.Net;
using System.Text.RegularExpressions;
using FopWatch.Contracts;
using FopWatch.PortContracts;
using FopWatch.Sqlite;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests.Http;

public partial class EventStreamTests
{
    [Fact]
    public async Task A_client_that_resumes_from_its_position_misses_nothing_across_a_restart()
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
        await host.RestartAsync();
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

        // Events are published in order, so the first job's event has been published when the second's is.
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync();
        await using var events = await EventReader.OpenAsync(host, null);
        await SettleAsync(host, "z0.2");

        Assert.Equal("z0.2", (await events.NextAsync()).Data.Subject);
    }

    [Fact]
    public async Task A_position_of_a_lost_log_starts_from_the_beginning()
    {
        await using var host = await RunningHost.StartAsync();
        await SettleAsync(host, "z0.1");
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync();

        await using var events = await EventReader.OpenAsync(host, "1000000");

        Assert.Equal("z0.1", (await events.NextAsync(one => one.EventType == JobEvent.SettledType)).Data.Subject);
        Assert.Equal([.. Restarted(1), "id: 0", ""], await BeginningAsync(host, "1000000"));
        Assert.Equal(["id: 1", ""], await BeginningAsync(host, "1"));
    }

    private static string[] Restarted(int last) =>
        ["event: fopwatch.events.restarted", $$"""data: {"after":1000000,"last":{{last}},"resume":"0"}""", ""];

    [Fact]
    public async Task A_client_that_resumes_before_the_purged_events_is_told_of_the_gap()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var id in (string[])["z0.1", "z0.2", "z0.3"])
            await SettleAsync(host, id);
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync(one => one.Data.Subject == "z0.3");
        foreach (var whole in (string?[])["0", "1", "2", "3", null])
            Assert.DoesNotContain("event: fopwatch.events.purged", await BeginningAsync(host, whole));

        var log = host.Host.Services.GetRequiredService<EventLog>();
        var events = await log.ReadAsync(0, 10, TestContext.Current.CancellationToken);
        Assert.Equal(2, await log.PurgeAsync(events[2].Time, DateTimeOffset.MaxValue, TestContext.Current.CancellationToken));

        // The second position has missed nothing: the third event is still there. The last position is of another log.
        string[] told = ["id: 2", "event: fopwatch.events.purged", """data: {"before":3,"resume":"2"}""", ""];
        Assert.Equal([.. told, "id: 2", ""], await BeginningAsync(host, "0"));
        Assert.Equal([.. told, "id: 2", ""], await BeginningAsync(host, "1"));
        Assert.Equal(["id: 2", ""], await BeginningAsync(host, "2"));
        Assert.Equal(["id: 3", ""], await BeginningAsync(host, "3"));
        Assert.Equal([.. Restarted(3), .. told, "id: 2", ""], await BeginningAsync(host, "1000000"));
        Assert.Equal(["id: 3", ""], await BeginningAsync(host, null));

        Assert.Equal(1, await log.PurgeAsync(events[2].Time.AddDays(1), DateTimeOffset.MaxValue, TestContext.Current.CancellationToken));
        told = ["id: 3", "event: fopwatch.events.purged", """data: {"before":4,"resume":"3"}""", ""];
        Assert.Equal([.. told, "id: 3", ""], await BeginningAsync(host, "0"));
        Assert.Equal(["id: 3", ""], await BeginningAsync(host, "3"));
        Assert.Equal(["id: 3", ""], await BeginningAsync(host, null));
    }

    [Fact]
    public async Task Progress_and_outcome_are_separate_events_with_rising_versions()
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

    [Fact]
    public async Task The_stream_of_one_source_skips_the_others_and_its_position_moves_past_them()
    {
        var clock = new ManualTimeProvider(Sample.Start);
        await using var host = await RunningHost.StartAsync(transportTime: clock);
        await SettleAsync(host, "z0.1");
        await SettleAsync(host, "z0.2", "video");
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync(one => one.Data.Subject == "z0.2");

        using var response = await host.Http.GetAsync(
            "/events?source=media&lastEventId=0", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));
        var lines = new List<string?>();
        while (lines.Count < 6)
            lines.Add(await reader.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["id: 0", "", "id: 1", "event: fopwatch.job.settled"], lines[..4].Select(line => Epochs().Replace(line!, "$1")));

        // The next heartbeat has the position of the skipped event; the one after it has nothing new.
        var next = reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();
        while (!next.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(15));
            await Task.WhenAny(next, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        Assert.Equal("id: 2", Epochs().Replace((await next)!, "$1"));
        await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        next = reader.ReadLineAsync(TestContext.Current.CancellationToken).AsTask();
        while (!next.IsCompleted)
        {
            clock.Advance(TimeSpan.FromSeconds(15));
            await Task.WhenAny(next, Task.Delay(20, TestContext.Current.CancellationToken));
        }

        Assert.Equal(":", await next);
    }

    [Fact]
    public async Task The_stream_of_an_unknown_source_is_refused()
    {
        await using var host = await RunningHost.StartAsync();

        using var answer = await host.Http.GetAsync("/events?source=nosuch", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var problem = await RunningHost.ProblemAsync(answer);
        Assert.Equal(("source", "'nosuch' is not the name of a configured source; the sources are files, media, video."), (problem.Errors![0].Element, problem.Errors[0].Detail));
    }

    /// <summary>The lines of a stream up to its first position, which precedes the first event.</summary>
    [Fact]
    public async Task An_empty_source_is_refused_and_does_not_mean_every_source()
    {
        await using var host = await RunningHost.StartAsync();

        using var answer = await host.Http.GetAsync("/events?source=", HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    private static async Task<List<string>> BeginningAsync(RunningHost host, string? lastEventId)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        timeout.CancelAfter(TimeSpan.FromSeconds(20));
        using var request = new HttpRequestMessage(HttpMethod.Get, "/events");
        if (lastEventId is not null)
            request.Headers.Add("Last-Event-ID", lastEventId);
        using var response = await host.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(timeout.Token));
        var lines = new List<string>();
        do
            lines.Add(Epochs().Replace(await reader.ReadLineAsync(timeout.Token) ?? throw new EndOfStreamException("The event stream ended."), "$1"));
        while (!(lines[^1].Length == 0 && lines[^2].StartsWith("id: ", StringComparison.Ordinal)));
        return lines;
    }

    private static async Task SettleAsync(RunningHost host, string id, string source = "media") =>
        (await host.NotifyAsync(source, $$"""{"id":"{{id}}","code":3,"items":[{"cmd":"a","code":3,"key":"k"}]}""")).EnsureSuccessStatusCode();

    /// <summary>Most tests ignore the epoch of a position.</summary>
    [GeneratedRegex("((?:^id: |\"resume\":\")[0-9]+)-[0-9a-f]{8}")]
    private static partial Regex Epochs();
}

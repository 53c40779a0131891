using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;
using FopWatch.PortContracts;

namespace FopWatch.Local.Tests.CommandLine;

public class WatchTests
{
    [Fact]
    public async Task Each_event_is_a_readable_line()
    {
        await using var host = await RunningHost.StartAsync();
        await NotifyAsync(host, """{"id":"z0.1","code":2,"items":[{"cmd":"a","code":0,"key":"k"},{"cmd":"b","code":2}]}""");
        await NotifyAsync(host, """{"id":"z0.1","code":0,"items":[{"cmd":"a","code":0,"key":"k"},{"cmd":"b","code":3,"error":"not\u001b[2Ja [red]valid[/]\nmedia"}]}""");
        await using var run = CommandRun.Start(["watch", "--from", "start", "--url", host.Host.Url.AbsoluteUri]);

        await run.Output.UntilAsync("\n", times: 2);
        run.Interrupt();

        Assert.Equal(ExitCodes.Ok, await run.ExitAsync());
        var lines = run.Output.ToString().Split('\n');
        Assert.Matches(@"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  media  z0\.1  processing  1 ok, 1 open$", lines[0].TrimEnd());
        Assert.EndsWith(@"  media  z0.1  partiallyFailed  1 ok, 1 failed  not\u001B[2Ja [red]valid[/]\nmedia", lines[1], StringComparison.Ordinal);
        Assert.Contains("--from", run.Error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_shows_one_source_and_resumes_after_a_position()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var (source, id) in new[] { ("media", "z0.1"), ("video", "z0.2"), ("media", "z0.3") })
            await NotifyAsync(host, $$"""{"id":"{{id}}","code":3,"items":[{"cmd":"a","code":3,"key":"b:k","error":""}]}""", source);
        await using (var all = await EventReader.OpenAsync(host, "0"))
        {
            for (var n = 0; n < 3; n++)
                await all.NextAsync();
        }

        await using var media = CommandRun.Start(["watch", "--source", "media", "--from", "start", "--url", host.Host.Url.AbsoluteUri]);
        await media.Output.UntilAsync("z0.3");
        await using var later = CommandRun.Start(["watch", "--from", "1", "--url", host.Host.Url.AbsoluteUri]);
        await later.Output.UntilAsync("z0.3");

        Assert.DoesNotContain("z0.2", media.Output.ToString(), StringComparison.Ordinal);
        Assert.Contains("z0.1", media.Output.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("z0.1", later.Output.ToString(), StringComparison.Ordinal);
        Assert.Contains("z0.2", later.Output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task JSON_output_is_one_CloudEvent_per_line_without_terminal_sequences()
    {
        await using var host = await RunningHost.StartAsync();
        await NotifyAsync(host, """{"id":"z0.1","code":3,"items":[{"cmd":"a","code":3,"error":"\u001b[2J\u009b\u007f"}]}""");
        await using var run = CommandRun.Start(["watch", "--json", "--from", "start", "--url", host.Host.Url.AbsoluteUri]);
        await run.Output.UntilAsync("\n");
        run.Interrupt();
        await run.ExitAsync();

        var line = Assert.Single(run.Output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.DoesNotContain(line, char.IsControl);
        var told = JsonSerializer.Deserialize(line, ContractsJson.Default.JobEvent)!;
        Assert.Equal(("1.0", "z0.1", "\u001b[2J\u009b\u007f"), (told.SpecVersion, told.Subject, told.Data.Items[0].Error));
    }

    [Fact]
    public async Task Across_a_restart_of_the_host_no_event_is_missed_or_repeated_even_if_none_came_before()
    {
        await using var host = await RunningHost.StartAsync();
        await NotifyAsync(host, """{"id":"z0.before","code":0,"items":[{"cmd":"a","code":0,"key":"k"}]}""");
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync();
        var (url, clock) = (host.Host.Url, new ManualTimeProvider(Sample.Start));
        await using var run = CommandRun.Start(["watch", "--url", url.AbsoluteUri], clock);
        await run.Error.UntilAsync("connected");

        await host.StopAsync();
        await run.Error.UntilAsync("retrying in");
        await host.RestartAsync(url: url);
        await NotifyAsync(host, """{"id":"z0.between","code":0,"items":[{"cmd":"a","code":0,"key":"k"}]}""");
        await host.JobAsync("media", "z0.between", "?wait=10");

        // In steps: the host's time limit for an answer also runs by this clock.
        await Eventually.HoldsAsync(() =>
        {
            clock.Advance(TimeSpan.FromSeconds(1));
            return run.Error.ToString().Contains("reconnected", StringComparison.Ordinal);
        });
        await NotifyAsync(host, """{"id":"z0.after","code":0,"items":[{"cmd":"a","code":0,"key":"k"}]}""");
        await run.Output.UntilAsync("z0.after");

        Assert.Equal(
            ["z0.between", "z0.after"],
            run.Output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split("  ")[2]));
    }

    [Fact]
    public async Task A_position_beyond_the_log_is_reported_before_all_events_are_shown()
    {
        await using var host = await RunningHost.StartAsync();
        await NotifyAsync(host, """{"id":"z0.1","code":0,"items":[{"cmd":"a","code":0,"key":"k"}]}""");
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync();
        await using var run = CommandRun.Start(["watch", "--from", "99999", "--url", host.Host.Url.AbsoluteUri]);

        await run.Output.UntilAsync("z0.1");

        Assert.Contains(
            """-- the host's event log was replaced or restored from a backup; the events since the two logs differ follow: {"after":99999,"last":1,"resume":"0"}""",
            run.Error.ToString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_no_row_and_no_note_breaks_a_word()
    {
        await using var host = await RunningHost.StartAsync();
        const string Error = "the source file is not a valid media file that this command can make anything from at all";
        await NotifyAsync(host, $$"""{"id":"z0.0A22344148402AA8255D522E3A269638","code":3,"items":[{"cmd":"a","code":3,"error":"{{Error}}"}]}""");
        await using (var all = await EventReader.OpenAsync(host, "0"))
            await all.NextAsync();
        await using var run = CommandRun.StartLive(["watch", "--from", "99999", "--url", host.Host.Url.AbsoluteUri], width: 60);

        await run.Output.UntilAsync("all");

        var written = CommandRun.Plain(run.Output + run.Error.ToString());
        Assert.All(written.Split('\n'), line => Assert.True(line.TrimEnd().Length <= 60, line));
        Assert.All(Error.Split(' '), word => Assert.Contains(word, written, StringComparison.Ordinal));
        Assert.Contains("restored", written, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unknown_source_is_refused_immediately()
    {
        await using var host = await RunningHost.StartAsync();

        var (exit, output, error) = await CommandRun.RunAsync(host, "watch", "--source", "Media");

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.Equal("--source: 'Media' is not the name of a configured source; the sources are files, media, video.", error.TrimEnd());
    }

    [Fact]
    public async Task Without_the_key_the_names_of_sources_are_not_revealed()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "0123456789abcdef");

        var known = await CommandRun.RunAsync(host, "watch", "--source", "media", "--api-key", "another-key-entirely");
        var unknown = await CommandRun.RunAsync(host, "watch", "--source", "nosuch", "--api-key", "another-key-entirely");

        Assert.Equal(ExitCodes.Refused, known.Exit);
        Assert.Equal(known, unknown);
    }

    private static async Task NotifyAsync(RunningHost host, string body, string source = "media")
    {
        using var answer = await host.NotifyAsync(source, body);
        answer.EnsureSuccessStatusCode();
    }
}

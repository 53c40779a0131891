using System.Collections.Concurrent;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>The full-screen <c>watch</c> of a real host, with simulated key presses.</summary>
public sealed class WatchScreenTests : IAsyncLifetime
{
    private readonly BlockingCollection<ConsoleKeyInfo?> _keys = [];
    private readonly CommandRun.Written _output = new();
    private readonly CommandRun.Written _error = new();
    private RunningHost _host = null!;
    private int _width = 160;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _host = await RunningHost.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _keys.Add(null);
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Keys_show_poll_republish_filter_and_quit()
    {
        await SettleAsync("z0.first");
        var running = RunAsync("watch", "--from", "start", "--url", _host.Host.Url.AbsoluteUri);
        await _output.UntilAsync("z0.first");

        Press("d");
        await _output.UntilAsync("The job succeeded.");
        Press("p");
        await _output.UntilAsync("z0.first: the status API answered: ");
        Press("r");
        await _output.UntilAsync("Publish the outcome of media/z0.first again?");
        Press("y");
        await _output.UntilAsync("z0.first: the outcome was published again.");

        // With the details closed, the whole screen shows events, and a new one is visible.
        Press("dG");
        await SettleAsync("z0.second");
        await _output.UntilAsync("z0.second");
        Press("/second\r");
        await _output.UntilAsync("filter: second (1 of 3)");
        Press("q");

        Assert.Equal(ExitCodes.Ok, await running);
        Assert.EndsWith("\u001b[?25h\u001b[?1049l", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("--from 3-", _error.ToString(), StringComparison.Ordinal);
    }

    /// <summary>Longer text is cut at the edge of the screen, also within a character of two columns.</summary>
    [Theory]
    [InlineData(60)]
    [InlineData(61)]
    public async Task No_line_is_wider_than_the_screen(int width)
    {
        using var body = new StringContent($$"""{"id": "z0.wide", "code": 3, "items": [{"cmd": "avthumb/mp4", "code": 3, "error": "{{new string('转', 100)}}"}]}""");
        (await _host.Http.PostAsync($"/api/notify/media/{RunningHost.Token}", body, Cancelled)).EnsureSuccessStatusCode();
        _width = width;
        var running = RunAsync("watch", "--from", "start", "--url", _host.Host.Url.AbsoluteUri);
        await _output.UntilAsync("z0.wide");
        Press("d");
        await _output.UntilAsync("The job failed.");
        Press("q");
        await running;

        var frames = CommandRun.Plain(_output.ToString().Replace("\u001b[H", "\n", StringComparison.Ordinal)).Split('\n');
        Assert.Contains(frames, line => line.Contains("转转转转", StringComparison.Ordinal));
        Assert.All(frames, line => Assert.InRange(line.Sum(character => character is '转' ? 2 : 1), 0, width));
    }

    [Fact]
    public async Task An_unknown_source_is_named_and_leaves_the_screen_unchanged()
    {
        Assert.Equal(ExitCodes.Refused, await RunAsync("watch", "--source", "nobody", "--url", _host.Host.Url.AbsoluteUri));

        Assert.EndsWith("\u001b[?25h\u001b[?1049l", _output.ToString(), StringComparison.Ordinal);
        Assert.Contains("--source: 'nobody' is not the name of a configured source; the source", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_plain_it_prints_lines()
    {
        await SettleAsync("z0.first");
        using var interrupt = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var running = RunAsync(interrupt.Token, "watch", "--plain", "--from", "start", "--url", _host.Host.Url.AbsoluteUri);
        await _output.UntilAsync("z0.first");
        await interrupt.CancelAsync();

        Assert.Equal(ExitCodes.Ok, await running);
        Assert.DoesNotContain("\u001b[?1049h", _output.ToString(), StringComparison.Ordinal);
    }

    private Task<int> RunAsync(params string[] line) => RunAsync(Cancelled, line);

    private async Task<int> RunAsync(CancellationToken cancellationToken, params string[] line)
    {
        var terminal = new Terminal(() => Stream.Null, _output, _error, TimeProvider.System, isLive: true, errorIsLive: false) { ReadKey = _keys.Take };
        terminal.Resize(_width);
        terminal.Console.Profile.Capabilities.Ansi = true;
        return await Cli.RunAsync(line, terminal, cancellationToken).WaitAsync(TimeSpan.FromMinutes(1), Cancelled);
    }

    private void Press(string keys)
    {
        foreach (var key in keys)
            _keys.Add(new(key, key == '\r' ? ConsoleKey.Enter : ConsoleKey.None, false, false, false));
    }

    private async Task SettleAsync(string id)
    {
        using var body = new StringContent($$"""{"id": "{{id}}", "code": 0, "items": [{"cmd": "avthumb/mp4", "code": 0, "key": "out.mp4"}]}""");
        (await _host.Http.PostAsync($"/api/notify/media/{RunningHost.Token}", body, Cancelled)).EnsureSuccessStatusCode();
    }
}

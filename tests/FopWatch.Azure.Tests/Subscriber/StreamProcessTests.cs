using System.Globalization;
using FopWatch.Local.Hosting;
using FopWatch.Settings;

namespace FopWatch.Azure.Tests.Subscriber;

/// <summary>The example subscriber as a process, on the stream of a real embedded host, and without one.</summary>
public sealed class StreamProcessTests : IDisposable
{
    private const string ApiKey = "0123456789abcdef";
    private const string Token = "right-token";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("fopwatch-subscriber-");
    private readonly Uri _url;

    public StreamProcessTests() => _url = new($"http://127.0.0.1:{Loopback.FreePort()}");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Position => Path.Combine(_folder.FullName, "position");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task It_misses_nothing_across_restarts_of_either_side_and_repeats_nothing_that_it_has_handled()
    {
        var host = await StartHostAsync();
        await SettleAsync("z0.1");
        using (var first = Start("--source", "media"))
        {
            Assert.Equal($"listening  {_url.Authority} after event 0", await first.LineAsync());
            Assert.Equal("settled    media z0.1 version 1: Succeeded, 1 of 1 succeeded", await first.LineAsync());
            await SettleAsync("z0.2");
            Assert.StartsWith("settled    media z0.2", await first.LineAsync(), StringComparison.Ordinal);

            await host.DisposeAsync();
            Assert.Matches($"^lost       {_url.Authority}: .+; retrying in 1 s$", await first.LineAsync());
            host = await StartHostAsync();
            await SettleAsync("z0.3");
            var line = await first.LineAsync();
            while (line?.StartsWith("lost", StringComparison.Ordinal) == true)
                line = await first.LineAsync();
            Assert.StartsWith($"listening  {_url.Authority} after event 2-", line, StringComparison.Ordinal);
            Assert.StartsWith("settled    media z0.3", await first.LineAsync(), StringComparison.Ordinal);

            Assert.Equal((0, ""), await first.StopAsync());
        }

        await SettleAsync("z0.4");
        using (var second = Start())
        {
            Assert.StartsWith($"listening  {_url.Authority} after event 3-", await second.LineAsync(), StringComparison.Ordinal);
            Assert.StartsWith("settled    media z0.4", await second.LineAsync(), StringComparison.Ordinal);
            Assert.Equal((0, ""), await second.StopAsync());
        }

        Assert.StartsWith("4-", await File.ReadAllTextAsync(Position, Cancelled), StringComparison.Ordinal);
        await host.DisposeAsync();
    }

    [Theory]
    [InlineData("wrong-key-0123456", "The host requires an API key. Set FOPWATCH_API_KEY to it.")]
    [InlineData(ApiKey, "The host has no source 'nosuch'. Source names are case-sensitive.", "--source", "nosuch")]
    public async Task A_refusal_by_the_host_ends_it_with_one_line(string key, string expected, params string[] arguments)
    {
        await using var host = await StartHostAsync();
        using var process = new SubscriberProcess(new() { ["FOPWATCH_API_KEY"] = key }, ["--host", _url.AbsoluteUri, "--position", Position, .. arguments]);

        Assert.Equal((1, expected), await process.EndAsync());
    }

    [Fact]
    public async Task An_unreachable_host_is_one_line_per_retry()
    {
        using var process = Start();

        foreach (var pause in (int[])[1, 2, 4])
        {
            Assert.Equal(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"lost       {_url.Authority}: nothing listens there; retrying in {pause} s"),
                await process.LineAsync());
        }

        Assert.Equal((0, ""), await process.StopAsync());
    }

    [Fact]
    public async Task An_unreachable_bus_is_one_line_per_retry()
    {
        var connection = string.Create(
            CultureInfo.InvariantCulture, $"Endpoint=sb://127.0.0.1:{_url.Port};SharedAccessKeyName=x;SharedAccessKey=y;UseDevelopmentEmulator=true");
        using var process = new SubscriberProcess(new() { ["FOPWATCH_SERVICEBUS_CONNECTION"] = connection });

        Assert.Equal("listening  fopwatch-events/all", await process.LineAsync());
        var began = DateTime.UtcNow;
        Assert.Equal("error      127.0.0.1: the bus cannot be reached; retrying", await process.LineAsync());
        Assert.Equal("error      127.0.0.1: the bus cannot be reached; retrying", await process.LineAsync());
        Assert.True(DateTime.UtcNow - began > TimeSpan.FromSeconds(2), "Two lines are of one retry.");

        Assert.Equal((0, ""), await process.StopAsync());
    }

    private SubscriberProcess Start(params string[] arguments) =>
        new(new() { ["FOPWATCH_API_KEY"] = ApiKey }, ["--host", _url.AbsoluteUri, "--position", Position, .. arguments]);

    private Task<LocalHost> StartHostAsync() => LocalHost.StartAsync(
        new()
        {
            Shared = FopWatchSettings.Read(
            [
                new("Sources:media:Provider", "Qiniu"),
                new("Sources:media:StatusEndpoint", "http://127.0.0.1:9"),
                new("Sources:media:NotifyTokens:0", Token),
                new("Sources:media:Trust", "Token"),
            ]),
            Urls = _url.AbsoluteUri,
            Data = Path.Combine(_folder.FullName, "data"),
            ApiKey = ApiKey,
        },
        TimeProvider.System,
        logging: null,
        Cancelled);

    private async Task SettleAsync(string id)
    {
        using var http = new HttpClient();
        var body = $$"""{"id":"{{id}}","code":0,"items":[{"cmd":"a","code":0,"key":"k"}]}""";
        using var answer = await http.PostAsync(new Uri(_url, $"/api/notify/media/{Token}"), new StringContent(body), Cancelled);
        answer.EnsureSuccessStatusCode();
    }
}

using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using FopWatch.Hostile.Tests.Http;
using FopWatch.Local.Hosting;
using FopWatch.Providers;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>More connections than the process may open files.</summary>
[Collection(nameof(OverloadTests))]
public class DescriptorTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory(Timeout = 240_000)]
    [InlineData(512, 700)]
    [InlineData(1024, 1100)]
    public async Task Connections_in_excess_of_the_file_descriptors_stop_neither_polls_nor_registrations(int descriptors, int strangers)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The test needs Linux resource limits.");
        const int Jobs = 50;
        await using var api = await StatusStub.StartAsync();
        using var host = await HostProcess.StartAsync(
            new()
            {
                ["Sources:media:Provider"] = "Qiniu",
                ["Sources:media:StatusEndpoint"] = api.Endpoint.AbsoluteUri,
                ["Sources:media:NotifyTokens:0"] = AttackedHost.Token,
                ["Sources:media:Poll:PerSecond"] = "100",
            },
            descriptors: descriptors);
        var idle = host.OpenFiles;

        // These are polled while strangers hold all the connections.
        var during = Ids("during", Jobs);
        await RegisterAsync(host, api, during, firstPollAfter: 3);
        var connections = new List<Socket>();
        var most = 0;
        try
        {
            for (var i = 0; i < strangers; i++)
            {
                var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                connections.Add(socket);
                using var patience = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
                patience.CancelAfter(TimeSpan.FromSeconds(2));
                try
                {
                    await socket.ConnectAsync(host.Url.Host, host.Url.Port, patience.Token);
                }
                catch (OperationCanceledException) when (!Cancelled.IsCancellationRequested)
                {
                    break;
                }

                most = Math.Max(most, host.OpenFiles);
            }

            while (during.Any(id => !api.Asked.Any(asked => asked.Id == id)))
            {
                Assert.True(host.Runs, host.Printed);
                most = Math.Max(most, host.OpenFiles);
                await Task.Delay(100, Cancelled);
            }
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }

        // The same process, once it has noticed that they left.
        var after = Ids("after", Jobs);
        await Eventually.HoldsAsync(async () => await IsReadyAsync(host));
        await RegisterAsync(host, api, after, firstPollAfter: 0);
        using var http = new HttpClient { BaseAddress = host.Url };
        foreach (var id in (string[])[.. during, .. after])
            Assert.Contains("\"state\":\"succeeded\"", await http.GetStringAsync($"/api/jobs/media/{id}?wait=30", Cancelled), StringComparison.Ordinal);

        Figures.Write(string.Create(
            CultureInfo.InvariantCulture,
            $"descriptors: {descriptors}, of which {idle} are open at the start; {strangers} connections of strangers, {most} open at most; {Jobs} jobs polled meanwhile and {Jobs} registered and polled afterwards, without a restart"));
        Assert.True(host.Runs, host.Printed);
        Assert.InRange(most, idle, descriptors);
        Assert.DoesNotContain("fail:", host.Printed, StringComparison.Ordinal);
        Assert.Contains("RLIMIT_NOFILE", host.Printed, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, 1, LocalHost.MaxConnections, StatusClient.MostConnections)]
    [InlineData(1_048_576, 1, LocalHost.MaxConnections, StatusClient.MostConnections)]
    [InlineData(2200, 1, 2200 - OpenFiles.Reserve - 256, 256)]
    [InlineData(1024, 1, 480, 160)]
    [InlineData(1024, 40, 480, 4)]
    [InlineData(512, 1, 96, 32)]
    public void The_number_of_connections_follows_the_file_limit_with_a_reserve(int? limit, int sources, int connections, int polls)
    {
        var files = OpenFiles.Share(limit, sources);

        Assert.Equal((connections, polls), (files.Connections, files.PollConnections));
        Assert.True(limit is null || OpenFiles.Reserve + files.Connections + (files.PollConnections * sources) <= limit);
    }

    [Fact]
    public void A_host_with_too_few_file_descriptors_does_not_start_and_says_how_many_it_needs()
    {
        var refused = Assert.Throws<TooFewDescriptorsException>(() => OpenFiles.Share(256, 1));

        Assert.Contains("can open 256 files (RLIMIT_NOFILE), but FopWatch needs 4", refused.Message, StringComparison.Ordinal);
        OpenFiles.Share(int.Parse(refused.Message.Split("needs ")[1].Split('.')[0], CultureInfo.InvariantCulture), 1);
    }

    private static string[] Ids(string name, int count) => [.. Enumerable.Range(0, count).Select(i => $"z0.{name}{i}")];

    private static async Task RegisterAsync(HostProcess host, StatusStub api, string[] ids, int firstPollAfter)
    {
        foreach (var id in ids)
            api.Succeeds(id);
        using var http = new HttpClient { BaseAddress = host.Url };
        using var answer = await http.PostAsJsonAsync("/api/jobs", ids.Select(id => new { source = "media", id, firstPollAfter }), Cancelled);
        Assert.Equal(HttpStatusCode.Accepted, answer.StatusCode);
    }

    private static async Task<bool> IsReadyAsync(HostProcess host)
    {
        try
        {
            using var http = new HttpClient { BaseAddress = host.Url };
            return (await http.GetAsync("/health/ready", Cancelled)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}

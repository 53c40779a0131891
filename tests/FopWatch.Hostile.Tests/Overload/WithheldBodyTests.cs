using System.Globalization;
using System.Net;
using System.Text;
using FopWatch.Hostile.Tests.Http;

namespace FopWatch.Hostile.Tests.Overload;

/// <summary>Bodies that never arrive completely, or floods of bodies, all sent with one token of one source, while others send genuine requests.</summary>
[Collection(nameof(OverloadTests))]
public class WithheldBodyTests
{
    private const int Large = 4 * 1024 * 1024;
    private const int Ordinary = 64 * 1024;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>The numbers of senders that withhold large bodies, withhold ordinary bodies, and send slowly, and the duration in seconds.</summary>
    public static TheoryData<int, int, int, int> Attacks => new()
    {
        // Longer than a body may take, so that every attacker reconnects.
        { 9, 0, 300, 35 },
        { 40, 600, 600, 15 },
    };

    [Theory(Timeout = 240_000)]
    [MemberData(nameof(Attacks))]
    public async Task Bodies_withheld_with_one_token_block_no_genuine_notification_and_no_registration(
        int large, int ordinary, int dribbling, int seconds)
    {
        using var host = await StartAsync("Token");
        using var http = ClientOf(host);
        using var attacking = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var attackers = Enumerable.Range(0, large).Select(_ => WithholdAsync(host, Large, attacking.Token))
            .Concat(Enumerable.Range(0, ordinary).Select(_ => WithholdAsync(host, Ordinary, attacking.Token)))
            .Concat(Enumerable.Range(0, dribbling).Select(_ => DribbleAsync(host, attacking.Token)))
            .ToList();
        await Task.Delay(TimeSpan.FromSeconds(3), Cancelled);

        var (taken, most) = await TakenAsync(host, http, seconds);
        await attacking.CancelAsync();
        await Task.WhenAll(attackers);

        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"withheld bodies: {large} bodies of 4 MiB and {ordinary} of 64 KiB without their last byte and {dribbling} slow ones, all with one token, for {seconds} s; {Words(taken)}; memory at most {most / 1048576} MiB");
        Figures.Write(line);
        Assert.True(taken is [>= 90, >= 99, >= 99], line);
        Assert.True(most < 2 * OverloadTests.MostMemory, line);
        using var ready = await http.GetAsync("/health/ready", Cancelled);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
    }

    [Theory(Timeout = 240_000)]
    [InlineData(300, 60_000, "Signature")]
    [InlineData(600, 20_000, "Signature")]
    [InlineData(600, 60_000, "Token")]
    [InlineData(600, 1_000, "Token")]
    public async Task A_flood_of_complete_bodies_with_one_token_blocks_no_other_source_and_no_registration(
        int senders, int length, string trust)
    {
        using var host = await StartAsync(trust);
        using var http = ClientOf(host);
        using var attackingHttp = ClientOf(host);
        using var attacking = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var body = $$"""{"id":"z0.attack","code":2,"items":[{"cmd":"a","code":2,"desc":"y"}],"filling":"{{new string('x', length - 90)}}"}""";
        var (sent, shed) = (0, 0);
        var attackers = Enumerable.Range(0, senders).Select(_ => FloodAsync()).ToList();
        await Task.Delay(TimeSpan.FromSeconds(1), Cancelled);

        var (taken, most) = await TakenAsync(host, http, 8);
        await attacking.CancelAsync();
        await Task.WhenAll(attackers);

        var line = string.Create(
            CultureInfo.InvariantCulture,
            $"complete bodies: {senders} at once of {length} bytes, all with one token of a source with Trust {trust}: {sent} sent, {shed} of them shed with 503 or cut off at the end; {Words(taken)}; memory at most {most / 1048576} MiB");
        Figures.Write(line);
        Assert.True(taken is [_, >= 99, 100], line);
        Assert.True(most < 2 * OverloadTests.MostMemory, line);

        async Task FloodAsync()
        {
            while (!attacking.IsCancellationRequested)
            {
                if (!await SendAsync(attackingHttp, $"/api/notify/media/{AttackedHost.Token}", body, attacking.Token))
                    Interlocked.Increment(ref shed);
                Interlocked.Increment(ref sent);
            }
        }
    }

    private static Task<HostProcess> StartAsync(string trust) => HostProcess.StartAsync(new()
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = "http://127.0.0.1:9",
        ["Sources:media:NotifyTokens:0"] = AttackedHost.Token,
        ["Sources:media:Trust"] = trust,
        ["Sources:second:Provider"] = "Qiniu",
        ["Sources:second:StatusEndpoint"] = "http://127.0.0.1:9",
        ["Sources:second:NotifyTokens:0"] = AttackedHost.OtherToken,
        ["Sources:second:Trust"] = "Token",
    });

    private static HttpClient ClientOf(HostProcess host) =>
        new(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = host.Url, Timeout = TimeSpan.FromSeconds(60) };

    /// <summary>The percentages accepted at the first attempt: of the attacked source's notifications, of another source's, and of registrations.</summary>
    private static async Task<(double[] Taken, long MostMemory)> TakenAsync(HostProcess host, HttpClient http, int seconds)
    {
        var most = 0L;
        List<Task<bool>> same = [], other = [], registered = [];
        for (var i = 0; i < 10 * seconds; i++)
        {
            same.Add(SendAsync(http, $"/api/notify/media/{AttackedHost.Token}", StatusStub.Succeeded($"z0.same{i}")));
            other.Add(SendAsync(http, $"/api/notify/second/{AttackedHost.OtherToken}", StatusStub.Succeeded($"z0.other{i}")));
            registered.Add(SendAsync(http, "/api/jobs", $$"""{"source":"{{(i % 2 == 0 ? "media" : "second")}}","id":"z0.registered{{i}}"}"""));
            if (i % 10 == 0)
            {
                same.Add(SendAsync(http, $"/api/notify/media/{AttackedHost.Token}", Wide($"z0.sameLarge{i}")));
                other.Add(SendAsync(http, $"/api/notify/second/{AttackedHost.OtherToken}", Wide($"z0.otherLarge{i}")));
            }

            most = Math.Max(most, host.Memory);
            await Task.Delay(100, Cancelled);
        }

        var taken = await Task.WhenAll(new[] { same, other, registered }.Select(async all => (await Task.WhenAll(all)).Average(one => one ? 100.0 : 0)));
        return (taken, most);
    }

    private static string Words(double[] taken) => string.Create(
        CultureInfo.InvariantCulture,
        $"accepted at the first attempt: {taken[0]:0.0} % of the same source's notifications, {taken[1]:0.0} % of another's, {taken[2]:0.0} % of registrations");

    /// <summary>A notification of about 150 KB.</summary>
    private static string Wide(string id) =>
        $$"""{"id":"{{id}}","code":0,"items":[{"cmd":"unzip","code":0,"keys":[{{string.Join(',', Enumerable.Range(0, 10_000).Select(i => $"\"{i:x12}\""))}}]}]}""";

    private static Task<bool> SendAsync(HttpClient http, string path, string body) => SendAsync(http, path, body, Cancelled);

    private static async Task<bool> SendAsync(HttpClient http, string path, string body, CancellationToken cancellationToken)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        try
        {
            using var answer = await http.PostAsync(path, content, cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !Cancelled.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <summary>Sends a body without its last byte, waits until it is cut off, and reconnects.</summary>
    private static async Task WithholdAsync(HostProcess host, int length, CancellationToken until)
    {
        var body = Encoding.ASCII.GetBytes(new string('[', length - 1));
        while (!until.IsCancellationRequested)
        {
            using var connection = new RawConnection(host.Url);
            await connection.SendAsync(Head(length));
            if (await connection.SendAsync(body))
                await Task.WhenAny(connection.ReadAsync(TimeSpan.FromSeconds(90)), Task.Delay(Timeout.Infinite, until));
        }
    }

    /// <summary>Sends a body a little faster than required, until it is cut off, and reconnects.</summary>
    private static async Task DribbleAsync(HostProcess host, CancellationToken until)
    {
        var piece = Encoding.ASCII.GetBytes(new string('[', 150));
        while (!until.IsCancellationRequested)
        {
            using var connection = new RawConnection(host.Url);
            await connection.SendAsync(Head(1_000_000));
            while (!until.IsCancellationRequested && await connection.SendAsync(piece))
                await Task.Delay(500, CancellationToken.None);
        }
    }

    private static string Head(int length) =>
        $"POST /api/notify/media/{AttackedHost.Token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n";
}

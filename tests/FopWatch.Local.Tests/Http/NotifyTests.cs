using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.Simulator;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Http;

public class NotifyTests
{
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    public static TheoryData<string, byte[]> Hostile => new()
    {
        { "nothing", [] },
        { "blanks", "  \n"u8.ToArray() },
        { "deep JSON", Encoding.UTF8.GetBytes(new string('[', 100_000)) },
        { "deep JSON in an object", Encoding.UTF8.GetBytes("""{"id":"a","items":""" + new string('[', 5000) + new string(']', 5000) + "}") },
        { "invalid UTF-8", [.. "{\"id\":\""u8, 0xC3, 0x28, .. "\",\"code\":0,\"items\":[]}"u8] },
        { "truncated Base64", "eyJpZCI6IjIwMTA1NDY0NTQwZjE5NzQxNGQ1MWE4NjEyN"u8.ToArray() },
        { "a 600-digit number", Encoding.UTF8.GetBytes($$"""{"id":"a","code":{{new string('9', 600)}},"items":[{"cmd":"c","code":0}]}""") },
        { "a bare 600-digit number", Encoding.UTF8.GetBytes(new string('9', 600)) },
        { "duplicate keys", """{"id":"a","code":3,"code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an id with a slash", """{"id":"a/b","code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an id of 10 KB", Encoding.UTF8.GetBytes($$"""{"id":"{{new string('a', 10_240)}}","code":0,"items":[{"cmd":"c","code":0}]}""") },
        { "an array", """[{"id":"a","code":0,"items":[{"cmd":"c","code":0}]}]"""u8.ToArray() },
        { "no id", """{"code":0,"items":[{"cmd":"c","code":0}]}"""u8.ToArray() },
        { "an unknown shape", """{"id":"a","event":"finished"}"""u8.ToArray() },
        { "binary", [.. Enumerable.Range(0, 256).Select(value => (byte)value)] },
    };

    [Theory]
    [MemberData(nameof(Hostile))]
    public async Task What_cannot_be_understood_is_answered_200_and_kept_byte_for_byte(string what, byte[] body)
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var source in (string[])["media", "files"])
        {
            var answer = await host.NotifyAsync(source, body, "application/json; charset=utf-8");
            Assert.True(answer.StatusCode == HttpStatusCode.OK, what);
            Assert.Equal("ok", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }

        var kept = (await host.QuarantineAsync()).Notifications;
        Assert.Equal(["files", "media"], kept.Select(one => one.Source).Order());
        foreach (var one in kept)
        {
            Assert.Equal(body, await host.Http.GetByteArrayAsync(one.BodyHref, TestContext.Current.CancellationToken));
            Assert.Equal(body.Length <= 64 * 1024 ? Convert.ToBase64String(body) : null, one.Body);
            Assert.Equal(body.Length, one.Size);
            Assert.NotEmpty(one.Reason);
            Assert.Equal("application/json; charset=utf-8", one.Headers["Content-Type"]);
        }
    }

    [Theory]
    [InlineData("media", "wrong-token")]
    [InlineData("media", "right-toke")]
    [InlineData("nobody", RunningHost.Token)]
    [InlineData("Media", RunningHost.Token)]
    public async Task An_unknown_source_and_a_wrong_token_are_404_alike(string source, string token)
    {
        await using var host = await RunningHost.StartAsync();

        var answer = await host.PostAsync($"/api/notify/{source}/{token}", Done);

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal(
            """{"type":"urn:fopwatch:problem:not-found","title":"There is no such thing here.","status":404}""",
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_413_whether_it_says_its_length_or_not()
    {
        var settings = RunningHost.TokenSources();
        settings["MaxBodyBytes"] = "65536";
        await using var host = await RunningHost.StartAsync(settings);
        var path = $"/api/notify/media/{RunningHost.Token}";

        var announced = await host.PostAsync(path, new byte[65_537], "application/json");
        using var chunked = new StreamContent(new MemoryStream(new byte[65_537]));
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = chunked, Headers = { TransferEncodingChunked = true } };
        var streamed = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var fits = await host.PostAsync(path, new byte[65_536], "application/json");

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, announced.StatusCode);
        Assert.Equal("urn:fopwatch:problem:too-large", (await RunningHost.ProblemAsync(announced)).Type);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, streamed.StatusCode);
        Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
    }

    [Fact]
    public async Task A_body_that_is_cut_off_has_no_effect()
    {
        await using var host = await RunningHost.StartAsync();
        using (var client = new TcpClient())
        {
            await client.ConnectAsync(host.Host.Url.Host, host.Host.Url.Port, TestContext.Current.CancellationToken);
            var head = $"POST /api/notify/media/{RunningHost.Token} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {Done.Length}\r\n\r\n{Done[..40]}";
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), TestContext.Current.CancellationToken);
        }

        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.a", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task While_the_store_is_locked_nothing_is_acknowledged_and_afterwards_everything_goes_on()
    {
        await using var host = await RunningHost.StartAsync();
        var database = Path.Combine(host.Folder, "fopwatch.db");
        HttpResponseMessage locked;
        HttpResponseMessage lockedQuarantine;
        await using (var other = new SqliteConnection($"Data Source={database};Pooling=false"))
        {
            await other.OpenAsync(TestContext.Current.CancellationToken);
            await using var begin = other.CreateCommand();
            begin.CommandText = "BEGIN IMMEDIATE";
            await begin.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);

            locked = await host.NotifyAsync("media", Done);
            lockedQuarantine = await host.NotifyAsync("media", "garbage");
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, locked.StatusCode);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, lockedQuarantine.StatusCode);
        Assert.Equal("urn:fopwatch:problem:unavailable", (await RunningHost.ProblemAsync(locked)).Type);
        Assert.NotNull(locked.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.a", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Empty((await host.QuarantineAsync()).Notifications);

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync("media", Done)).StatusCode);
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
    }

    [Fact]
    public async Task The_same_notification_fourteen_times_is_one_outcome_and_one_event()
    {
        await using var host = await RunningHost.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 14).Select(_ => host.NotifyAsync("media", Done)));
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.b", StringComparison.Ordinal));

        Assert.Equal(1, (await host.JobAsync("media", "z0.a")).Version);
        await using var events = await EventReader.OpenAsync(host, "0");
        Assert.Equal(["z0.a", "z0.b"], [(await events.NextAsync()).Data.Subject, (await events.NextAsync()).Data.Subject]);
    }

    [Fact]
    public async Task The_correlation_in_the_path_is_echoed_as_metadata_and_a_strange_one_costs_nothing()
    {
        await using var host = await RunningHost.StartAsync();

        await host.NotifyAsync("media", Done, suffix: "/lesson-42");
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.b", StringComparison.Ordinal), suffix: "/%3Cb%3E");

        Assert.Equal("lesson-42", (await host.JobAsync("media", "z0.a")).Metadata!["correlation"]);
        Assert.Null((await host.JobAsync("media", "z0.b")).Metadata);
    }

    [Fact]
    public async Task An_encryption_key_in_a_command_is_nowhere_but_in_quarantine()
    {
        const string Secret = "MTIzNDU2Nzg5MDEyMzQ1Ng==";
        await using var host = await RunningHost.StartAsync();

        await host.NotifyAsync("media", $$"""{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/m3u8/hlsKey/{{Secret}}","code":0,"key":"k"}]}""");

        Assert.Equal("avthumb/m3u8/hlsKey/***", Assert.Single((await host.JobAsync("media", "z0.a")).Items).Command);
        await using (var events = await EventReader.OpenAsync(host, "0"))
            Assert.DoesNotContain(Secret, (await events.NextAsync()).Data.Data.Items[0].Command, StringComparison.Ordinal);
        await host.StopAsync();
        foreach (var file in Directory.EnumerateFiles(host.Folder))
            Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken)), StringComparison.Ordinal);
        await host.StartAgainAsync();
    }

    [Fact]
    public async Task Only_a_strong_signature_settles_a_job_and_anything_weaker_makes_the_poll_due()
    {
        var key = new SigningKey("ak-1", "sk-1");
        await using var api = await StatusApi.StartAsync();
        await using var host = await RunningHost.StartAsync(SignatureSource(api.Endpoint, key));
        var url = new Uri("https://hooks.example.com/api/notify/media/right-token");
        var failed = Encoding.UTF8.GetBytes(Done.Replace("\"code\":0,\"key\"", "\"code\":3,\"error\":\"no\",\"key\"", StringComparison.Ordinal));

        // What the status API says is true; the weak and the unsigned notification lie.
        api.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done));
        await SendAsync(host, url, failed, Signer.QBox(key.AccessKey, key.SecretKey, url, "application/json", failed));
        Assert.Equal((JobState.Succeeded, SettledBy.Poll), Outcome(await host.JobAsync("media", "z0.a", "?wait=20")));
        Assert.Contains("z0.a", api.Asked);

        var strong = Encoding.UTF8.GetBytes(Done.Replace("z0.a", "z0.b", StringComparison.Ordinal));
        await SendAsync(host, url, strong, Signer.Qiniu(key.AccessKey, key.SecretKey, url, "application/json", strong));
        Assert.Equal((JobState.Succeeded, SettledBy.Notification), Outcome(await host.JobAsync("media", "z0.b")));
        Assert.DoesNotContain("z0.b", api.Asked);

        static (JobState, SettledBy?) Outcome(JobRecord job) => (job.State, job.SettledBy);
    }

    [Fact]
    public async Task A_forged_signature_is_quarantined_and_one_by_a_key_that_was_missing_is_taken_on_retry()
    {
        var key = new SigningKey("ak-1", "sk-1");
        var missing = new SigningKey("ak-2", "sk-2");
        await using var api = await StatusApi.StartAsync();
        var settings = SignatureSource(api.Endpoint, key);
        await using var host = await RunningHost.StartAsync(settings);
        var url = new Uri("https://hooks.example.com/api/notify/media/right-token");
        var body = Encoding.UTF8.GetBytes(Done);

        await SendAsync(host, url, body, Signer.Qiniu(key.AccessKey, "wrong", url, "application/json", body));
        await SendAsync(host, url, body, Signer.Qiniu(missing.AccessKey, missing.SecretKey, url, "application/json", body));

        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.a", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(2, (await host.QuarantineAsync()).Notifications.Count);
        Assert.Empty(api.Asked);

        // Nothing has changed, so nothing changes.
        await host.PostAsync("/api/quarantine/retry");
        Assert.Equal(2, (await host.QuarantineAsync()).Notifications.Count);

        await host.StopAsync();
        settings["Sources:media:Keys:ak-2"] = "sk-2";
        await host.StartAgainAsync(settings: settings);
        await host.PostAsync("/api/quarantine/retry");

        Assert.Equal((JobState.Succeeded, SettledBy.Notification), ((await host.JobAsync("media", "z0.a")).State, (await host.JobAsync("media", "z0.a")).SettledBy!.Value));
        Assert.Single((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task One_quarantined_notification_can_be_retried_or_thrown_away_by_itself()
    {
        await using var host = await RunningHost.StartAsync();
        await host.NotifyAsync("media", "garbage");
        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);

        var retried = await host.PostAsync($"/api/quarantine/{kept.Key}/retry");
        var result = (await retried.Content.ReadFromJsonAsync(ApiJson.Default.RetriedNotification, TestContext.Current.CancellationToken))!;
        Assert.Equal((NotificationResult.Quarantined, kept.Reason), (result.Result, result.Reason));

        await host.Http.DeleteAsync($"/api/quarantine/{kept.Key}", TestContext.Current.CancellationToken);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    private static Dictionary<string, string?> SignatureSource(Uri statusEndpoint, SigningKey key) => new()
    {
        ["PublicUrl"] = "https://hooks.example.com",
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = statusEndpoint.AbsoluteUri,
        ["Sources:media:NotifyTokens:0"] = RunningHost.Token,
        [$"Sources:media:Keys:{key.AccessKey}"] = key.SecretKey,
    };

    private static async Task SendAsync(RunningHost host, Uri url, byte[] body, string authorization)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url.AbsolutePath) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
    }
}

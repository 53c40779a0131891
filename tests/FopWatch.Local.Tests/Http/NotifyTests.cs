using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Contracts;
using FopWatch.Intake;
using FopWatch.PortContracts.Http;
using FopWatch.Providers.Signatures;
using FopWatch.Simulator;
using Microsoft.Extensions.DependencyInjection;

namespace FopWatch.Local.Tests.Http;

public class NotifyTests
{
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    [Fact]
    public async Task A_truncated_body_has_no_effect()
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
    public async Task An_oversized_notification_is_logged_with_its_source_only()
    {
        await using var host = await RunningHost.StartAsync(new(RunningHost.TokenSources()) { ["MaxBodyBytes"] = "65536" });

        var answer = await host.NotifyAsync("media", Done + new string(' ', 65536));
        await host.PostAsync("/api/notify/files/wrong-token", Done + new string(' ', 65536));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        var log = host.Log.ToString();
        Assert.Contains("Warning A notification to media is larger than FopWatch:MaxBodyBytes (65536)", log, StringComparison.Ordinal);
        Assert.DoesNotContain("A notification to files", log, StringComparison.Ordinal);
        Assert.DoesNotContain("z0.a", log, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningHost.Token, log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/fop/api/notify/media/")]
    [InlineData("/fop/API/Notify/media/")]
    [InlineData("/api/notify/media/")]
    public async Task A_proxy_may_keep_or_strip_the_path_of_the_public_URL(string path)
    {
        var settings = new Dictionary<string, string?>
        {
            ["PublicUrl"] = "https://hooks.example.com/fop",
            ["Sources:media:Provider"] = "Qiniu",
            ["Sources:media:StatusEndpoint"] = "http://127.0.0.1:9",
            ["Sources:media:NotifyTokens:0"] = RunningHost.Token,
            ["Sources:media:Keys:ak"] = "sk",
        };
        await using var host = await RunningHost.StartAsync(settings, apiKey: "an-api-key-of-the-tests");
        host.Http.DefaultRequestHeaders.Remove("X-Api-Key");
        var own = path[path.IndexOf("/api", StringComparison.OrdinalIgnoreCase)..] + RunningHost.Token;
        var body = Encoding.UTF8.GetBytes(Done);
        using var request = new HttpRequestMessage(HttpMethod.Post, path + RunningHost.Token) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.TryAddWithoutValidation(
            "Authorization", Signer.Qiniu("ak", "sk", new("https://hooks.example.com/fop" + own), "application/json", body));

        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);

        host.Http.DefaultRequestHeaders.Add("X-Api-Key", "an-api-key-of-the-tests");
        Assert.Equal(JobState.Succeeded, (await host.JobAsync("media", "z0.a")).State);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/fop/api/jobs", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Fact]
    public async Task A_notification_under_an_unexpected_path_is_a_trouble_that_shows_no_path()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "an-api-key-of-the-tests");

        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync($"/prefixed/api/notify/media/{RunningHost.Token}", Done)).StatusCode);
        host.Http.DefaultRequestHeaders.Remove("X-Api-Key");
        Assert.Equal(HttpStatusCode.Unauthorized, (await host.PostAsync($"/prefixed/api/notify/media/{RunningHost.Token}", Done)).StatusCode);

        var log = host.Log.ToString();
        Assert.Contains("Kind: UnknownNotifyUrl. Seen: The path begins with one that FopWatch:PublicUrl does not have.", log, StringComparison.Ordinal);
        Assert.DoesNotContain("/prefixed", log, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningHost.Token, log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_token_is_masked_in_a_correlation_and_a_warning_without_details_has_none()
    {
        await using var host = await RunningHost.StartAsync();

        await host.NotifyAsync("media", "garbage", suffix: "/" + RunningHost.Token);
        await host.PostAsync("/api/notify/media/a-wrong-token", Done);

        Assert.Equal("***", Assert.Single((await host.QuarantineAsync()).Notifications).Correlation);
        Assert.Contains("Kind: WrongToken. A job may", host.Log.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("an-api-key-of-the-tests")]
    public async Task The_notify_path_is_case_insensitive(string? apiKey)
    {
        await using var host = await RunningHost.StartAsync(apiKey: apiKey);
        host.Http.DefaultRequestHeaders.Remove("X-Api-Key");

        Assert.Equal(HttpStatusCode.OK, (await host.PostAsync($"/API/Notify/media/{RunningHost.Token}", Done)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/Health/Live", TestContext.Current.CancellationToken)).StatusCode);
    }

    [Theory]
    [InlineData(null, 8, true)]
    [InlineData(null, 9, false)]
    [InlineData("8388608", 16, true)]
    [InlineData("8388608", 17, false)]
    [InlineData("65536", 8, true)]
    public async Task A_status_answer_is_read_up_to_8_MiB_or_twice_MaxBodyBytes(string? maxBodyBytes, int mebibytes, bool read)
    {
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(new(RunningHost.TokenSources(api.Endpoint)) { ["MaxBodyBytes"] = maxBodyBytes });
        api.Answers["z0.a"] = (200, Encoding.UTF8.GetBytes(Done.PadRight(mebibytes * 1024 * 1024)));
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");

        await host.PostAsync("/api/jobs/media/z0.a/poll");

        Assert.Equal(read ? JobState.Succeeded : JobState.Waiting, (await host.JobAsync("media", "z0.a")).State);
    }

    [Fact]
    public async Task Fourteen_identical_notifications_are_one_outcome_and_one_event()
    {
        await using var host = await RunningHost.StartAsync();

        await Task.WhenAll(Enumerable.Range(0, 14).Select(_ => host.NotifyAsync("media", Done)));
        await host.NotifyAsync("media", Done.Replace("z0.a", "z0.b", StringComparison.Ordinal));

        Assert.Equal(1, (await host.JobAsync("media", "z0.a")).Version);
        await using var events = await EventReader.OpenAsync(host, "0");
        Assert.Equal(["z0.a", "z0.b"], [(await events.NextAsync()).Data.Subject, (await events.NextAsync()).Data.Subject]);
    }

    [Fact]
    public async Task An_encryption_key_in_a_command_is_only_in_quarantine()
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
        await host.RestartAsync();
    }

    [Fact]
    public async Task A_forged_signature_is_quarantined_and_a_retry_accepts_one_whose_key_was_added()
    {
        var key = new SigningKey("ak-1", "sk-1");
        var missing = new SigningKey("ak-2", "sk-2");
        await using var api = await StatusStub.StartAsync();
        var settings = SignatureSource(api.Endpoint, key);
        await using var host = await RunningHost.StartAsync(settings);
        var url = new Uri("https://hooks.example.com/api/notify/media/right-token");
        var body = Encoding.UTF8.GetBytes(Done);

        await SendAsync(host, url, body, Signer.Qiniu(key.AccessKey, "wrong", url, "application/json", body));
        await SendAsync(host, url, body, Signer.Qiniu(missing.AccessKey, missing.SecretKey, url, "application/json", body));

        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync("/api/jobs/media/z0.a", TestContext.Current.CancellationToken)).StatusCode);
        Assert.Equal(2, (await host.QuarantineAsync()).Notifications.Count);
        Assert.Empty(api.AskedIds);

        // Nothing has changed, so a retry changes nothing.
        await host.Http.ConfirmedAsync("/api/quarantine/retry");
        Assert.Equal(2, (await host.QuarantineAsync()).Notifications.Count);

        await host.StopAsync();
        settings["Sources:media:Keys:ak-2"] = "sk-2";
        await host.RestartAsync(settings: settings);

        // A retry would now accept one; a typo in the filter must not turn it into a retry of all.
        foreach (var query in (string[])["?sorce=files", "?source="])
        {
            Assert.Equal(HttpStatusCode.BadRequest, (await host.PostAsync($"/api/quarantine/retry{query}")).StatusCode);
            Assert.Equal(2, (await host.QuarantineAsync()).Notifications.Count);
        }

        await host.Http.ConfirmedAsync("/api/quarantine/retry");

        Assert.Equal((JobState.Succeeded, SettledBy.Notification), ((await host.JobAsync("media", "z0.a")).State, (await host.JobAsync("media", "z0.a")).SettledBy!.Value));
        Assert.Single((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task Notifications_of_a_source_that_is_no_longer_configured_can_be_listed_and_retried()
    {
        await using var host = await RunningHost.StartAsync();
        await host.NotifyAsync("files", "garbage");
        await host.StopAsync();
        var settings = RunningHost.TokenSources().Where(setting => !setting.Key.StartsWith("Sources:files:", StringComparison.Ordinal));
        await host.RestartAsync(settings: new(settings));

        foreach (var (source, status) in ((string, HttpStatusCode)[])
            [("media", HttpStatusCode.OK), ("files", HttpStatusCode.OK), ("Files", HttpStatusCode.BadRequest), ("nope", HttpStatusCode.BadRequest)])
        {
            using var listed = await host.Http.GetAsync($"/api/quarantine?source={source}", TestContext.Current.CancellationToken);
            using var retried = await host.PostAsync($"/api/quarantine/retry?source={source}");
            Assert.Equal((source, status, status), (source, listed.StatusCode, retried.StatusCode));
        }

        Assert.Single((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task A_retry_of_everything_has_one_budget_for_wrong_signatures()
    {
        var settings = RunningHost.TokenSources();
        settings["Sources:media:Keys:ak"] = "sk";
        await using var host = await RunningHost.StartAsync(settings);
        var body = Encoding.UTF8.GetBytes(Done.PadRight(160 * 1024));
        for (var i = 0; i < 12; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/media/{RunningHost.Token}") { Content = new ByteArrayContent(body) };
            request.Content.Headers.ContentType = new("application/json");
            request.Headers.TryAddWithoutValidation(
                "Authorization", Signer.Qiniu("ak", "sk", new(host.Host.Url, $"/api/notify/media/{RunningHost.Token}"), "application/json", Encoding.UTF8.GetBytes("x")));
            Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
        }

        var retried = (await host.Http.ConfirmedAsync("/api/quarantine/retry")).Notifications!;

        Assert.Equal(12, retried.Count);
        Assert.Equal(
            [SignatureFinding.Unexplained, SignatureFinding.Inconclusive],
            retried.Select(one => Assert.Single(one.Signature!.Findings)).Distinct());
    }

    [Theory]
    [InlineData("https://wrong.example.com")]
    [InlineData(null)]
    public async Task A_retry_succeeds_after_following_the_quarantines_suggestion(string? publicUrl)
    {
        var key = new SigningKey("ak-1", "sk-1");
        await using var api = await StatusStub.StartAsync();
        var settings = SignatureSource(api.Endpoint, key);
        settings["PublicUrl"] = publicUrl;
        await using var host = await RunningHost.StartAsync(settings);
        var url = new Uri("https://hooks.example.com/api/notify/media/right-token");
        var body = Encoding.UTF8.GetBytes(Done);
        await SendAsync(
            host, url, body, Signer.Qiniu(key.AccessKey, key.SecretKey, url, "application/json", body), [new("X-Forwarded-Host", "hooks.example.com"), new("X-Forwarded-Proto", "https")]);

        var entry = Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Equal([SignatureFinding.Host], entry.Signature!.Findings);
        Assert.Equal("Set FopWatch:PublicUrl to \"https://hooks.example.com\".", entry.Signature.Suggestion);
        Assert.Equal("https://hooks.example.com/api/notify/media/***", entry.Signature.SignedUrl);
        Assert.Equal($"{publicUrl ?? $"http://{host.Host.Url.Authority}"}/api/notify/media/***", entry.Signature.CheckedUrl);

        // Nothing has changed, so a retry changes nothing.
        await host.Http.ConfirmedAsync("/api/quarantine/retry");
        Assert.Single((await host.QuarantineAsync()).Notifications);

        await host.StopAsync();
        settings["PublicUrl"] = "https://hooks.example.com";
        await host.RestartAsync(settings: settings);
        Assert.Equal([SignatureFinding.Right], Assert.Single((await host.QuarantineAsync()).Notifications).Signature!.Findings);
        await host.Http.ConfirmedAsync("/api/quarantine/retry");

        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Assert.Equal(SettledBy.Notification, (await host.JobAsync("media", "z0.a")).SettledBy);
        Assert.Empty(api.AskedIds);
    }

    /// <summary>The token in use, and one of an entry stored by an earlier version that is no longer valid.</summary>
    [Fact]
    public async Task The_shown_quarantine_contains_no_notify_token_however_the_URL_was_spelled()
    {
        const string OldToken = "an-old-token-of-the-source";
        await using var host = await RunningHost.StartAsync(SignatureSource(new("http://127.0.0.1:9"), new("ak-1", "sk-1")));
        foreach (var path in (string[])["/api/notify/media/", "/API/Notify/media/", "/api/notify/media/."])
        {
            var url = $"{path.TrimEnd('.')}{RunningHost.Token}{(path.EndsWith('.') ? $"/{RunningHost.Token}" : "")}";
            using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new StringContent("no JSON") };
            request.Headers.TryAddWithoutValidation("Authorization", $"Qiniu ak-1:{RunningHost.Token}");
            request.Headers.TryAddWithoutValidation("X-Original-Host", $"{RunningHost.Token}.example.com");
            Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
        }

        await host.Host.Services.GetRequiredService<IQuarantine>().AddAsync(
            new()
            {
                Key = "20200101T000000000-0a1b",
                Source = "media",
                Reason = "The signature is wrong, or its access key is not among the source's keys.",
                ReceivedAt = DateTimeOffset.UnixEpoch,
                Url = new($"https://old.example.com/prefix/API/NOTIFY/media/{OldToken}/{OldToken}?{OldToken}={OldToken}"),
                Correlation = OldToken,
                Headers = [new("Authorization", $"Qiniu {OldToken}:AAAAAAAAAAAAAAAAAAAAAAAAAAA="), new("X-Forwarded-Host", OldToken)],
                Body = "no JSON"u8.ToArray(),
            },
            TestContext.Current.CancellationToken);

        var list = await host.Http.GetStringAsync("/api/quarantine", TestContext.Current.CancellationToken);
        var entries = (await host.QuarantineAsync()).Notifications;
        Assert.Equal(4, entries.Count);
        var shown = list + JsonSerializer.Serialize(await host.Http.ConfirmedAsync("/api/quarantine/retry"), ApiJson.Wire.BulkAnswer) + host.Log;
        foreach (var entry in entries)
            shown += await host.Http.GetStringAsync($"/api/quarantine/{entry.Key}", TestContext.Current.CancellationToken);

        Assert.DoesNotContain(RunningHost.Token, shown, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(OldToken, shown, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("***", shown, StringComparison.Ordinal);
    }

    private static Dictionary<string, string?> SignatureSource(Uri statusEndpoint, SigningKey key) => new()
    {
        ["PublicUrl"] = "https://hooks.example.com",
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = statusEndpoint.AbsoluteUri,
        ["Sources:media:NotifyTokens:0"] = RunningHost.Token,
        [$"Sources:media:Keys:{key.AccessKey}"] = key.SecretKey,
    };

    private static async Task SendAsync(
        RunningHost host, Uri url, byte[] body, string authorization, IEnumerable<KeyValuePair<string, string>>? headers = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, url.AbsolutePath) { Content = new ByteArrayContent(body) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        foreach (var (name, value) in headers ?? [])
            request.Headers.TryAddWithoutValidation(name, value);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);
    }
}

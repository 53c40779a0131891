using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using FopWatch.Contracts;
using FopWatch.Hostile.Tests.Fuzzing;
using FopWatch.Hostile.Tests.Http;
using FopWatch.Simulator;

namespace FopWatch.Hostile.Tests.Trust;

/// <summary>What an attacker can do who knows notify URLs, has captured notifications, or owns another source, and has no key.</summary>
public class ForgeryTests
{
    private const string Media = $"/api/notify/media/{AttackedHost.Token}";
    private const string Second = $"/api/notify/second/{AttackedHost.OtherToken}";
    private const string Video = $"/api/notify/video/{AttackedHost.OtherToken}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_answer_reveals_the_effect_of_a_notification()
    {
        await using var host = await AttackedHost.StartAsync();
        var body = Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.a"));
        var genuine = Sign(Media, body);
        (string What, byte[] Body, string? Authorization)[] notifications =
        [
            ("genuine", body, genuine),
            ("replayed", body, genuine),
            ("a wrong signature", body, genuine[..^6] + "AAAA="),
            ("an unknown access key", body, Signer.Qiniu("nobody", "nothing", Url(Media), "application/json", body)),
            ("malformed credentials", body, "Qiniu :"),
            ("the old scheme", body, Signer.QBox("ak-media", "sentinel-secret-of-media", Url(Media), "application/json", body)),
            ("unsigned", body, null),
            ("unsigned, of an unknown id", Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.unknown")), null),
            ("another scheme", body, "Bearer abc"),
            ("undecodable", "garbage"u8.ToArray(), null),
            ("undecodable, genuine", "garbage"u8.ToArray(), Sign(Media, "garbage"u8.ToArray())),
            ("empty", [], null),
        ];

        var seen = new List<string>();
        foreach (var (what, sent, authorization) in notifications)
        {
            seen.Add(await AttackedHost.SeenAsync(await host.NotifyAsync(Media, sent, authorization)));
            Assert.True(seen[0] == seen[^1], $"{what} is answered differently: {seen[^1]}");
        }

        Assert.StartsWith("200\n", seen[0], StringComparison.Ordinal);
        Figures.Write($"forgery: {notifications.Length} kinds of notification answered alike, 1 of them recorded");
    }

    [Fact]
    public async Task No_answer_distinguishes_an_unknown_source_from_a_wrong_or_nearly_right_token()
    {
        await using var host = await AttackedHost.StartAsync();
        var body = Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.a"));
        string[] paths =
        [
            "/api/notify/nobody/whatever", "/api/notify/media/whatever", $"/api/notify/nobody/{AttackedHost.Token}", $"/api/notify/MEDIA/{AttackedHost.Token}",
            $"/api/notify/media/{AttackedHost.Token[..^1]}", $"/api/notify/media/{AttackedHost.Token}0", $"/api/notify/media/{AttackedHost.Token.ToUpperInvariant()}",
            $"/api/notify/media/{AttackedHost.OtherToken}", $"/api/notify/media/{AttackedHost.Token}%20", $"/api/notify/media/%00{AttackedHost.Token}",
        ];

        var seen = new HashSet<string>();
        foreach (var path in paths)
        {
            var answer = await host.NotifyAsync(path, body, Sign(Media, body));
            if (answer.StatusCode != HttpStatusCode.BadRequest)
                seen.Add(await AttackedHost.SeenAsync(answer));
        }

        Assert.StartsWith("404\n", Assert.Single(seen), StringComparison.Ordinal);
        Assert.Empty((await host.JobsAsync()).Jobs);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task A_replayed_or_older_notification_changes_nothing_and_publishes_nothing()
    {
        await using var host = await AttackedHost.StartAsync();
        var running = Encoding.UTF8.GetBytes("""{"id":"z0.a","code":2,"items":[{"cmd":"avthumb/mp4","code":2}]}""");
        var over = Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.a"));
        await host.NotifyAsync(Media, running, Sign(Media, running));
        await host.NotifyAsync(Media, over, Sign(Media, over));
        var before = await host.JobAsync("media", "z0.a");

        // Progressed and settled. Both events are published a moment after their commits.
        const int Events = 2;
        while (await PublishedAsync(host) < Events)
            await Task.Delay(10, Cancelled);

        for (var i = 0; i < 50; i++)
        {
            await host.NotifyAsync(Media, i % 2 == 0 ? running : over, Sign(Media, i % 2 == 0 ? running : over));
        }

        Assert.Equal(before.Version, (await host.JobAsync("media", "z0.a")).Version);
        Assert.Equal(before.UpdatedAt, (await host.JobAsync("media", "z0.a")).UpdatedAt);
        Assert.Equal(Events, await PublishedAsync(host));
        Figures.Write("replay: 50 captured notifications replayed, 0 changes, 0 events");

        async Task<long> PublishedAsync(AttackedHost of) =>
            await of.Host.Services.GetRequiredService<Sqlite.EventLog>().LastSeqAsync(Cancelled);
    }

    [Fact]
    public async Task A_notification_replayed_after_the_purge_of_its_job_creates_no_job_and_no_event()
    {
        await using var api = await StatusStub.StartAsync();
        api.Succeeds("z0.a");
        await using var host = await AttackedHost.StartAsync(AttackedHost.TwoSources(api.Endpoint));
        var body = Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.a"));
        var events = host.Host.Services.GetRequiredService<Sqlite.EventLog>();
        var store = host.Host.Services.GetRequiredService<Sqlite.SqliteStore>();
        await host.NotifyAsync(Media, body, Sign(Media, body));

        // Its event must be published before it is purged.
        var now = DateTimeOffset.UtcNow.AddDays(31);
        await Eventually.HoldsAsync(async () => await store.JobPurge.PurgeAsync(now.AddDays(-30), now, Cancelled) == 1);
        var seen = new HashSet<string>();
        for (var i = 0; i < 50; i++)
            seen.Add(await AttackedHost.SeenAsync(await host.NotifyAsync(Media, body, i % 2 == 0 ? Sign(Media, body) : null)));

        Assert.StartsWith("200\n", Assert.Single(seen), StringComparison.Ordinal);
        Assert.Empty((await host.JobsAsync()).Jobs);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Assert.Equal(1, await events.LastSeqAsync(Cancelled));
        Assert.Empty(api.Asked);
        Figures.Write("replay after the retention: 50 captured notifications replayed, 0 jobs, 0 events, 0 polls");
    }

    [Fact]
    public async Task An_attacker_with_a_notify_URL_cannot_have_the_outcome_of_a_job_in_his_own_bucket_published()
    {
        await using var api = await StatusStub.StartAsync();
        foreach (var (id, bucket) in (IReadOnlyList<(string, string?)>)[("z0.ours", "lessons"), ("z0.1", "theirs"), ("z0.2", "theirs"), ("z0.3", "theirs"), ("z0.4", null)])
            api.Succeeds(id, bucket);

        var settings = AttackedHost.TwoSources(api.Endpoint);
        settings["Sources:media:Buckets:0"] = "lessons";
        await using var host = await AttackedHost.StartAsync(settings);

        // The status API answers for any id. The attacker claims that the ids are the source's, names their owner, or says nothing.
        await host.NotifyAsync(Media, Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.1", "lessons")));
        await host.NotifyAsync(Media, Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.2", "theirs")));
        await host.NotifyAsync(Media, Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.3")));
        await host.NotifyAsync(Media, Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.4")));
        await host.NotifyAsync(Media, Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.ours")));
        var events = host.Host.Services.GetRequiredService<Sqlite.EventLog>();
        await Eventually.HoldsAsync(async () =>
            (await host.JobsAsync()).Jobs.Count(job => job.Settled) == 4 && await events.LastSeqAsync(Cancelled) > 0);

        var jobs = (await host.JobsAsync()).Jobs;
        Assert.Equal(JobState.Succeeded, Assert.Single(jobs, job => job.Id == "z0.ours").State);
        Assert.All(jobs.Where(job => job.Id != "z0.ours"), job => Assert.Equal((JobState.Expired, null, 0), (job.State, job.Bucket, job.Items.Count)));
        Assert.Contains("'theirs'", Assert.Single((await host.QuarantineAsync()).Notifications).Reason, StringComparison.Ordinal);
        Assert.Equal(1, await events.LastSeqAsync(Cancelled));
        Assert.Equal(["z0.1", "z0.3", "z0.4", "z0.ours"], api.Asked.Select(asked => asked.Id).Order(StringComparer.Ordinal));
        Figures.Write("another account's jobs: 4 hints at jobs that a status API answers for, 0 recorded, 0 events, 1 poll each at most");
    }

    [Fact]
    public async Task A_signature_for_one_source_is_not_valid_for_any_other()
    {
        await using var host = await AttackedHost.StartAsync();
        var body = Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.a"));
        var wangsu = Encoding.ASCII.GetBytes(Convert.ToBase64String("""{"id":"z0.a","code":3,"items":[{"cmd":"a","code":3,"key":"b:k"}]}"""u8));

        // Captured at one source and sent to another; signed for the other's URL with the attacker's own key; under the attacker's own path.
        await host.NotifyAsync(Second, body, Sign(Media, body));
        await host.NotifyAsync(Second, body, Signer.Qiniu("ak-media", "sentinel-secret-of-media", Url(Second), "application/json", body));
        await host.NotifyAsync(Second, body, Signer.Qiniu("ak-second", "sentinel-secret-of-media", Url(Second), "application/json", body));
        await host.NotifyAsync(Video, wangsu, Signer.Wangsu("ak-media", "sentinel-secret-of-media", Url(Video).AbsoluteUri, wangsu), "text/plain");
        await host.NotifyAsync(Video, wangsu, Signer.Wangsu("ak-video", "sentinel-secret-of-video", Url(Media).AbsoluteUri, wangsu), "text/plain");

        // The same, under another path, type or body than was signed.
        await host.NotifyAsync(Media + "/lesson-1", body, Sign(Media, body));
        await host.NotifyAsync(Media, body, Sign(Media, body), "text/plain");
        await host.NotifyAsync(Media, [.. body, (byte)' '], Sign(Media, body));

        Assert.Equal(8, (await host.QuarantineAsync()).Notifications.Count);
        Assert.Empty((await host.JobsAsync()).Jobs);

        await host.NotifyAsync(Media, body, Sign(Media, body));
        var job = Assert.Single((await host.JobsAsync()).Jobs);
        Assert.Equal(("media", JobState.Succeeded), (job.Source, job.State));
        Figures.Write("cross-source: 8 signatures for another source, path, type or body sent, 8 quarantined, 0 recorded");
    }

    [Fact]
    public async Task A_content_type_for_which_the_signature_omits_the_body_settles_nothing()
    {
        await using var host = await AttackedHost.StartAsync();
        var (signed, lie) = (Encoding.UTF8.GetBytes("{}"), Encoding.UTF8.GetBytes(StatusStub.Succeeded("z0.lie")));

        // Qiniu's signature does not cover an octet-stream body: it is valid and proves nothing.
        await host.NotifyAsync(
            Media, lie, Signer.Qiniu("ak-media", "sentinel-secret-of-media", Url(Media), "application/octet-stream", signed), "application/octet-stream");

        Assert.All((await host.JobsAsync()).Jobs, job => Assert.Equal((JobState.Waiting, false), (job.State, job.Settled)));
    }

    [Fact]
    public async Task No_URL_in_any_body_header_or_path_is_ever_fetched()
    {
        using var planted = new TcpListener(IPAddress.Loopback, 0);
        planted.Start();
        var url = $"http://127.0.0.1:{((IPEndPoint)planted.LocalEndpoint).Port}/x";
        var connected = planted.AcceptTcpClientAsync(Cancelled).AsTask();

        await using var api = await StatusStub.StartAsync();
        await using var host = await AttackedHost.StartAsync(AttackedHost.TwoSources(api.Endpoint));
        var sent = 0;
        foreach (var body in Corpus.Bodies(2))
        {
            // Every text of every body, except the id and what distinguishes the forms, becomes the URL.
            JsonNode? json;
            try
            {
                json = JsonNode.Parse(body);
            }
            catch (System.Text.Json.JsonException)
            {
                continue;
            }

            var hostile = Encoding.UTF8.GetBytes(Planted(json, url)?.ToJsonString() ?? "null");
            await host.NotifyAsync(Media, hostile, Sign(Media, hostile));
            await host.NotifyAsync(Video, hostile, Signer.Wangsu("ak-video", "sentinel-secret-of-video", Url(Video).AbsoluteUri, hostile));
            sent += 2;
        }

        Assert.Equal(HttpStatusCode.MisdirectedRequest, await RegisterAsync("X-Forwarded-Host", "Forwarded", "X-Original-URL"));
        Assert.Equal(HttpStatusCode.MisdirectedRequest, await RegisterAsync("Origin"));
        Assert.Equal(HttpStatusCode.Accepted, await RegisterAsync("Referer", "Location", "Callback"));
        await host.Http.PostAsync("/api/jobs/media/z0.meta/poll", null, Cancelled);
        using (var connection = host.Connect())
        {
            await connection.SendAsync($"GET {url} HTTP/1.1\r\nHost: {new Uri(url).Authority}\r\n\r\n");
            await connection.ReadAsync();
        }

        // The polls that all this caused were sent, to the only host in the settings.
        await Eventually.HoldsAsync(() => Task.FromResult(api.Asked.Any(asked => asked.Id == "z0.meta")));
        Assert.False(connected.IsCompleted);
        Assert.True(sent > 100);
        Figures.Write($"server-side requests: a URL planted in every text of {sent} bodies, 0 connections to it");

        async Task<HttpStatusCode> RegisterAsync(params string[] headers)
        {
            using var registration = new HttpRequestMessage(HttpMethod.Post, "/api/jobs")
            {
                Content = JsonContent.Create(new { source = "media", id = "z0.meta", metadata = new { callback = url, url } }),
            };
            foreach (var header in headers)
                registration.Headers.TryAddWithoutValidation(header, url);
            return (await host.Http.SendAsync(registration, Cancelled)).StatusCode;
        }
    }

    private static JsonNode? Planted(JsonNode? node, string url, string? name = null) => node switch
    {
        JsonObject map => new JsonObject(map.Select(one => KeyValuePair.Create(one.Key, Planted(one.Value, url, one.Key)))),
        JsonArray list => new JsonArray([.. list.Select(one => Planted(one, url, name))]),
        JsonValue value when value.GetValueKind() == System.Text.Json.JsonValueKind.String && name is not ("id" or "version" or "status") =>
            JsonValue.Create(url),
        _ => node?.DeepClone(),
    };

    private static Uri Url(string path) => new("https://hooks.example.com" + path);

    private static string Sign(string path, byte[] body) =>
        Signer.Qiniu("ak-media", "sentinel-secret-of-media", Url(path), "application/json", body);
}

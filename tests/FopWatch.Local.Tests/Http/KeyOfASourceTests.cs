using System.Net;
using System.Net.Http.Json;
using FopWatch.Api;
using Microsoft.Data.Sqlite;

namespace FopWatch.Local.Tests.Http;

/// <summary>What a source's key sees on the embedded host's own routes, and of sources that are no longer configured.</summary>
public sealed class KeyOfASourceTests
{
    private const string Everything = "key-with-all-the-rights";
    private const string OfMedia = "key-that-does-media";
    private const string OfTwo = "key-that-does-two-of-them";
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";
    private const string Garbage = "not a notification";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(OfMedia, "media", "media")]
    [InlineData(OfTwo, "media", "video", "media", "video")]
    [InlineData(Everything, "media", "files", "video", "media", "files", "video")]
    public async Task The_event_stream_contains_the_events_of_the_sources_that_the_key_sees(string key, params string[] expected)
    {
        await using var host = await RunningHost.StartAsync(Settings(), apiKey: Everything);
        await RegisterAsync(host, "z0.1");
        Use(host, key);
        await using var events = await EventReader.OpenAsync(host, "0");

        Use(host, Everything);
        var seen = new List<string>();
        foreach (var _ in expected.Take(expected.Length / 2))
            seen.Add((await events.NextAsync(item => item.Data is not null)).Data.Data.Source);

        // Also the events published while it is open.
        await RegisterAsync(host, "z0.2");
        foreach (var _ in expected.Skip(expected.Length / 2))
            seen.Add((await events.NextAsync(item => item.Data is not null)).Data.Data.Source);

        Assert.Equal(expected, seen);
    }

    [Fact]
    public async Task A_source_that_the_key_does_not_see_is_answered_as_unknown()
    {
        await using var host = await RunningHost.StartAsync(Settings(), apiKey: Everything);
        Use(host, OfMedia);

        using var foreign = await host.Http.GetAsync("/events?source=files", Cancelled);
        using var unknown = await host.Http.GetAsync("/events?source=nobody", Cancelled);

        Assert.Equal(HttpStatusCode.BadRequest, foreign.StatusCode);
        Assert.Equal((await unknown.Content.ReadAsStringAsync(Cancelled)).Replace("nobody", "files", StringComparison.Ordinal), await foreign.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData(OfMedia)]
    [InlineData(OfTwo)]
    public async Task Notifications_of_a_source_that_is_no_longer_configured_are_visible_to_keys_for_all_sources(string key)
    {
        await using var host = await RunningHost.StartAsync(Settings(), apiKey: Everything);
        await host.NotifyAsync("files", Garbage);
        await host.NotifyAsync("files", Done);
        await host.StopAsync();
        await host.RestartAsync(settings: Settings().Where(setting => !setting.Key.StartsWith("Sources:files:", StringComparison.Ordinal)).ToDictionary());

        var kept = Assert.Single((await host.QuarantineAsync()).Notifications);
        Assert.Single((await host.Http.GetFromJsonAsync("/api/jobs", ApiJson.Default.JobList, Cancelled))!.Jobs);

        Use(host, key);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
        Assert.Empty((await host.Http.GetFromJsonAsync("/api/jobs", ApiJson.Default.JobList, Cancelled))!.Jobs);
        foreach (var path in (string[])["", "/body"])
            Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync($"/api/quarantine/{kept.Key}{path}", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await host.PostAsync($"/api/quarantine/{kept.Key}/retry")).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await host.Http.GetAsync("/api/quarantine?source=files", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await host.Http.DeleteAsync($"/api/quarantine/{kept.Key}", Cancelled)).StatusCode);

        Use(host, Everything);
        Assert.Single((await host.QuarantineAsync()).Notifications);
    }

    [Fact]
    public async Task Jobs_of_a_source_that_is_no_longer_configured_are_listed_read_and_stopped_with_keys_for_all_sources()
    {
        await using var host = await RunningHost.StartAsync(Settings(), apiKey: Everything);
        await RegisterAsync(host, "z0.over");
        using var registered = await host.PostAsync("/api/jobs", """{"source":"files","id":"z0.open"}""");
        Assert.Equal(HttpStatusCode.Accepted, registered.StatusCode);
        await host.StopAsync();
        await host.RestartAsync(settings: Settings().Where(setting => !setting.Key.StartsWith("Sources:files:", StringComparison.Ordinal)).ToDictionary());

        var jobs = (await host.Http.GetFromJsonAsync("/api/jobs?source=files", ApiJson.Default.JobList, Cancelled))!.Jobs;
        Assert.Equal(["z0.open", "z0.over"], jobs.Select(job => job.Id).Order());
        Assert.Equal("""{"count":1,"atLeast":false}""", await host.Http.GetStringAsync("/api/jobs/count?source=files&id=z0.ov", Cancelled));
        Assert.Contains("\"z0.open\"", await host.Http.GetStringAsync("/api/jobs/files/z0.open?wait=0", Cancelled), StringComparison.Ordinal);
        using var body = await host.Http.GetAsync("/api/jobs/files/z0.over/body", Cancelled);
        using var polled = await host.PostAsync("/api/jobs/files/z0.open/poll");
        using var republished = await host.PostAsync("/api/jobs/files/z0.over/republish");
        using var unknown = await host.Http.GetAsync("/api/jobs?source=filez", Cancelled);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (body.StatusCode, republished.StatusCode));
        Assert.Equal("The source 'files' of the job is not configured, so the job is not polled.", (await RunningHost.ProblemAsync(polled)).Detail);
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);

        foreach (var key in (string[])[OfMedia, OfTwo])
        {
            Use(host, key);
            Assert.Equal(HttpStatusCode.BadRequest, (await host.Http.GetAsync("/api/jobs?source=files", Cancelled)).StatusCode);
            foreach (var path in (string[])["", "/body"])
                Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync($"/api/jobs/files/z0.over{path}", Cancelled)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await host.Http.DeleteAsync("/api/jobs/files/z0.open", Cancelled)).StatusCode);
        }

        Use(host, Everything);
        var stopped = await host.Http.DeleteAsync("/api/jobs/files/z0.open", Cancelled);
        Assert.Contains("\"stopped\"", await stopped.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_notification_is_visible_to_and_deletable_by_keys_of_its_source()
    {
        await using var host = await RunningHost.StartAsync(Settings(), apiKey: Everything);
        await host.NotifyAsync("files", Garbage);
        await host.NotifyAsync("media", Garbage);
        var kept = (await host.QuarantineAsync()).Notifications;
        var (media, files) = (kept.Single(one => one.Source == "media").Key, kept.Single(one => one.Source == "files").Key);
        await using (var database = new SqliteConnection($"Data Source={Path.Combine(host.Folder, "fopwatch.db")};Pooling=False"))
        {
            await database.OpenAsync(Cancelled);
            await using var damage = database.CreateCommand();
            damage.CommandText = "UPDATE quarantine SET headers = '{'";
            await damage.ExecuteNonQueryAsync(Cancelled);
        }

        Use(host, OfTwo);
        Assert.Equal([media], (await host.QuarantineAsync()).Unreadable);
        using var own = await host.Http.GetAsync($"/api/quarantine/{media}", Cancelled);
        Assert.Equal("urn:fopwatch:problem:unreadable", (await RunningHost.ProblemAsync(own)).Type);
        Assert.Equal(HttpStatusCode.NotFound, (await host.Http.GetAsync($"/api/quarantine/{files}", Cancelled)).StatusCode);
        foreach (var key in (string[])[media, files])
            Assert.Equal(HttpStatusCode.NoContent, (await host.Http.DeleteAsync($"/api/quarantine/{key}", Cancelled)).StatusCode);

        Use(host, OfMedia);
        await host.NotifyAsync("media", Garbage);
        Use(host, Everything);
        var left = await host.QuarantineAsync();
        Assert.Equal([files], left.Unreadable);
        Assert.Single(left.Notifications);
    }

    [Fact]
    public async Task A_host_with_only_named_keys_refuses_callers_without_one()
    {
        await using var host = await RunningHost.StartAsync(Settings());

        Assert.Equal(HttpStatusCode.Unauthorized, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
        Use(host, OfMedia);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
    }

    private static void Use(RunningHost host, string key)
    {
        host.Http.DefaultRequestHeaders.Remove("X-Api-Key");
        host.Http.DefaultRequestHeaders.Add("X-Api-Key", key);
    }

    private static async Task RegisterAsync(RunningHost host, string id)
    {
        foreach (var source in (string[])["media", "files", "video"])
        {
            using var registered = await host.PostAsync("/api/jobs", $$"""{"source":"{{source}}","id":"{{id}}"}""");
            Assert.Equal(HttpStatusCode.Accepted, registered.StatusCode);
            using var stopped = await host.NotifyAsync(source, source == "media" ? Done.Replace("z0.a", id, StringComparison.Ordinal) : Wangsu(id));
            Assert.Equal(HttpStatusCode.OK, stopped.StatusCode);
        }
    }

    private static string Wangsu(string id) => $$"""{"id":"{{id}}","code":3,"items":[{"cmd":"copy","code":3,"key":"out"}]}""";

    private static Dictionary<string, string?> Settings() => new(RunningHost.TokenSources())
    {
        ["ApiKeys:media:Key"] = OfMedia,
        ["ApiKeys:media:Rights"] = "Write",
        ["ApiKeys:media:Sources:0"] = "media",
        ["ApiKeys:two:Key"] = OfTwo,
        ["ApiKeys:two:Rights"] = "Write",
        ["ApiKeys:two:Sources:0"] = "media",
        ["ApiKeys:two:Sources:1"] = "video",
    };
}

using System.Net.Http.Json;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Overviews;
using FopWatch.Watching;

namespace FopWatch.PortContracts.Http;

/// <summary>Every host's overview of its sources.</summary>
public abstract class OverviewContract : HostContract
{
    [Fact]
    public async Task A_source_without_traffic_has_no_findings_and_no_unknown_values()
    {
        await using var host = await StartAsync();

        var overview = await OverviewAsync(host);

        Assert.Equal(["files", "hasty", "media", "scoped", "signed", "video"], overview.Sources.Select(source => source.Name));
        Assert.Empty(overview.Findings);
        Assert.Empty(overview.Timeline);
        Assert.All(overview.Sources, source => Assert.Empty(source.Findings));
        Assert.All(overview.Sources, source => Assert.Equal(
            (0, 0, 0, 0, null, null, null, null, PlanInUse.Fixed),
            (source.DueNow, source.HeldBack, source.Quarantined, source.Overdue, source.LastNotificationAt, source.LastPoll, source.Heard, source.Lag, source.Plan)));
    }

    [Fact]
    public async Task The_overview_is_current()
    {
        await using var host = await StartAsync();
        var before = DateTimeOffset.UtcNow;
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.b"}""");
        await host.NotifyAsync("media", Done);
        await host.NotifyAsync("media", "garbage");
        host.StatusApi.Answer = (_, _) => (503, "");
        await host.PollAsync("media", "z0.b");

        var overview = await OverviewAsync(host, "?source=media&hours=2");

        var media = Assert.Single(overview.Sources);
        Assert.Equal(2, overview.Hours);
        Assert.Equal(1, media.Quarantined);
        Assert.InRange(media.LastNotificationAt!.Value, before, overview.At);
        Assert.InRange(media.LastPoll!.At, media.LastNotificationAt.Value, overview.At);
        Assert.Equal(PollAnswer.Unavailable, media.LastPoll.Answer);
        Assert.Equal(
            ["statusApiUnreachable", "unreadableNotifications", "quarantined"],
            media.Findings.Select(finding => finding.Kind));
        Assert.Equal([FindingLevel.Trouble, FindingLevel.Warning, FindingLevel.Info], media.Findings.Select(finding => finding.Level));

        // Two entries if the hour has just started.
        var hours = overview.Timeline;
        Assert.All(hours, hour => Assert.Equal("media", hour.Source));
        Assert.Equal(
            (2, 2, 1, 1, 1),
            (hours.Sum(hour => hour.Registered), hours.Sum(hour => hour.Notified.None), hours.Sum(hour => hour.Quarantined), hours.Sum(hour => hour.Settled.Succeeded.Notification), hours.Sum(hour => hour.Polled.Unavailable)));
    }

    [Fact]
    public async Task Unknown_values_are_absent_and_words_are_stable()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("signed", Done);
        using var json = JsonDocument.Parse(await host.Http.GetStringAsync("/api/overview", Cancelled));

        // The hint makes a poll due, which may already have been answered. The other source has had no traffic.
        var sources = json.RootElement.GetProperty("sources").EnumerateArray().ToDictionary(source => source.GetProperty("name").GetString()!);
        Assert.All((string[])["lastNotificationAt", "lastPoll", "heard", "lag"], name => Assert.False(sources["media"].TryGetProperty(name, out _), name));
        var source = sources["signed"];
        Assert.Equal("qiniu", source.GetProperty("provider").GetString());
        Assert.Equal("fixed", source.GetProperty("plan").GetString());
        Assert.Empty(source.GetProperty("detection").EnumerateObject());
        Assert.False(source.TryGetProperty("heard", out _));
        Assert.EndsWith("Z", source.GetProperty("lastNotificationAt").GetString(), StringComparison.Ordinal);
        var hour = json.RootElement.GetProperty("timeline")[0];
        Assert.Equal(1, hour.GetProperty("hinted").GetInt64());
        Assert.Equal(0, hour.GetProperty("settled").GetProperty("succeeded").GetProperty("poll").GetInt64());
        Assert.Equal(0, hour.GetProperty("polled").GetProperty("outOfScope").GetInt64());
    }

    [Fact]
    public async Task Notifications_all_signed_with_one_unknown_key_name_it()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 3; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/signed/{ServedHost.Token}") { Content = JsonContent.Create(new { id = $"z0.{i}" }) };
            request.Headers.TryAddWithoutValidation("Authorization", "Qiniu ak-old:0ujEjW_vLRZxebsveBgqa3JyQ-w=");
            (await host.Http.SendAsync(request, Cancelled)).EnsureSuccessStatusCode();
        }

        var signed = Assert.Single((await OverviewAsync(host, "?source=signed")).Sources);

        Assert.Equal(["unknownAccessKey", "quarantined"], signed.Findings.Select(finding => finding.Kind));
        Assert.Equal((FindingLevel.Warning, 3), (signed.Findings[0].Level, signed.Findings[0].Count));
        Assert.NotNull(signed.Findings[0].Since);
        Assert.Contains("'ak-old'", signed.Findings[0].Detail, StringComparison.Ordinal);
    }

    private static async Task<Overview> OverviewAsync(ServedHost host, string query = "") =>
        (await host.Http.GetFromJsonAsync($"/api/overview{query}", ApiJson.Default.Overview, Cancelled))!;
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Diagnosis;
using Microsoft.AspNetCore.Http;

namespace FopWatch.PortContracts.Http;

/// <summary>The findings of every host's doctor, which leaves nothing behind.</summary>
public abstract class DoctorContract : HostContract
{
    /// <summary>A host with an empty store and the given public URL.</summary>
    /// <param name="publicUrl">The URL.</param>
    protected abstract Task<ServedHost> StartAsync(Uri publicUrl);

    /// <summary>The checks that only this host has.</summary>
    protected abstract IEnumerable<DoctorCheck> OwnChecks { get; }

    /// <summary>The path of a route whose change the doctor must find; null if no changed path reaches the host.</summary>
    protected virtual IEnumerable<string> StrayPaths => [];

    [Fact]
    public async Task A_healthy_host_passes_every_check_and_keeps_no_trace()
    {
        await using var proxy = await PassingProxy.StartAsync();
        await using var host = await StartAsync(proxy.Url);
        proxy.Host = host.Stranger;
        host.StatusApi.Answer = (id, _) => id.StartsWith("z0.", StringComparison.Ordinal)
            ? (612, """{"error":"no such id"}""")
            : (404, """{"code":"404","message":"no such id"}""");

        var report = await ExamineAsync(host);

        foreach (var check in (DoctorCheck[])[DoctorCheck.StatusApi, DoctorCheck.NotifyUrl, DoctorCheck.Traffic, .. OwnChecks])
        {
            var found = report.Findings.Where(finding => finding.Check == check).ToList();
            Assert.NotEmpty(found);
            Assert.All(found, finding => Assert.True(finding.Level == DoctorLevel.Pass, $"{finding}"));
        }

        // Each source was notified once, and each status API was queried.
        Assert.Equal(["files", "hasty", "media", "scoped", "signed", "video"], Notified(proxy).Order(StringComparer.Ordinal));
        Assert.Equal(6, host.StatusApi.Asked.Count);
        Assert.Equal(3, host.StatusApi.AskedForWorkflows.Count);
        foreach (var source in (string[])["signed", "hasty", "scoped", "video"])
            Assert.Contains("signed with the access key 'ak-1', arrives unchanged, and its signature is right", Of(report, DoctorCheck.NotifyUrl, source).What, StringComparison.Ordinal);

        await AssertNoTraceAsync(host);
    }

    [Fact]
    public async Task A_proxys_changes_to_notifications_are_reported_and_leave_no_trace()
    {
        await using var proxy = await PassingProxy.StartAsync();
        await using var host = await StartAsync(proxy.Url);
        proxy.Host = host.Stranger;

        proxy.Change = request => request.Headers.Remove("Authorization");
        var stripped = await ExamineAsync(host);
        Assert.Equal(DoctorLevel.Trouble, Of(stripped, DoctorCheck.NotifyUrl, "signed").Level);
        Assert.EndsWith("arrives without its Authorization header.", Of(stripped, DoctorCheck.NotifyUrl, "signed").What, StringComparison.Ordinal);
        Assert.Equal(DoctorLevel.Warning, Of(stripped, DoctorCheck.NotifyUrl, "video").Level);
        Assert.Equal(DoctorLevel.Pass, Of(stripped, DoctorCheck.NotifyUrl, "media").Level);

        proxy.Change = request => request.Content = JsonContent.Create(new { changed = true });
        Assert.EndsWith("arrives with another body.", Of(await ExamineAsync(host), DoctorCheck.NotifyUrl, "signed").What, StringComparison.Ordinal);

        foreach (var path in StrayPaths)
        {
            proxy.Change = request => request.RequestUri = new(request.RequestUri!.OriginalString.Replace("/api/notify", path, StringComparison.Ordinal), UriKind.Relative);
            Assert.Contains("arrives with another path", Of(await ExamineAsync(host), DoctorCheck.NotifyUrl, "signed").What, StringComparison.Ordinal);
        }

        await AssertNoTraceAsync(host);
    }

    [Fact]
    public async Task A_replayed_or_altered_probe_is_answered_as_a_wrong_URL_and_no_notification_is_lost()
    {
        await using var proxy = await PassingProxy.StartAsync();
        await using var host = await StartAsync(proxy.Url);
        proxy.Host = host.Stranger;
        await ExamineAsync(host);
        var path = proxy.Paths.Single(path => path.Contains("/media/", StringComparison.Ordinal));

        // A stranger has read the probe on its way, and sends a genuine outcome to its URL.
        using (var replayed = await host.PostAsync(path, Done))
            Assert.Equal(HttpStatusCode.NotFound, replayed.StatusCode);
        await AssertNoTraceAsync(host);

        // For another source, or with another character, the token is wrong.
        foreach (var altered in (string[])[path.Replace("/media/", "/signed/", StringComparison.Ordinal), path[..^1] + (path[^1] == 'A' ? 'B' : 'A')])
        {
            using var answer = await host.PostAsync(altered, Done);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        Assert.Equal(
            [("media", TroubleKind.WrongToken), ("signed", TroubleKind.WrongToken)],
            (await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!.Troubles!.Select(trouble => (trouble.Source!, trouble.Kind)).Order());
        await host.NotifyAsync("media", Done);
        Assert.True((await host.JobAsync("media", "z0.a")).Settled);
    }

    [Theory]
    [InlineData(404, "does not route POST /api/notify to FopWatch (HTTP 404)")]
    [InlineData(302, "redirects notifications to https://www.example.com (HTTP 302)")]
    [InlineData(401, "refuses access")]
    [InlineData(413, "refuses a small notification as too large")]
    [InlineData(502, "does not reach FopWatch (HTTP 502)")]
    [InlineData(200, "A server other than this FopWatch answers HTTP 200")]
    public async Task An_answer_from_something_other_than_the_host_is_reported(int status, string what)
    {
        await using var proxy = await PassingProxy.StartAsync();
        await using var host = await StartAsync(proxy.Url);
        proxy.Answer = context =>
        {
            context.Response.StatusCode = status;
            if (status == 302)
                context.Response.Headers.Location = "https://www.example.com/login?to=secret";
            return context.Response.WriteAsync("ok", context.RequestAborted);
        };

        var finding = Of(await ExamineAsync(host), DoctorCheck.NotifyUrl, "signed");

        Assert.Equal(DoctorLevel.Trouble, finding.Level);
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
        Assert.NotNull(finding.Why);
        Assert.NotNull(finding.Fix);
    }

    [Fact]
    public async Task Another_FopWatch_is_distinguished_from_this_one()
    {
        await using var proxy = await PassingProxy.StartAsync();
        await using var host = await StartAsync(proxy.Url);
        await using var other = await StartAsync(proxy.Url);
        proxy.Host = other.Stranger;

        var finding = Of(await ExamineAsync(host), DoctorCheck.NotifyUrl, "signed");

        Assert.Equal(DoctorLevel.Trouble, finding.Level);
        Assert.Contains("Another FopWatch answers", finding.What, StringComparison.Ordinal);
        await AssertNoTraceAsync(host);
    }

    [Fact]
    public async Task An_unreachable_URL_is_reported_as_seen_from_this_machine()
    {
        await using var host = await StartAsync(new Uri($"http://127.0.0.1:{Loopback.FreePort()}"));

        var finding = Of(await ExamineAsync(host), DoctorCheck.NotifyUrl, "signed");

        Assert.Equal(DoctorLevel.Warning, finding.Level);
        Assert.Contains("refuses connections", finding.What, StringComparison.Ordinal);
        Assert.Contains("at least from this machine", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_traffic_of_a_day_and_the_status_API_are_reported_in_the_overviews_words()
    {
        await using var host = await StartAsync(ServedHost.PublicUrl);
        await host.NotifyAsync("media", "garbage");
        host.StatusApi.Answer = (_, _) => (503, "");

        var report = await ExamineAsync(host);

        var media = (await host.Http.GetFromJsonAsync("/api/overview?source=media", ApiJson.Default.Overview, Cancelled))!.Sources[0];
        Assert.NotEmpty(media.Findings);
        Assert.Equal(
            media.Findings.Select(finding => finding.Detail.ToString()),
            report.Findings.Where(finding => (finding.Check, finding.Source) == (DoctorCheck.Traffic, "media")).Select(finding => finding.What.ToString()));
        Assert.Contains("fails (HTTP 503)", Of(report, DoctorCheck.StatusApi, "media").What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_store_that_cannot_answer_is_trouble_and_the_rest_is_examined()
    {
        await using var host = await StartAsync(new Uri($"http://127.0.0.1:{Loopback.FreePort()}"));
        await using (await host.BreakStoreAsync())
        {
            var report = await ExamineAsync(host);
            Assert.Contains(report.Findings, finding => finding is { Check: DoctorCheck.Tables or DoctorCheck.Database, Level: DoctorLevel.Trouble });

            // Instances of the cloud host share a source's poll rate through the store.
            Assert.True(Of(report, DoctorCheck.StatusApi, "media").Level is DoctorLevel.Pass or DoctorLevel.Skipped);
        }

        Assert.DoesNotContain((await ExamineAsync(host)).Findings, finding => finding is { Check: DoctorCheck.Tables or DoctorCheck.Database, Level: DoctorLevel.Trouble });
    }

    [Fact]
    public async Task A_second_examination_is_refused_while_one_is_running()
    {
        await using var proxy = await PassingProxy.StartAsync();
        await using var host = await StartAsync(proxy.Url);
        proxy.Host = host.Stranger;
        var (came, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        proxy.Answer = async context =>
        {
            came.TrySetResult();
            await goOn.Task.WaitAsync(context.RequestAborted);
            context.Response.StatusCode = 404;
        };

        var first = ExamineAsync(host);
        await came.Task.WaitAsync(TimeSpan.FromMinutes(1), Cancelled);
        using (var second = await host.PostAsync("/api/doctor"))
        {
            Assert.Equal(HttpStatusCode.Conflict, second.StatusCode);
            Assert.Equal("urn:fopwatch:problem:examination-runs", (await ServedHost.ProblemAsync(second)).Type);
        }

        goOn.SetResult();
        await first;
        proxy.Answer = null;
        await ExamineAsync(host);
    }

    [Fact]
    public async Task A_report_contains_no_secret_and_has_stable_words()
    {
        await using var proxy = await PassingProxy.StartAsync();
        await using var host = await StartAsync(proxy.Url);
        proxy.Host = host.Stranger;
        await host.NotifyAsync("signed", Done);

        using var answer = await host.PostAsync("/api/doctor");
        var text = await answer.Content.ReadAsStringAsync(Cancelled);

        foreach (var secret in (string[])[ServedHost.Token, ServedHost.Key.SecretKey, "z0.a", .. Tokens(proxy)])
            Assert.DoesNotContain(secret, text, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(text);
        Assert.EndsWith("Z", json.RootElement.GetProperty("at").GetString(), StringComparison.Ordinal);
        var checks = json.RootElement.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("check").GetString()).ToHashSet();
        Assert.Superset(new HashSet<string?> { "settings", "statusApi", "notifyUrl", "traffic" }, checks);
        Assert.Contains("pass", json.RootElement.GetProperty("findings").EnumerateArray().Select(finding => finding.GetProperty("level").GetString()));
    }

    private static DoctorFinding Of(DoctorReport report, DoctorCheck check, string source) => report.Findings.First(finding => (finding.Check, finding.Source) == (check, source));

    private static List<string> Notified(PassingProxy proxy) => [.. proxy.Paths.Select(path => path.Split('/')[3])];

    private static IEnumerable<string> Tokens(PassingProxy proxy) => proxy.Paths.Select(path => path.Split('/')[4]);

    private static async Task<DoctorReport> ExamineAsync(ServedHost host)
    {
        using var answer = await host.PostAsync("/api/doctor");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.DoctorReport, Cancelled))!;
    }

    private static async Task AssertNoTraceAsync(ServedHost host)
    {
        Assert.Empty((await host.ListAsync()).Jobs);
        Assert.Empty((await host.QuarantineAsync()).Notifications);
        var overview = (await host.Http.GetFromJsonAsync("/api/overview", ApiJson.Default.Overview, Cancelled))!;
        Assert.Empty(overview.Findings);
        Assert.Empty(overview.Timeline);
        Assert.All(overview.Sources, source => Assert.Equal((0, null, null), (source.Findings.Count, source.LastNotificationAt, source.LastPoll)));
        Assert.Null((await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!.Troubles);
    }
}

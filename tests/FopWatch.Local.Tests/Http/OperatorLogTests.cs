using System.Net.Http.Json;
using System.Text.RegularExpressions;
using FopWatch.Api;
using FopWatch.Diagnosis;

namespace FopWatch.Local.Tests.Http;

/// <summary>What the operator reads in the log and health of the embedded host.</summary>
public sealed partial class OperatorLogTests
{
    private const string Done = """{"id":"z0.a","code":0,"desc":"ok","items":[{"cmd":"avthumb/mp4","code":0,"key":"out.mp4"}]}""";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_settled_job_is_logged_once_with_a_reference_that_finds_it()
    {
        await using var host = await RunningHost.StartAsync();

        for (var i = 0; i < 3; i++)
            await host.NotifyAsync("media", Done);

        var line = Assert.Single(LinesOf(host, "its reference is"));
        Assert.Contains("A job at media is Succeeded, settled by Notification", line, StringComparison.Ordinal);
        Assert.DoesNotContain("z0.a", host.Log.ToString(), StringComparison.Ordinal);
        var found = await host.Http.GetFromJsonAsync($"/api/jobs?ref={Reference().Match(line).Value}", ApiJson.Default.JobList, Cancelled);
        Assert.Equal("z0.a", Assert.Single(found!.Jobs).Id);
    }

    [Fact]
    public async Task The_log_says_that_the_host_has_stopped()
    {
        await using var host = await RunningHost.StartAsync();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var ended = host.Host.WaitForShutdownAsync(stop.Token);
        Assert.DoesNotContain("has stopped", host.Log.ToString(), StringComparison.Ordinal);

        await stop.CancelAsync();

        await ended;
        Assert.Contains("FopWatch has stopped", host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreachable_status_API_is_warned_of_once_and_answered()
    {
        await using var host = await RunningHost.StartAsync();
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");

        PolledJob? polled = null;
        for (var i = 0; i < 3; i++)
        {
            using var answer = await host.PostAsync("/api/jobs/media/z0.a/poll");
            polled = await answer.Content.ReadFromJsonAsync(ApiJson.Default.PolledJob, Cancelled);
        }

        Assert.Equal("could not connect: connection refused", polled?.Answer);
        var line = Assert.Single(LinesOf(host, "Kind: "));
        Assert.StartsWith("Warning The status API cannot be reached or fails. Source: media. Kind: StatusApiUnreachable.", line, StringComparison.Ordinal);
        Assert.Contains("FopWatch:Sources:media:StatusEndpoint", line, StringComparison.Ordinal);
        Assert.DoesNotContain("z0.a", host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_trouble_of_the_whole_installation_is_logged_without_a_source()
    {
        await using var host = await RunningHost.StartAsync();

        await host.NotifyAsync("nobody", Done);

        var line = Assert.Single(LinesOf(host, "Kind: UnknownNotifyUrl"));
        Assert.Contains(" Qiniu does not repeat them. Kind: UnknownNotifyUrl. ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Source:", line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_signature_is_warned_of_with_the_setting_to_check_first()
    {
        var settings = RunningHost.TokenSources();
        settings["Sources:media:Keys:0:AccessKey"] = "ak-1";
        settings["Sources:media:Keys:0:SecretKey"] = "sk-1";
        await using var host = await RunningHost.StartAsync(settings);

        for (var i = 0; i < 3; i++)
        {
            using var forged = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/media/{RunningHost.Token}")
            {
                Content = new StringContent(Done, System.Text.Encoding.UTF8, "application/json"),
            };
            forged.Headers.TryAddWithoutValidation("Authorization", "Qiniu ak-1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
            Assert.True((await host.Http.SendAsync(forged, Cancelled)).IsSuccessStatusCode);
        }

        var line = Assert.Single(LinesOf(host, "Kind: WrongSignature"));
        Assert.Contains("check FopWatch:PublicUrl", line, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningHost.Token, host.Log.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("ak-1", host.Log.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_shows_troubles_only_to_callers_with_the_key()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "a-key-of-the-tests-of-health");
        await host.NotifyAsync("media", "not a notification");
        using var stranger = new HttpClient { BaseAddress = host.Http.BaseAddress };

        Assert.Equal("""{"status":"ready"}""", await stranger.GetStringAsync("/health/ready", Cancelled));
        var ready = (await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!;

        Assert.Equal(TroubleKind.UnreadableNotifications, Assert.Single(ready.Troubles!).Kind);
    }

    private static IEnumerable<string> LinesOf(RunningHost host, string text) =>
        host.Log.ToString().Split('\n').Where(line => line.Contains(text, StringComparison.Ordinal));

    [GeneratedRegex("[0-9a-f]{24}")]
    private static partial Regex Reference();
}

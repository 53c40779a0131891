using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.RegularExpressions;
using FopWatch.Api;
using FopWatch.Diagnosis;

namespace FopWatch.PortContracts.Http;

/// <summary>Every host's report of troubles, starting with a host without any.</summary>
public abstract class TroubleContract : HostContract
{
    private const string Han = @"\p{IsCJKUnifiedIdeographs}";

    // Two answers are made at different times.
    private static readonly Regex Moments = new("\"([a-zA-Z]*[aA]t|since)\":\"[^\"]*\",?");

    [Fact]
    public async Task Troubles_are_listed_with_health_and_do_not_make_a_host_unready()
    {
        await using var host = await StartAsync();
        Assert.Null((await ReadyAsync()).Troubles);
        await host.PostAsync("/api/jobs", """{"source":"media","id":"z0.a"}""");
        host.StatusApi.Answers["z0.a"] = (503, []);

        await host.PollAsync("media", "z0.a");
        await host.PollAsync("media", "z0.a");
        await host.NotifyAsync("files", "not a notification");
        await host.PostAsync("/api/notify/media/another-token", Done);
        using (var forged = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/signed/{ServedHost.Token}"))
        {
            forged.Content = new StringContent(Done, Encoding.UTF8, "application/json");
            forged.Headers.TryAddWithoutValidation("Authorization", "Qiniu ak-1:AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
            Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(forged, Cancelled)).StatusCode);
        }

        var ready = await ReadyAsync();
        Assert.Equal("ready", ready.Status);
        Assert.Equal(
            [
                ("files", TroubleKind.UnreadableNotifications, 1),
                ("media", TroubleKind.StatusApiUnreachable, 2),
                ("media", TroubleKind.WrongToken, 1),
                ("signed", TroubleKind.WrongSignature, 1),
            ],
            ready.Troubles!.Select(trouble => (trouble.Source!, trouble.Kind, trouble.Count)).Order());
        Assert.Contains("FopWatch:PublicUrl", Assert.Single(ready.Troubles!, trouble => trouble.Source == "signed").Hint, StringComparison.Ordinal);

        async Task<Health> ReadyAsync() => (await host.Http.GetFromJsonAsync("/health/ready", ApiJson.Default.Health, Cancelled))!;
    }

    [Fact]
    public async Task Texts_are_in_the_language_that_the_request_prefers()
    {
        await using var host = await StartAsync();
        await host.NotifyAsync("files", "not a notification");
        await host.PostAsync("/api/notify/media/another-token", Done);
        foreach (var path in (string[])["/api/overview", "/api/quarantine", "/health/ready", "/api/jobs?state=wrong", "/api/jobs/media/z0.unknown"])
        {
            var (english, chinese) = (await ReadAsync(path, null), await ReadAsync(path, "zh-CN,zh;q=0.9,en;q=0.8"));
            Assert.Equal("en", english.Language);
            Assert.DoesNotMatch(Han, english.Text);
            Assert.Equal(english.Text, (await ReadAsync(path, "en-US,en;q=0.9,zh;q=0.8")).Text);
            Assert.Equal(english.Text, (await ReadAsync(path, "fr")).Text);
            Assert.Equal("zh-CN", chinese.Language);
            Assert.Matches(Han, chinese.Text);
            Assert.DoesNotMatch("[a-z]+ [a-z]+ [a-z]+ [a-z]+", chinese.Text);
            foreach (var accepted in (string[])["fr, zh;q=0.5", "zh, *", "en;q=0, *", "*, en;q=0.1", "ZH-hans-CN"])
                Assert.Equal(chinese.Language, (await ReadAsync(path, accepted)).Language);
            foreach (var accepted in (string[])["*", "en, *", "zh;q=0, *", "zh;q=0", "zh;q=2", "zh_CN", "zhx"])
                Assert.Equal(english.Language, (await ReadAsync(path, accepted)).Language);
        }

        async Task<(string Text, string Language)> ReadAsync(string path, string? accepted)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path);
            if (accepted is not null)
                request.Headers.TryAddWithoutValidation("Accept-Language", accepted);
            using var response = await host.Http.SendAsync(request, Cancelled);
            Assert.Contains("Accept-Language", response.Headers.Vary);
            var text = await response.Content.ReadAsStringAsync(Cancelled);
            return (Moments.Replace(text, ""), Assert.Single(response.Content.Headers.ContentLanguage));
        }
    }
}

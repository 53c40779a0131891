using System.Net;
using System.Net.Http.Json;
using System.Text;
using FopWatch.Api;
using FopWatch.Diagnosis;

namespace FopWatch.PortContracts.Http;

/// <summary>Every host's report of troubles, starting with a host without any.</summary>
public abstract class TroubleContract : HostContract
{
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
}

using System.Net;
using System.Text;
using FopWatch.Contracts;

namespace FopWatch.Local.Tests.Http;

// Every payload, through every channel that carries such a body.
public partial class PayloadTests
{
    private enum Channel
    {
        Signed,
        Unsigned,
        Poll,
    }

    private static readonly Channel[] Notifications = [Channel.Signed, Channel.Unsigned];

    private static readonly Dictionary<string, (Channel[] Without, string Reason)> Exceptions = new()
    {
        ["cdnetworks-prefop-status-SCHEMA.json"] = (Enum.GetValues<Channel>(), "a shape: its id and codes are placeholders"),
        ["qiniu-prefop-code4-callback-failed-2014.json"] = (Notifications, "its code says that the notification did not arrive"),
        ["qiniu-prefop-not-found.json"] = (Enum.GetValues<Channel>(), "an error of the status API, which names no job"),
        ["qiniu-prefop-processing-z1-2017.json"] = (Notifications, "a task is notified when it is over"),
        ["qiniu-prefop-waiting-item-FRAGMENT-2015.json"] = (Enum.GetValues<Channel>(), "an item without the body around it"),
        ["wangsu-fmgr-notify-success-docs-2023.raw.txt"] = ([Channel.Poll], "Base64, as only notifications are; its JSON is another payload"),
        ["wangsu-query-error-SCHEMA.json"] = (Enum.GetValues<Channel>(), "a shape of an error of the status API"),
    };

    public static TheoryData<string> SignedPayloads => On(Channel.Signed);

    public static TheoryData<string> UnsignedPayloads => On(Channel.Unsigned);

    public static TheoryData<string> PolledPayloads => On(Channel.Poll);

    [Fact]
    public void Every_payload_is_tested_or_has_a_reason_not_to_be()
    {
        var excused = Exceptions.Where(exception => exception.Value.Without.Length == 3).Select(exception => exception.Key);

        Assert.Equal(SharedPayloads.Names(), Payloads.Keys.Concat(excused).Order(StringComparer.Ordinal));
        Assert.All(Exceptions.Keys, payload => Assert.Contains(payload, SharedPayloads.Names()));
    }

    [Theory]
    [MemberData(nameof(SignedPayloads))]
    public async Task A_signed_notification_settles_its_job(string payload)
    {
        var (source, state) = (Payloads[payload].Source, Payloads[payload].State);
        await using var host = await RunningHost.StartAsync(SignedSources(null), apiKey: "an-api-key-0123456789");
        var url = new Uri($"https://hooks.example.com/api/notify/{source}/{RunningHost.Token}");
        var body = SharedPayloads.Read(payload);
        var sent = AsSent(source, body);
        using var request = new HttpRequestMessage(HttpMethod.Post, url.AbsolutePath) { Content = new ByteArrayContent(sent) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            source == "media" ? Simulator.Signer.Qiniu("ak", "sk", url, "application/json", sent) : Simulator.Signer.Wangsu("ak", "sk", url.AbsoluteUri, sent));

        Assert.Equal(HttpStatusCode.OK, (await host.Http.SendAsync(request, TestContext.Current.CancellationToken)).StatusCode);

        var job = await host.JobAsync(source, IdOf(body));
        Assert.Equal((state, SettledBy.Notification), (job.State, job.SettledBy));
        AssertRight(payload, job);
    }

    [Theory]
    [MemberData(nameof(UnsignedPayloads))]
    public async Task An_unsigned_notification_triggers_the_poll_that_settles_its_job(string payload)
    {
        var (source, state) = (Payloads[payload].Source, Payloads[payload].State);
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(SignedSources(api.Endpoint), apiKey: "an-api-key-0123456789");
        var body = SharedPayloads.Read(payload);
        Answer(api, payload, body);

        Assert.Equal(HttpStatusCode.OK, (await host.NotifyAsync(source, AsSent(source, body))).StatusCode);

        var job = await host.JobAsync(source, IdOf(body), "?wait=20");
        Assert.Equal((state, SettledBy.Poll), (job.State, job.SettledBy));
        AssertRight(payload, job);
    }

    [Theory]
    [MemberData(nameof(PolledPayloads))]
    public async Task A_poll_has_the_same_result_for_a_registered_job(string payload)
    {
        var (source, state) = (Payloads[payload].Source, Payloads[payload].State);
        await using var api = await StatusStub.StartAsync();
        await using var host = await RunningHost.StartAsync(SignedSources(api.Endpoint), apiKey: "an-api-key-0123456789");
        var body = SharedPayloads.Read(payload);
        Answer(api, payload, body);

        await host.PostAsync("/api/jobs", $$"""{"source":"{{source}}","id":"{{IdOf(body)}}","firstPollAfter":0}""");

        var isOver = state != JobState.Processing;
        var job = await host.JobAsync(source, IdOf(body), isOver ? "?wait=20" : "");
        for (var tries = 0; job.Polls == 0 && tries < 200; tries++)
        {
            await Task.Delay(50, TestContext.Current.CancellationToken);
            job = await host.JobAsync(source, IdOf(body));
        }

        Assert.Equal((state, isOver ? SettledBy.Poll : null), (job.State, job.SettledBy));
        AssertRight(payload, job);
    }

    private static TheoryData<string> On(Channel channel) =>
        [.. Payloads.Keys.Where(payload => !Exceptions.TryGetValue(payload, out var exception) || !exception.Without.Contains(channel))];

    private static Dictionary<string, string?> SignedSources(Uri? statusEndpoint)
    {
        var settings = RunningHost.TokenSources(statusEndpoint);
        settings["PublicUrl"] = "https://hooks.example.com";
        settings["Sources:media:WorkflowEndpoint"] = settings["Sources:media:StatusEndpoint"];
        foreach (var name in (string[])["media", "files", "video"])
        {
            settings[$"Sources:{name}:Trust"] = "Signature";
            settings[$"Sources:{name}:Keys:0:AccessKey"] = "ak";
            settings[$"Sources:{name}:Keys:0:SecretKey"] = "sk";
        }

        return settings;
    }

    /// <summary>Wangsu sends Base64.</summary>
    private static byte[] AsSent(string source, byte[] body) =>
        source == "media" || body[0] != '{' ? body : Encoding.UTF8.GetBytes(Convert.ToBase64String(body));

    /// <summary>Workflow V3 has its own query; the query of tasks does not know it.</summary>
    private static void Answer(StatusStub api, string payload, byte[] body)
    {
        var answers = payload.Contains("workflow-v3", StringComparison.Ordinal) ? api.Workflows : api.Answers;
        answers[IdOf(body)] = (200, JsonOf(body));
    }
}

using System.Net.Http.Json;
using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Simulator;

namespace FopWatch.Local.Tests.Http;

/// <summary>Uploads with jobs that only the provider registers.</summary>
public sealed class UploadFlowTests
{
    private static readonly SigningKey Key = new("access-key", "secret-key");
    private static readonly Simulator.Upload File = new("course-video", "lessons/第 1 课.mp4", "Fh8xVqod2MQ1mocfI4S4KpRL6D98", 1024)
    {
        Variables = new Dictionary<string, string> { ["lesson"] = "4&2=%" },
    };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(SigningScheme.QBox, UploadPolicy.Form, "persistentId=$(persistentId)&bucket=$(bucket)&key=$(key)&hash=$(etag)&fsize=$(fsize)&x:lesson=$(x:lesson)")]
    [InlineData(SigningScheme.Qiniu, "application/json", """{"persistentId":$(persistentId),"bucket":"$(bucket)","key":"$(key)","hash":"$(etag)","fsize":$(fsize),"x:lesson":"$(x:lesson)"}""")]
    public async Task A_job_named_only_by_the_upload_callback_settles_with_its_metadata_although_its_notification_is_lost(
        SigningScheme scheme, string type, string body)
    {
        await using var provider = await SimulatedProvider.StartAsync(new() { QiniuKeys = [Key] }, Cancelled);
        await using var host = await RunningHost.StartAsync(Settings(provider.StatusEndpoint));

        var answer = await provider.UploadAsync(File, Policy(host, body, scheme, type), Job("z0.uploaded"), Cancelled);

        Assert.Equal(200, answer.Status);
        using var answered = JsonDocument.Parse(answer.Body);
        Assert.Equal("z0.uploaded", answered.RootElement.GetProperty("persistentId").GetString());
        Assert.Equal(File.Key, answered.RootElement.GetProperty("key").GetString());
        var job = await host.JobAsync("media", "z0.uploaded", "?wait=60");
        Assert.Equal((JobState.Succeeded, SettledBy.Poll), (job.State, job.SettledBy));
        Assert.Equal("4&2=%", job.Metadata!["lesson"]);
        Assert.Equal(File.Key, job.Metadata!["key"]);
        await using var events = await EventReader.OpenAsync(host, "0");
        var settled = (await events.NextAsync(read => read.EventType == JobEvent.SettledType)).Data.Data;
        Assert.Equal(("z0.uploaded", "4&2=%"), (settled.Id, settled.Metadata!["lesson"]));
    }

    [Fact]
    public async Task An_uploader_is_answered_when_nothing_is_processed_and_by_the_second_URL_if_the_first_fails()
    {
        await using var provider = await SimulatedProvider.StartAsync(new() { QiniuKeys = [Key] }, Cancelled);
        await using var host = await RunningHost.StartAsync(Settings(provider.StatusEndpoint));
        var policy = Policy(host, "persistentId=$(persistentId)&key=$(key)", SigningScheme.QBox, UploadPolicy.Form);

        var answer = await provider.UploadAsync(File, policy with { CallbackUrl = $"http://127.0.0.1:9/nobody;{policy.CallbackUrl}" }, null, Cancelled);
        var refused = await provider.UploadAsync(File, policy with { CallbackUrl = policy.CallbackUrl + "0" }, null, Cancelled);

        Assert.Equal((200, 579), (answer.Status, refused.Status));
        Assert.Empty((await host.Http.GetFromJsonAsync<JsonElement>("/api/jobs", Cancelled)).GetProperty("jobs").EnumerateArray());
    }

    private static UploadPolicy Policy(RunningHost host, string body, SigningScheme scheme, string type) =>
        new(new Uri(host.Host.Url, $"/api/uploads/media/{RunningHost.Token}").AbsoluteUri, body) { CallbackBodyType = type, Signing = scheme };

    private static Dictionary<string, string?> Settings(Uri statusEndpoint) => new()
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = statusEndpoint.AbsoluteUri,
        ["Sources:media:NotifyTokens:0"] = RunningHost.Token,
        ["Sources:media:Keys:0:AccessKey"] = Key.AccessKey,
        ["Sources:media:Keys:0:SecretKey"] = Key.SecretKey,
        ["Sources:media:Poll:First"] = "00:00:01",
    };

    private static SimulatedJob Job(string id) => new()
    {
        Seed = 1,
        Id = id,
        Shape = BodyShape.QiniuClassic,
        ProcessingAfter = TimeSpan.FromMilliseconds(100),
        DoneAfter = TimeSpan.FromMilliseconds(500),
        Signing = SigningScheme.Qiniu,
        Faults = FaultPlan.None with { Lost = true },
        Items = [new() { Command = "avthumb/mp4", Fate = ItemFate.Succeeded, Outputs = [new("course-video", "out.mp4", "FuYTrVLG2sQd3Tic6cRWB6y3l7y5", 10)] }],
    };
}

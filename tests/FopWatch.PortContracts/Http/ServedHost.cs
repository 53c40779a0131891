using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Simulator;

namespace FopWatch.PortContracts.Http;

/// <summary>A running host with an empty store, as its HTTP surface is seen. <see cref="Settings"/> says what it is to be started with.</summary>
public abstract class ServedHost : IAsyncDisposable
{
    /// <summary>The right token of every source.</summary>
    public const string Token = "right-token";

    /// <summary>What the host takes itself to be reached under.</summary>
    public static readonly Uri PublicUrl = new("https://hooks.example.com");

    /// <summary>The key of the source <c>signed</c>.</summary>
    public static readonly SigningKey Key = new("ak-1", "sk-1");

    /// <summary>The one bucket of the source <c>scoped</c>.</summary>
    public const string Bucket = "course-video";

    /// <summary>The largest body that the host takes, in bytes.</summary>
    public const int MaxBodyBytes = 262_144;

    private static readonly (string Name, string Provider)[] TrustTokens =
        [("media", "Qiniu"), ("files", "WangsuFmgr"), ("video", "WangsuFops")];

    /// <summary>A client that may do everything.</summary>
    public abstract HttpClient Http { get; }

    /// <summary>A client without any key.</summary>
    public virtual HttpClient Stranger => Http;

    /// <summary>The status API that all sources ask.</summary>
    public abstract StatusStub StatusApi { get; }

    /// <summary>Cancelled when the test run is.</summary>
    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>
    /// One source of each kind, which trust tokens: <c>media</c>, <c>files</c> and <c>video</c>, which has a key too; <c>signed</c>, which does not;
    /// <c>hasty</c>, which does not either and whose jobs expire after a second; and <c>scoped</c>, which does not either and lists <see cref="Bucket"/>.
    /// </summary>
    /// <param name="statusEndpoint">Where their status API is.</param>
    /// <returns>Settings below <c>FopWatch</c>.</returns>
    public static Dictionary<string, string?> Settings(Uri statusEndpoint)
    {
        var settings = new Dictionary<string, string?>
        {
            ["PublicUrl"] = PublicUrl.AbsoluteUri,
            ["MaxBodyBytes"] = $"{MaxBodyBytes}",
            ["Sources:media:Domains:0:Bucket"] = "course-video",
            ["Sources:media:Domains:0:Url"] = "https://cdn.example.com/v",
            ["Sources:scoped:Buckets:0"] = Bucket,
            ["Sources:hasty:UploadCallback:IdField"] = "upload.job",
            ["Sources:hasty:Poll:First"] = "00:00:01",
            ["Sources:hasty:Poll:Deadline"] = "00:00:01",
        };
        foreach (var name in (string[])["signed", "hasty", "scoped"])
        {
            settings[$"Sources:{name}:Provider"] = "Qiniu";
            settings[$"Sources:{name}:WorkflowEndpoint"] = statusEndpoint.AbsoluteUri;
            settings[$"Sources:{name}:Keys:0:AccessKey"] = Key.AccessKey;
            settings[$"Sources:{name}:Keys:0:SecretKey"] = Key.SecretKey;
        }

        settings["Sources:video:Keys:0:AccessKey"] = Key.AccessKey;
        settings["Sources:video:Keys:0:SecretKey"] = Key.SecretKey;
        foreach (var (name, provider) in TrustTokens)
        {
            settings[$"Sources:{name}:Provider"] = provider;
            settings[$"Sources:{name}:Trust"] = "Token";
        }

        foreach (var name in (string[])[.. TrustTokens.Select(source => source.Name), "signed", "hasty", "scoped"])
        {
            settings[$"Sources:{name}:StatusEndpoint"] = statusEndpoint.AbsoluteUri;
            settings[$"Sources:{name}:NotifyTokens:0"] = Token;
        }

        return settings;
    }

    /// <summary>Makes the store fail until what is returned is disposed of.</summary>
    public abstract Task<IAsyncDisposable> BreakStoreAsync();

    /// <summary>Sends a notification.</summary>
    public Task<HttpResponseMessage> NotifyAsync(string source, byte[] body, string contentType = "application/json", string suffix = "") =>
        PostAsync($"/api/notify/{source}/{Token}{suffix}", body, contentType);

    /// <summary>Sends a notification.</summary>
    public Task<HttpResponseMessage> NotifyAsync(string source, string body, string suffix = "") =>
        NotifyAsync(source, Encoding.UTF8.GetBytes(body), suffix: suffix);

    /// <summary>Sends a body, or an empty one.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string body = "") => PostAsync(path, Encoding.UTF8.GetBytes(body), "application/json");

    /// <summary>Sends a body.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string contentType)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await Http.PostAsync(path, content, Cancelled);
    }

    /// <summary>The job, which has to be there.</summary>
    public async Task<WatchedJob> JobAsync(string source, string id, string query = "") =>
        (await Http.GetFromJsonAsync($"/api/jobs/{source}/{id}{query}", ApiJson.Default.WatchedJob, Cancelled))!;

    /// <summary>Asks the status API about a job, which has to be there.</summary>
    public async Task<PolledJob> PollAsync(string source, string id)
    {
        using var answer = await PostAsync($"/api/jobs/{source}/{id}/poll");
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.PolledJob, Cancelled))!;
    }

    /// <summary>A list of jobs.</summary>
    public async Task<JobList> ListAsync(string query = "") =>
        (await Http.GetFromJsonAsync($"/api/jobs{query}", ApiJson.Default.JobList, Cancelled))!;

    /// <summary>What is in quarantine.</summary>
    public async Task<QuarantineList> QuarantineAsync() =>
        (await Http.GetFromJsonAsync("/api/quarantine?top=100", ApiJson.Default.QuarantineList, Cancelled))!;

    /// <summary>The problem that an answer tells of.</summary>
    public static async Task<Problem> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal(Problem.ContentType, response.Content.Headers.ContentType?.MediaType);
        return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(Cancelled), ApiJson.Default.Problem)!;
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FopWatch.Api;
using FopWatch.Simulator;

namespace FopWatch.PortContracts.Http;

/// <summary>The HTTP surface of a running host with an empty store, started with <see cref="Settings"/>.</summary>
public abstract class ServedHost : IAsyncDisposable
{
    /// <summary>The valid token of every source.</summary>
    public const string Token = "right-token";

    public static readonly Uri PublicUrl = new("https://hooks.example.com");

    /// <summary>The key of the source <c>signed</c>.</summary>
    public static readonly SigningKey Key = new("ak-1", "sk-1");

    /// <summary>The only bucket of the source <c>scoped</c>.</summary>
    public const string Bucket = "course-video";

    /// <summary>The largest body that the host accepts, in bytes.</summary>
    public const int MaxBodyBytes = 262_144;

    private static readonly (string Name, string Provider)[] TrustTokens =
        [("media", "Qiniu"), ("files", "WangsuFmgr"), ("video", "WangsuFops")];

    /// <summary>A client with all rights.</summary>
    public abstract HttpClient Http { get; }

    /// <summary>A client without a key.</summary>
    public virtual HttpClient Stranger => Http;

    /// <summary>The status API of all sources.</summary>
    public abstract StatusStub StatusApi { get; }

    protected static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>
    /// One source of each provider, with token trust: <c>media</c>, <c>files</c> and <c>video</c>, which also has a key. Three sources trust signatures only: <c>signed</c>;
    /// <c>hasty</c>, whose jobs expire after a second; and <c>scoped</c>, which lists <see cref="Bucket"/>.
    /// </summary>
    /// <param name="statusEndpoint">The endpoint of their status API.</param>
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

    /// <summary>Makes the store fail until the returned object is disposed.</summary>
    public abstract Task<IAsyncDisposable> BreakStoreAsync();

    public Task<HttpResponseMessage> NotifyAsync(string source, byte[] body, string contentType = "application/json", string suffix = "") =>
        PostAsync($"/api/notify/{source}/{Token}{suffix}", body, contentType);

    public Task<HttpResponseMessage> NotifyAsync(string source, string body, string suffix = "") =>
        NotifyAsync(source, Encoding.UTF8.GetBytes(body), suffix: suffix);

    /// <summary>Sends a body, or an empty one.</summary>
    public Task<HttpResponseMessage> PostAsync(string path, string body = "") => PostAsync(path, Encoding.UTF8.GetBytes(body), "application/json");

    public async Task<HttpResponseMessage> PostAsync(string path, byte[] body, string contentType)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return await Http.PostAsync(path, content, Cancelled);
    }

    /// <summary>A job that must exist.</summary>
    public async Task<WatchedJob> JobAsync(string source, string id, string query = "") =>
        (await Http.GetFromJsonAsync($"/api/jobs/{source}/{id}{query}", ApiJson.Default.WatchedJob, Cancelled))!;

    /// <summary>Polls a job that must exist.</summary>
    public async Task<PolledJob> PollAsync(string source, string id)
    {
        using var answer = await PostAsync($"/api/jobs/{source}/{id}/poll");
        return (await answer.Content.ReadFromJsonAsync(ApiJson.Default.PolledJob, Cancelled))!;
    }

    public async Task<JobList> ListAsync(string query = "") =>
        (await Http.GetFromJsonAsync($"/api/jobs{query}", ApiJson.Default.JobList, Cancelled))!;

    public async Task<QuarantineList> QuarantineAsync() =>
        (await Http.GetFromJsonAsync("/api/quarantine?top=100", ApiJson.Default.QuarantineList, Cancelled))!;

    /// <summary>The problem in an answer.</summary>
    public static async Task<Problem> ProblemAsync(HttpResponseMessage response)
    {
        Assert.Equal(Problem.ContentType, response.Content.Headers.ContentType?.MediaType);
        return JsonSerializer.Deserialize(await response.Content.ReadAsByteArrayAsync(Cancelled), ApiJson.Default.Problem)!;
    }

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}

using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using FopWatch.Client;

namespace FopWatch.Local.Tests.Reloading;

/// <summary>The embedded host as a process, with a settings file that the test writes.</summary>
internal sealed class ReloadedHost : IAsyncDisposable
{
    public const string Key = "the-key-of-all-rights";
    public const string Token = "right-token";

    private readonly TempFolder _folder;

    private ReloadedHost(TempFolder folder, HostProcess process)
    {
        (_folder, Process) = (folder, process);
        Http = HttpOf(Key);
    }

    public HostProcess Process { get; }

    public HttpClient Http { get; }

    public string File => Path.Combine(_folder.FullName, "settings.json");

    /// <summary>How often the host has said that it read its settings again.</summary>
    public int Reloads => Process.Printed.Split("Settings were read again").Length - 1;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Starts one with these settings below <c>FopWatch</c>, and the key.</summary>
    public static async Task<ReloadedHost> StartAsync(JsonObject settings, Dictionary<string, string?>? variables = null)
    {
        var folder = new TempFolder();
        var file = Path.Combine(folder.FullName, "settings.json");
        await System.IO.File.WriteAllTextAsync(file, Json(settings), Cancelled);
        var process = await HostProcess.StartAsync([], variables: new Dictionary<string, string?>(variables ?? []) { ["FOPWATCH_CONFIG"] = file });
        return new(folder, process);
    }

    /// <summary>A source whose jobs are first polled after an hour, unless said otherwise.</summary>
    public static JsonObject Source(Uri? endpoint = null, string token = Token, string first = "01:00:00", double perSecond = 1000) => new()
    {
        ["Provider"] = "Qiniu",
        ["StatusEndpoint"] = (endpoint ?? new("http://127.0.0.1:9")).AbsoluteUri,
        ["NotifyTokens"] = new JsonArray(token),
        ["Trust"] = "Token",
        ["Poll"] = new JsonObject { ["First"] = first, ["Max"] = "01:00:00", ["PerSecond"] = perSecond },
    };

    /// <summary>Settings with sources.</summary>
    public static JsonObject With(params (string Name, JsonObject Settings)[] sources) => new()
    {
        ["Sources"] = new JsonObject(sources.Select(source => KeyValuePair.Create<string, JsonNode?>(source.Name, source.Settings))),
    };

    /// <summary>A webhook on this machine.</summary>
    public static JsonObject Webhook(Uri url, string secret, params string[] sources)
    {
        var one = new JsonObject { ["Url"] = url.AbsoluteUri, ["Secret"] = secret, ["AllowPrivate"] = true };
        if (sources.Length > 0)
            one["Sources"] = new JsonArray([.. sources.Select(source => (JsonNode)source)]);
        return new() { ["crm"] = one };
    }

    /// <summary>The settings file with these settings.</summary>
    public static string Json(JsonObject settings)
    {
        var copy = settings.DeepClone().AsObject();
        copy.TryAdd("ApiKey", Key);
        return new JsonObject { ["FopWatch"] = copy }.ToJsonString();
    }

    public HttpClient HttpOf(string key)
    {
        var http = new HttpClient { BaseAddress = Process.Url };
        http.DefaultRequestHeaders.Add("X-Api-Key", key);
        return http;
    }

    /// <summary>Writes the file in one step.</summary>
    public void Write(JsonObject settings) => Write(Encoding.UTF8.GetBytes(Json(settings)));

    /// <inheritdoc cref="Write(JsonObject)"/>
    public void Write(byte[] content)
    {
        System.IO.File.WriteAllBytes(File + ".new", content);
        System.IO.File.Move(File + ".new", File, overwrite: true);
    }

    /// <summary>Writes the file, asks the host to read it, and waits until it has.</summary>
    public async Task ReloadAsync(JsonObject settings)
    {
        var before = Reloads;
        Write(settings);
        await Process.SendAsync("HUP");
        await Eventually.HoldsAsync(() => Reloads > before);
    }

    public async Task<HttpStatusCode> NotifyAsync(string source, string id, string token = Token)
    {
        using var content = new StringContent(StatusStub.Succeeded(id), Encoding.UTF8, "application/json");
        using var answer = await Http.PostAsync($"/api/notify/{source}/{token}", content, Cancelled);
        return answer.StatusCode;
    }

    public async Task RegisterAsync(string source, params IEnumerable<string> ids)
    {
        foreach (var some in ids.Chunk(500))
        {
            var body = new JsonArray([.. some.Select(id => (JsonNode)new JsonObject { ["source"] = source, ["id"] = id })]);
            using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
            using var answer = await Http.PostAsync("/api/jobs", content, Cancelled);
            answer.EnsureSuccessStatusCode();
        }
    }

    public async Task<HttpStatusCode> StatusOfAsync(string path, string key = Key)
    {
        using var http = HttpOf(key);
        using var answer = await http.GetAsync(path, Cancelled);
        return answer.StatusCode;
    }

    public Task<string> HealthAsync() => Http.GetStringAsync("/health/ready", Cancelled);

    public async Task<DoctorReport> ExamineAsync()
    {
        using var client = new FopWatchClient(new() { Url = Process.Url, ApiKey = Key });
        return await client.ExamineAsync(Cancelled);
    }

    public ValueTask DisposeAsync()
    {
        Http.Dispose();
        Process.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}

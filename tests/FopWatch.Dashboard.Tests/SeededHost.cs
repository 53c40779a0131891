using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FopWatch.Dashboard.Tests;

[assembly: AssemblyFixture(typeof(SeededHost))]

namespace FopWatch.Dashboard.Tests;

/// <summary>The embedded host as a process, with jobs in every state, a quarantine, and values that contain markup.</summary>
public sealed class SeededHost : IAsyncLifetime
{
    public const string Token = "right-token";

    /// <summary>Markup that must never run, wherever it is shown.</summary>
    public const string Hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>";

    /// <summary>The id of the job whose values are <see cref="Hostile"/>.</summary>
    public const string HostileId = "z0.hostile";

    private HostProcess? _host;

    public Uri Url => _host!.Url;

    public Uri Dashboard => new(Url, "/ui/");

    public HttpClient Http { get; private set; } = null!;

    /// <summary>The status API.</summary>
    public StatusStub Provider { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Provider = await StatusStub.StartAsync();
        _host = await HostProcess.StartAsync(Settings(Provider.Endpoint), "None");
        Http = new() { BaseAddress = Url };
        await SeedAsync();
    }

    /// <summary>Two sources with token trust.</summary>
    public static Dictionary<string, string?> Settings(Uri statusEndpoint) => new()
    {
        ["Sources:media:Provider"] = "Qiniu",
        ["Sources:media:StatusEndpoint"] = statusEndpoint.AbsoluteUri,
        ["Sources:media:NotifyTokens:0"] = Token,
        ["Sources:media:Trust"] = "Token",
        ["Sources:files:Provider"] = "WangsuFmgr",
        ["Sources:files:StatusEndpoint"] = statusEndpoint.AbsoluteUri,
        ["Sources:files:NotifyTokens:0"] = Token,
        ["Sources:files:Trust"] = "Token",
        ["Sources:files:Keys:known-key"] = "its-secret-key",
    };

    public async Task RegisterAsync(params IEnumerable<object> registrations) =>
        (await Http.PostAsJsonAsync("/api/jobs", registrations, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();

    /// <summary>Sends a notification to the source <c>media</c>.</summary>
    public Task NotifyAsync(string body) => NotifyAsync("media", Encoding.UTF8.GetBytes(body));

    /// <summary>Sends a notification to the source <c>media</c> of a host.</summary>
    public static async Task NotifyAsync(Uri host, string body)
    {
        using var http = new HttpClient { BaseAddress = host };
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        (await http.PostAsync($"/api/notify/media/{Token}", content, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
    }

    public async Task NotifyAsync(string source, byte[] body, string? authorization = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"/api/notify/{source}/{Token}") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        if (authorization is not null)
            request.Headers.TryAddWithoutValidation("Authorization", authorization);
        (await Http.SendAsync(request, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
    }

    public async Task<JsonNode> JobAsync(string id) =>
        (await Http.GetFromJsonAsync<JsonNode>($"/api/jobs/media/{id}", TestContext.Current.CancellationToken))!;

    /// <summary>A report of a job with one command per code.</summary>
    public static string Report(string id, params int[] codes) => JsonSerializer.Serialize(new
    {
        id,
        code = codes.All(code => code == 0) ? 0 : 3,
        pipeline = "0.default",
        reqid = "NTAAAGzpokQgZgkU",
        inputBucket = "lessons",
        inputKey = $"in/{id}.mp4",
        items = codes.Select((code, index) => new { cmd = $"avthumb/mp4/r/{24 + index}", code, key = $"out/{id}-{index}.mp4", hash = "FuYT", error = code == 3 ? "not a valid media" : null }),
    });

    public async ValueTask DisposeAsync()
    {
        Http?.Dispose();
        _host?.Dispose();
        if (Provider is not null)
            await Provider.DisposeAsync();
    }

    private async Task SeedAsync()
    {
        string Id(int number) => string.Create(CultureInfo.InvariantCulture, $"z0.job{number:000}");
        await RegisterAsync(Enumerable.Range(0, 130).Select(number => new { source = "media", id = Id(number), metadata = new Dictionary<string, string> { ["lesson"] = $"{number % 10}" } }));
        await RegisterAsync(Enumerable.Range(0, 5).Select(number => new { source = "files", id = $"files{number}" }));
        foreach (var number in Enumerable.Range(0, 100))
            await NotifyAsync(Report(Id(number), number % 7 == 0 ? [3] : number % 5 == 0 ? [0, 3] : [0]));

        await RegisterAsync(new { source = "media", id = HostileId, metadata = new Dictionary<string, string> { [Hostile] = new string('W', 2000), ["lesson"] = "\u202egnp.exe \u05d0\u05d1" } });
        await NotifyAsync(JsonSerializer.Serialize(new
        {
            id = HostileId,
            code = 3,
            pipeline = Hostile,
            reqid = Hostile,
            inputBucket = Hostile,
            inputKey = "\u202e" + new string('W', 700),
            items = new object[]
            {
                new { cmd = $"avthumb/{Hostile}/{new string('W', 2000)}", code = 3, error = Hostile },
                new { cmd = "avinfo", code = 0, result = new { text = Hostile, url = "javascript:alert(3)" }, key = "javascript:alert(4)" },
            },
        }));
        await NotifyAsync($"{Hostile} is not JSON");
        await NotifyAsync("""{"what": "is this"}""");
    }
}

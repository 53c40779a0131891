using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace FopWatch.Hostile.Tests.Http;

/// <summary>A stranger in front of a real nginx that forwards more to the host than its operator intended.</summary>
public sealed partial class ProxyTests
{
    private const string Key = "an-api-key-of-24-letters";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>nginx directives in addition to <c>proxy_pass</c>, and the host name in the stranger's request.</summary>
    public static TheoryData<string, string> Proxies => new()
    {
        // By default nginx sends the name in proxy_pass, adds no headers and speaks HTTP/1.0.
        { "", "hooks.example.com" },
        { "", "localhost" },
        { "proxy_set_header Host $host;", "hooks.example.com" },
        { "proxy_set_header Host $host;", "localhost" },
        { "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", "hooks.example.com" },
        { "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $host; proxy_set_header X-Real-IP $remote_addr;", "localhost" },
        { "proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_set_header Host $http_host; proxy_set_header Forwarded \"for=192.0.2.1\";", "127.0.0.1" },
    };

    [Theory]
    [MemberData(nameof(Proxies))]
    public async Task Without_an_API_key_a_proxy_that_forwards_everything_exposes_only_notify_and_health(string directives, string name)
    {
        await using var host = await AttackedHost.StartAsync(Unnamed());
        using var nginx = await Nginx.StartAsync(port => $$"""
            server { listen 127.0.0.1:{{port}}; location / { proxy_pass {{host.Host.Url.GetLeftPart(UriPartial.Authority)}}; {{directives}} } }
            """);
        using var stranger = Client(nginx.Url, name);
        (await host.Http.PostAsync("/api/jobs", new StringContent("""{"source":"media","id":"z0.a"}"""), Cancelled)).EnsureSuccessStatusCode();

        foreach (var path in (string[])["/api/jobs", "/api/jobs/media/z0.a", "/api/quarantine", "/events", "/metrics", "/openapi.json"])
            Assert.Equal(HttpStatusCode.MisdirectedRequest, (await stranger.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await stranger.DeleteAsync("/api/jobs/media/z0.a", Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await stranger.PostAsync("/api/jobs", new StringContent("""{"source":"media","id":"z0.b"}"""), Cancelled)).StatusCode);

        Assert.Equal("""{"status":"ready"}""", await stranger.GetStringAsync("/health/ready", Cancelled));
        var notified = await stranger.PostAsync($"/api/notify/media/{AttackedHost.Token}", new StringContent("""{"id":"z0.a","code":2,"items":[]}"""), Cancelled);
        Assert.Equal(HttpStatusCode.OK, notified.StatusCode);
        Assert.Equal(["z0.a"], (await host.JobsAsync()).Jobs.Select(job => job.Id));
    }

    [Theory]
    [InlineData("Forwarded", "for=192.0.2.1")]
    [InlineData("X-Forwarded-For", "192.0.2.1")]
    [InlineData("x-forwarded-proto", "https")]
    [InlineData("X-Real-IP", "192.0.2.1")]
    [InlineData("Via", "1.1 proxy")]
    [InlineData("CF-Connecting-IP", "192.0.2.1")]
    [InlineData("CF-Ray", "1")]
    [InlineData("True-Client-IP", "192.0.2.1")]
    [InlineData("X-Client-IP", "")]
    [InlineData("X-Varnish", "32770")]
    [InlineData("Fly-Client-IP", "192.0.2.1")]
    [InlineData("Fly-Forwarded-Port", "443")]
    [InlineData("X-Sucuri-ClientIP", "192.0.2.1")]
    [InlineData("Incap-Client-IP", "192.0.2.1")]
    [InlineData("DO-Connecting-IP", "192.0.2.1")]
    [InlineData("X-Vercel-Id", "fra1::x")]
    [InlineData("X-Cloud-Trace-Context", "105445aa7843bc8bf206b12000100000/1;o=1")]
    [InlineData("X_Forwarded_For", "192.0.2.1")]
    [InlineData("X-Scheme", "https")]
    [InlineData("X-Nginx-Proxy", "true")]
    [InlineData("X-Proxied-By", "proxy")]
    public async Task A_proxy_header_never_makes_a_request_local(string header, string value)
    {
        await using var host = await AttackedHost.StartAsync(Unnamed());
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/jobs");
        Assert.True(request.Headers.TryAddWithoutValidation(header, value));

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.Http.SendAsync(request, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await host.Http.GetAsync("/api/jobs", Cancelled)).StatusCode);
    }

    [Theory]
    [InlineData("loopback")]
    [InlineData("localhost.example.com")]
    [InlineData("127.0.0.1.example.com")]
    public async Task A_name_that_resembles_a_loopback_name_is_refused_as_host_and_as_origin(string name)
    {
        await using var host = await AttackedHost.StartAsync(Unnamed());
        using var byHost = new HttpRequestMessage(HttpMethod.Get, "/api/jobs") { Headers = { Host = name } };
        using var byOrigin = new HttpRequestMessage(HttpMethod.Get, "/api/jobs");
        byOrigin.Headers.TryAddWithoutValidation("Origin", $"http://{name}");

        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.Http.SendAsync(byHost, Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.MisdirectedRequest, (await host.Http.SendAsync(byOrigin, Cancelled)).StatusCode);
    }

    /// <summary>The configuration of <c>docs/proxy.md</c>, with another port and without TLS.</summary>
    [Fact]
    public async Task The_documented_nginx_configuration_forwards_only_notifications()
    {
        await using var host = await AttackedHost.StartAsync(apiKey: Key);
        var page = await File.ReadAllTextAsync(Path.Combine(RepositoryTests.Root, "docs", "proxy.md"), Cancelled);
        var documented = NginxBlock().Match(page).Groups[1].Value;
        using var nginx = await Nginx.StartAsync(port => Certificates().Replace(documented, "")
            .Replace("listen 443 ssl;", string.Create(CultureInfo.InvariantCulture, $"listen 127.0.0.1:{port};"), StringComparison.Ordinal)
            .Replace("http://127.0.0.1:7071", host.Host.Url.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal));
        await PassesNotificationsAloneAsync(nginx.Url);
    }

    /// <summary>The same in Caddy, whose site has a host name.</summary>
    [Fact]
    public async Task The_documented_Caddyfile_forwards_only_notifications()
    {
        await using var host = await AttackedHost.StartAsync(apiKey: Key);
        var page = await File.ReadAllTextAsync(Path.Combine(RepositoryTests.Root, "docs", "proxy.md"), Cancelled);
        var documented = CaddyBlock().Match(page).Groups[1].Value;
        using var caddy = await Caddy.StartAsync(port => documented
            .Replace("hooks.example.com {", string.Create(CultureInfo.InvariantCulture, $"http://hooks.example.com:{port}, http://localhost:{port} {{"), StringComparison.Ordinal)
            .Replace("127.0.0.1:7071", host.Host.Url.Authority, StringComparison.Ordinal));
        await PassesNotificationsAloneAsync(caddy.Url);
    }

    private static async Task PassesNotificationsAloneAsync(Uri proxy)
    {
        using var stranger = Client(proxy, "hooks.example.com");

        // As large as a notification may be.
        var body = $$"""{"id":"z0.a","code":2,"items":[],"x":"{{new string('x', (4 << 20) - 100)}}"}""";
        Assert.Equal(HttpStatusCode.OK, (await stranger.PostAsync($"/api/notify/media/{AttackedHost.Token}/lesson-42", new StringContent(body), Cancelled)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await stranger.PostAsync("/api/notify/media/wrong-token", new StringContent("{}"), Cancelled)).StatusCode);

        // 404 is the proxy's: with the key, the host would answer every one of these requests.
        stranger.DefaultRequestHeaders.Add("X-Api-Key", Key);
        string[] paths =
        [
            "/api/jobs", "/events", "/metrics", "/health/ready", "/openapi.json", "/api/quarantine", "/api/notify/../jobs", "/api/notify/%2e%2e/jobs",
            "/api/notify/..%2fjobs", "//api/jobs", "/api/notify",
        ];
        foreach (var path in paths)
        {
            using var raw = new RawConnection(proxy);
            await raw.SendAsync($"GET {path} HTTP/1.1\r\nHost: localhost\r\nX-Api-Key: {Key}\r\nConnection: close\r\n\r\n");
            var status = (await raw.ReadAsync()).Status;
            Assert.True(status is 404 or 301, $"{path}: {status}");
        }
    }

    private static HttpClient Client(Uri proxy, string name)
    {
        var client = new HttpClient { BaseAddress = proxy };
        client.DefaultRequestHeaders.Host = name;
        return client;
    }

    /// <summary>Settings without a public URL, so that no key is required.</summary>
    private static Dictionary<string, string?> Unnamed()
    {
        var settings = AttackedHost.TwoSources();
        settings.Remove("PublicUrl");
        return settings;
    }

    [GeneratedRegex("```nginx\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex NginxBlock();

    [GeneratedRegex("```caddyfile\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CaddyBlock();

    [GeneratedRegex("ssl_certificate[^;]*;")]
    private static partial Regex Certificates();
}

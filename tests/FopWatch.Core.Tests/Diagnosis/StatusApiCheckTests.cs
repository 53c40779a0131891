using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FopWatch.Contracts;
using FopWatch.Diagnosis;
using FopWatch.Providers;
using FopWatch.Settings;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace FopWatch.Core.Tests.Diagnosis;

/// <summary>The doctor's findings about status APIs, each tested with a real server that has the fault.</summary>
public sealed class StatusApiCheckTests : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> _servers = [];
    private readonly HttpClient _http = StatusClient.CreateHttp();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        foreach (var server in _servers)
            await server.DisposeAsync();
    }

    [Theory]
    [InlineData(ProviderKind.Qiniu, 612, """{"error":"no such id"}""")]
    [InlineData(ProviderKind.WangsuFmgr, 404, """{"code":"404","message":"not found"}""")]
    [InlineData(ProviderKind.WangsuFops, 200, """{"code":"404","message":"not found"}""")]
    public async Task An_unknown_id_passes(ProviderKind kind, int status, string body)
    {
        var asked = "";
        var endpoint = await ServeAsync(context =>
        {
            asked = context.Request.QueryString.Value;
            return AnswerAsync(context, status, body);
        });

        var finding = Assert.Single(await ExamineAsync(SourceAt(endpoint, kind)));

        Assert.Equal((DoctorCheck.StatusApi, "media", DoctorLevel.Pass), (finding.Check, finding.Source, finding.Level));
        Assert.StartsWith($"{endpoint.GetLeftPart(UriPartial.Authority)} answers in ", finding.What, StringComparison.Ordinal);
        Assert.EndsWith($"that it does not know a nonexistent id (HTTP {status}), as it should.", finding.What, StringComparison.Ordinal);
        Assert.Null(finding.Fix);

        // Nobody has this id, and it is not shown.
        var id = asked!.Split('=')[1];
        Assert.True(id.Length >= 27, id);
        Assert.DoesNotContain(id, finding.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(404, "text/html", "does not know the path of the status query (HTTP 404, with a web page)", "its path included")]
    [InlineData(404, "application/json", "does not know the path of the status query (HTTP 404)", "its path included")]
    [InlineData(401, "application/json", "refuses access (HTTP 401)", "needs no credentials")]
    [InlineData(403, "text/html", "refuses access (HTTP 403)", "needs no credentials")]
    [InlineData(407, "text/html", "asks for credentials (HTTP 407)", "HTTPS_PROXY")]
    [InlineData(503, "text/html", "fails (HTTP 503)", "Try again")]
    [InlineData(400, "application/json", "refuses the request (HTTP 400)", "Provider")]
    [InlineData(200, "text/html", "answers with a web page, but not as a status API does", "login page")]
    public async Task Another_answer_is_trouble_with_its_cause(int status, string type, string what, string fix)
    {
        var endpoint = await ServeAsync(context => AnswerAsync(context, status, "<html>", type));

        var finding = Assert.Single(await ExamineAsync(SourceAt(endpoint)));

        Assert.Equal(DoctorLevel.Trouble, finding.Level);
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
        Assert.Contains(fix, finding.Fix!, StringComparison.Ordinal);
        Assert.NotNull(finding.Why);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(573)]
    public async Task A_throttling_API_is_a_warning_and_is_not_queried_again(int status)
    {
        var endpoint = await ServeAsync(context =>
        {
            context.Response.Headers.RetryAfter = "120";
            return AnswerAsync(context, status, "");
        });
        var source = SourceAt(endpoint);
        var client = new StatusClient(_http, TimeProvider.System);

        Assert.Equal(DoctorLevel.Warning, Assert.Single(await ExamineAsync(source, client)).Level);
        var skipped = Assert.Single(await ExamineAsync(source, client));

        Assert.Equal(DoctorLevel.Skipped, skipped.Level);
        Assert.Contains("was not asked", skipped.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_report_about_a_nonexistent_id_is_trouble()
    {
        var endpoint = await ServeAsync(context => AnswerAsync(
            context, 200, $$"""{"id":"{{context.Request.Query["id"]}}","code":0,"items":[{"cmd":"x","code":0,"key":"k"}]}"""));

        Assert.Contains("answers with a report about a nonexistent id", Assert.Single(await ExamineAsync(SourceAt(endpoint))).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Undocumented_behaviour_of_an_API_is_reported_and_not_a_trouble()
    {
        var endpoint = await ServeAsync(context => AnswerAsync(context, 400, """{"code":"400","message":"bad id"}"""));

        var finding = Assert.Single(await ExamineAsync(SourceAt(endpoint, ProviderKind.WangsuFops)));

        Assert.Equal(DoctorLevel.Info, finding.Level);
        Assert.Contains("with an error of its own (HTTP 400)", finding.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_redirect_to_another_host_is_named_without_its_path()
    {
        var endpoint = await ServeAsync(context =>
        {
            context.Response.Headers.Location = "https://login.example.com/secret?id=1";
            return AnswerAsync(context, 302, "");
        });

        var finding = Assert.Single(await ExamineAsync(SourceAt(endpoint)));

        Assert.Equal(DoctorLevel.Trouble, finding.Level);
        Assert.Contains("redirects to https://login.example.com (HTTP 302)", finding.What, StringComparison.Ordinal);
        Assert.Contains("FopWatch:Sources:media:StatusEndpoint", finding.Fix!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_host_name_that_does_not_resolve_is_named()
    {
        var finding = Assert.Single(await ExamineAsync(SourceAt(new("https://no-such-host.invalid"))));

        Assert.Equal((DoctorLevel.Trouble, "https://no-such-host.invalid has a host name that does not resolve."), (finding.Level, finding.What.ToString()));
        Assert.Contains("name servers", finding.Fix!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refused_connection_is_named()
    {
        var port = Loopback.FreePort();

        var finding = Assert.Single(await ExamineAsync(SourceAt(new($"http://127.0.0.1:{port}"))));

        Assert.Equal($"http://127.0.0.1:{port} refuses connections on port {port}.", finding.What);
    }

    [Theory]
    [InlineData("localhost", -10, -1, "the certificate expired at ", "Renew the certificate")]
    [InlineData("localhost", 1, 10, "the certificate is not valid before ", "clock of this machine")]
    [InlineData("other.example.com", -1, 10, "the certificate is for another host name", "host name of the certificate")]
    [InlineData("localhost", -1, 10, "signed by an authority that this machine does not trust", "whole chain")]
    public async Task Each_fault_of_a_certificate_is_named(string name, int fromDays, int toDays, string what, string fix)
    {
        using var certificate = CertificateOf(name, fromDays, toDays);
        var endpoint = await ServeAsync(context => AnswerAsync(context, 612, "{}"), certificate);

        var finding = Assert.Single(await ExamineAsync(SourceAt(endpoint)));

        Assert.Equal(DoctorLevel.Trouble, finding.Level);
        Assert.Contains(what, finding.What, StringComparison.Ordinal);
        Assert.Contains(fix, finding.Fix!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HTTPS_to_an_HTTP_port_and_HTTP_to_an_HTTPS_port_are_named()
    {
        using var certificate = CertificateOf("localhost", -1, 10);
        var (http, https) = (await ServeAsync(context => AnswerAsync(context, 612, "{}")), await ServeAsync(context => AnswerAsync(context, 612, "{}"), certificate));

        Assert.Contains(
            "does not establish TLS", Assert.Single(await ExamineAsync(SourceAt(new UriBuilder(http) { Scheme = "https" }.Uri))).What, StringComparison.Ordinal);
        Assert.Equal(DoctorLevel.Trouble, Assert.Single(await ExamineAsync(SourceAt(new UriBuilder(https) { Scheme = "http" }.Uri))).Level);
    }

    [Fact]
    public async Task A_server_without_HTTP_and_one_that_cuts_connections_are_named()
    {
        var strange = Listen("220 mail ready\r\n"u8.ToArray());
        var cut = Listen([]);

        Assert.Contains("not with HTTP", Assert.Single(await ExamineAsync(SourceAt(strange))).What, StringComparison.Ordinal);
        Assert.Contains("closes the connection", Assert.Single(await ExamineAsync(SourceAt(cut))).What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_is_reset_at_once_is_named()
    {
        using var handler = StatusClient.CreateHandler();
        handler.ConnectCallback = ResetConnection.ConnectAsync;
        using var http = new HttpClient(handler);

        var finding = Assert.Single(await ExamineAsync(SourceAt(new("https://api.example.com")), new(http, TimeProvider.System)));

        Assert.Equal("https://api.example.com resets the connection.", finding.What);
    }

    [Fact]
    public async Task A_proxy_that_refuses_is_named()
    {
        var proxy = await ServeAsync(context => AnswerAsync(context, 403, ""));
        var handler = StatusClient.CreateHandler();
        handler.Proxy = new WebProxy(proxy);
        using var http = new HttpClient(handler);

        var finding = Assert.Single(await ExamineAsync(SourceAt(new("https://api.example.com")), new(http, TimeProvider.System)));

        Assert.Equal("https://api.example.com is not reached, because the proxy refuses.", finding.What);
        Assert.Contains("NO_PROXY", finding.Fix!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_answer_is_named()
    {
        var endpoint = await ServeAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));

        var finding = Assert.Single(await ExamineAsync(SourceAt(endpoint), new(_http, TimeProvider.System, new() { Timeout = TimeSpan.FromMilliseconds(300) })));

        Assert.Contains("did not answer within 0.", finding.What, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-600, "10 min ahead of")]
    [InlineData(10800, "3 h behind")]
    [InlineData(0, null)]
    public async Task The_date_of_an_answer_is_compared_with_the_clock(int seconds, string? expected)
    {
        var endpoint = await ServeAsync(context =>
        {
            context.Response.Headers.Date = DateTimeOffset.UtcNow.AddSeconds(seconds).ToString("R");
            return AnswerAsync(context, 612, "{}");
        });

        var findings = await ExamineAsync(SourceAt(endpoint));

        Assert.Equal(DoctorLevel.Pass, findings[0].Level);
        if (expected is null)
        {
            Assert.Single(findings);
            return;
        }

        Assert.Equal((DoctorCheck.Clock, DoctorLevel.Warning), (findings[1].Check, findings[1].Level));
        Assert.Equal($"The clock of this host is {expected} that of {endpoint.GetLeftPart(UriPartial.Authority)}.", findings[1].What);
    }

    [Fact]
    public async Task A_wrong_clock_is_one_finding_however_many_keys_are_tried()
    {
        var endpoint = await ServeAsync(context =>
        {
            context.Response.Headers.Date = DateTimeOffset.UtcNow.AddHours(-2).ToString("R");
            return AnswerAsync(context, 612, "{}");
        });
        var source = SourceAt(endpoint) with { WorkflowEndpoint = endpoint, Keys = new([new("ak-1", "sk"), new("ak-2", "sk")]) };

        Assert.Single(await ExamineAsync(source), finding => finding.Check == DoctorCheck.Clock);
    }

    [Fact]
    public async Task Each_key_is_tried_at_the_workflow_API()
    {
        var endpoint = await ServeAsync(context => context.Request.Path.StartsWithSegments("/v3")
            ? AnswerAsync(context, context.Request.Headers.Authorization.ToString().StartsWith("Qiniu ak-old:", StringComparison.Ordinal) ? 401 : 612, "{}")
            : AnswerAsync(context, 612, "{}"));
        var source = SourceAt(endpoint) with { WorkflowEndpoint = endpoint, Keys = new([new("ak-new", "sk"), new("ak-old", "sk")]) };

        var findings = await ExamineAsync(source);

        Assert.Equal([DoctorLevel.Pass, DoctorLevel.Pass, DoctorLevel.Trouble], findings.Select(finding => finding.Level));
        Assert.EndsWith("refuses the access key 'ak-old' (HTTP 401).", findings[2].What, StringComparison.Ordinal);
        Assert.DoesNotContain("sk", string.Concat(findings.Select(finding => finding.What.ToString())).Replace("asks", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    private static Source SourceAt(Uri endpoint, ProviderKind kind = ProviderKind.Qiniu) => new()
    {
        Name = "media",
        Provider = ProviderKinds.For(kind),
        StatusEndpoint = endpoint,
        Tokens = new(["right-token"]),
        Poll = new() { First = TimeSpan.FromMinutes(2), PerSecond = 100 },
    };

    private static Task AnswerAsync(HttpContext context, int status, string body, string type = "application/json")
    {
        (context.Response.StatusCode, context.Response.ContentType) = (status, type);
        return context.Response.WriteAsync(body, context.RequestAborted);
    }

    private static X509Certificate2 CertificateOf(string name, int fromDays, int toDays)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(fromDays), DateTimeOffset.UtcNow.AddDays(toDays));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    private async Task<List<DoctorFinding>> ExamineAsync(Source source, StatusClient? client = null)
    {
        var settings = new FopWatchSettings { Sources = new([source]) };
        var findings = new List<DoctorFinding>();
        foreach (var step in new StatusApiCheck(settings, client ?? new(_http, TimeProvider.System), TimeProvider.System).Steps)
            findings.AddRange(await step.RunAsync(Token));
        return findings;
    }

    private async Task<Uri> ServeAsync(RequestDelegate answer, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listening =>
        {
            listening.Protocols = HttpProtocols.Http1;
            if (certificate is not null)
                listening.UseHttps(certificate);
        }));
        var web = builder.Build();
        web.Run(answer);
        await web.StartAsync(Token);
        _servers.Add(web);
        return new($"{(certificate is null ? "http" : "https")}://localhost:{new Uri(web.Urls.Single()).Port}");
    }

    /// <summary>A server that sends bytes to each client and closes the connection.</summary>
    private Uri Listen(byte[] bytes)
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = ServeAsync();
        _servers.Add(new Stopping(listener, serving));
        return new($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

        async Task ServeAsync()
        {
            try
            {
                while (true)
                {
                    using var connection = await listener.AcceptTcpClientAsync();
                    var stream = connection.GetStream();
                    await stream.ReadAtLeastAsync(new byte[4], 4, throwOnEndOfStream: false);
                    await stream.WriteAsync(bytes);
                }
            }
            catch (Exception e) when (e is SocketException or IOException or ObjectDisposedException or InvalidOperationException)
            {
                // Stopped.
            }
        }
    }

    private sealed class Stopping(TcpListener listener, Task serving) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            listener.Stop();
            await serving;
        }
    }
}

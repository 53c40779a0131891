using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using FopWatch.Api;
using FopWatch.Diagnosis;
using FopWatch.Local.Tests.Http;
using FopWatch.Webhooks;
using Microsoft.AspNetCore.Http;

namespace FopWatch.Local.Tests.Webhooks;

/// <summary>The doctor's findings about webhooks.</summary>
public sealed class WebhooksCheckTests
{
    private static readonly string Random = WebhookSecret.Prefix + Convert.ToBase64String(SHA256.HashData("a secret of the tests"u8));

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact(Timeout = 120_000)]
    public async Task A_running_host_reports_the_state_of_each_webhook_and_sends_it_nothing()
    {
        await using var receiver = await WebhookReceiver.StartAsync(Random);
        await using var host = await RunningHost.StartAsync(new(RunningHost.TokenSources().Concat(receiver.Settings("crm", Random))));

        Assert.Equal([(DoctorLevel.Pass, "The receiver of the webhook crm accepts connections. No event was sent.")], await ExamineAsync(host));

        await host.PostAsync("/api/webhooks/crm/pause");
        Assert.Equal([(DoctorLevel.Warning, "The webhook crm is paused by an operator.")], await ExamineAsync(host));
        Assert.Empty(receiver.Received);

        receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return Task.CompletedTask;
        };
        await host.PostAsync("/api/webhooks/crm/resume");
        using (await host.NotifyAsync("media", StatusStub.Succeeded("z0.1")))
            await Eventually.HoldsAsync(async () => (await ExamineAsync(host))[0].Level == DoctorLevel.Trouble);
        Assert.Equal([(DoctorLevel.Trouble, "The webhook crm has failed 1 time(s) at its next event, the last time: answered 500.")], await ExamineAsync(host));

        receiver.Answer = (context, _) =>
        {
            context.Response.StatusCode = StatusCodes.Status410Gone;
            return Task.CompletedTask;
        };
        await host.PostAsync("/api/webhooks/crm/resume");
        await Eventually.HoldsAsync(async () => (await ExamineAsync(host))[0].What.ToString().Contains("410", StringComparison.Ordinal));
        Assert.Equal([(DoctorLevel.Trouble, "The webhook crm is paused: its receiver answered 410, which says that it wants no more.")], await ExamineAsync(host));
    }

    [Fact]
    public async Task A_weak_secret_and_a_second_secret_are_reported_without_quoting_them()
    {
        await using var receiver = await WebhookReceiver.StartAsync(Random);

        var findings = await FindingsAsync(receiver.Url, allowPrivate: true, WebhookReceiver.Secret(7), Random);

        Assert.Equal(
            [
                (DoctorLevel.Warning, "The webhook crm has a secret that is not random: it has the same few bytes again and again."),
                (DoctorLevel.Info, "The webhook crm has 2 secrets, and signs with each of them."),
            ],
            findings.Select(finding => (finding.Level, finding.What.ToString())));
        Assert.All(findings, finding => Assert.DoesNotContain(Random[6..], finding.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_unreachable_receiver_is_named_with_the_reason()
    {
        var closed = Loopback.FreePort();
        Assert.Equal(
            (DoctorLevel.Trouble, $"The receiver of the webhook crm, https://127.0.0.1:{closed}, refuses connections on port {closed}."),
            await FindingAsync(new($"https://127.0.0.1:{closed}/hook?token=hidden"), allowPrivate: true));
        Assert.Equal(
            (DoctorLevel.Trouble, $"The receiver of the webhook crm, https://127.0.0.1:{closed}, has a name that leads to no public address: 127.0.0.1 is not a public address, and AllowPrivate is not set."),
            await FindingAsync(new($"https://127.0.0.1:{closed}/hook"), allowPrivate: false));
        Assert.Equal(
            (DoctorLevel.Trouble, "The receiver of the webhook crm, https://receiver.invalid, has a host name that does not resolve."),
            await FindingAsync(new("https://receiver.invalid/hook"), allowPrivate: false));
    }

    [Fact(Timeout = 60_000)]
    public async Task TLS_is_established_and_its_faults_are_named()
    {
        await using var plain = await WebhookReceiver.StartAsync(Random);
        Assert.Equal(
            (DoctorLevel.Trouble, $"The receiver of the webhook crm, https://127.0.0.1:{plain.Url.Port}, accepts the connection but does not establish TLS."),
            await FindingAsync(new($"https://127.0.0.1:{plain.Url.Port}/hook"), allowPrivate: true));

        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var made = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        using var certificate = X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var serving = Task.Run(
            async () =>
            {
                using var client = await listener.AcceptTcpClientAsync(Cancelled);
                await using var tls = new SslStream(client.GetStream());
                try
                {
                    await tls.AuthenticateAsServerAsync(certificate);
                    _ = await tls.ReadAsync(new byte[1], Cancelled);
                }
                catch (Exception e) when (e is IOException or System.Security.Authentication.AuthenticationException)
                {
                    // The check does not accept this certificate.
                }
            },
            Cancelled);
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        Assert.Equal(
            (DoctorLevel.Trouble, $"The receiver of the webhook crm, https://127.0.0.1:{port}, is not trusted: the certificate is signed by an authority that this machine does not trust."),
            await FindingAsync(new($"https://127.0.0.1:{port}/hook"), allowPrivate: true));
        await serving;
    }

    [Theory]
    [InlineData(WebhooksCheck.FarBehind, 0)]
    [InlineData(WebhooksCheck.FarBehind + 1, 1)]
    public void A_webhook_far_behind_is_reported(long behind, int warnings)
    {
        var status = new WebhookStatus
        {
            Name = "crm",
            Url = "https://crm.example.com/",
            State = WebhookState.Active,
            Position = 5,
            Behind = behind,
            Types = [],
            Sources = [],
            States = [],
        };

        Assert.Equal(warnings, WebhooksCheck.OfStatus(status).Count());
        Assert.Equal(warnings + 1, WebhooksCheck.OfStatus(status with { Missed = 3 }).Count());
    }

    private static async Task<(DoctorLevel Level, string What)> FindingAsync(Uri url, bool allowPrivate)
    {
        var finding = Assert.Single(await FindingsAsync(url, allowPrivate, Random));
        Assert.NotNull(finding.Fix);
        return (finding.Level, finding.What.ToString());
    }

    private static Task<IReadOnlyList<DoctorFinding>> FindingsAsync(Uri url, bool allowPrivate, params string[] secrets) =>
        new WebhooksCheck(
            new([new() { Name = "crm", Url = url, Secrets = [.. secrets.Select(secret => WebhookSecret.TryParse(secret)!)], AllowPrivate = allowPrivate }]), null)
            .Steps.Single().RunAsync(Cancelled);

    private static async Task<List<(DoctorLevel Level, string What)>> ExamineAsync(RunningHost host)
    {
        using var answer = await host.PostAsync("/api/doctor");
        var report = (await answer.Content.ReadFromJsonAsync(ApiJson.Default.DoctorReport, Cancelled))!;
        return [.. report.Findings.Where(finding => finding.Check == DoctorCheck.Webhooks).Select(finding => (finding.Level, finding.What.ToString()))];
    }
}

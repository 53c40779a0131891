using System.Net;
using System.Text;
using FopWatch.Webhooks;

namespace FopWatch.Docs.Tests;

/// <summary>Runs the receivers of docs/webhooks.md unchanged, and sends to them with the real sender.</summary>
public sealed class WebhookReceiverTests
{
    private const string Page = "docs/webhooks.md";

    private static readonly (string Current, string Old, string Wrong) Secrets = (Secret(1), Secret(2), Secret(3));

    private static readonly byte[] Event = Encoding.UTF8.GetBytes(
        """
        {"specversion":"1.0","id":"e1","type":"fopwatch.job.settled","source":"/fopwatch/media","subject":"z0.ä","time":"2026-03-01T08:00:00Z","datacontenttype":"application/json","data":{"source":"media","id":"z0.ä","provider":"qiniu","state":"succeeded","settled":true,"counts":{"total":0,"succeeded":0,"failed":0,"running":0},"items":[],"registeredAt":"2026-03-01T08:00:00Z","updatedAt":"2026-03-01T08:00:00Z","version":2}}
        """);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("python", "python3", "receiver.py")]
    [InlineData("js", "node", "receiver.mjs")]
    [InlineData("csharp", "dotnet", "sample.dll")]
    public async Task A_receiver_accepts_a_genuine_event_once_and_refuses_everything_else(string language, string program, string file)
    {
        Assert.SkipUnless(Need.IsOnPath(program), $"{program} is not on the PATH.");
        var code = Assert.Single(Markdown.Read(Page, await File.ReadAllTextAsync(Repository.PathOf(Page), Cancelled)), block => block.Language == language).Text;
        var folder = Directory.CreateTempSubdirectory("fopwatch-docs-");
        try
        {
            if (language == "csharp")
                Assert.Equal("", await CompiledSample.BuildAsync(code, folder.FullName, Cancelled));
            else
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, file), code, Cancelled);
            var url = new Uri($"http://127.0.0.1:{Loopback.FreePort()}/");
            await using var receiver = new RunningCommand(new(program, [Path.Combine(folder.FullName, file)])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["WEBHOOK_SECRET"] = Secrets.Current, ["PORT"] = $"{url.Port}", ["PYTHONIOENCODING"] = "utf-8" },
            });
            Assert.True(
                await receiver.UntilAsync(async () => await SendAsync(url, Secrets.Wrong) is not null, Cancelled),
                $"The receiver does not answer:\n{receiver.Errors}");

            Assert.Equal(401, await SendAsync(url, Secrets.Wrong));
            Assert.Equal(401, await SendAsync(url, Secrets.Current, by: TimeSpan.FromMinutes(-6)));
            Assert.Equal(401, await SendAsync(url, Secrets.Current, by: TimeSpan.FromMinutes(6)));
            Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(url, []));
            Assert.Equal(HttpStatusCode.Unauthorized, await PostAsync(url, new() { ["webhook-id"] = "e1", ["webhook-timestamp"] = "NaN", ["webhook-signature"] = "v1, v1,x" }));
            Assert.DoesNotContain("fopwatch", receiver.Output, StringComparison.Ordinal);

            // With the current secret, and with the one used next to it.
            Assert.Equal(200, await SendAsync(url, Secrets.Current));
            Assert.Equal(200, await SendAsync(url, Secrets.Old, Secrets.Current));
            await Eventually.HoldsAsync(() => receiver.Output.Contains('\n', StringComparison.Ordinal));
            Assert.Equal("fopwatch.job.settled z0.ä succeeded", receiver.Output.Trim(), ignoreCase: true);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static string Secret(byte value) => "whsec_" + Convert.ToBase64String(Enumerable.Repeat(value, 32).ToArray());

    private static Task<int?> SendAsync(Uri url, params string[] secrets) => SendAsync(url, secrets, TimeProvider.System);

    private static Task<int?> SendAsync(Uri url, string secret, TimeSpan by) =>
        SendAsync(url, [secret], new ManualTimeProvider(DateTimeOffset.UtcNow + by));

    private static async Task<int?> SendAsync(Uri url, string[] secrets, TimeProvider time)
    {
        var webhook = new Webhook { Name = "docs", Url = url, Secrets = [.. secrets.Select(secret => WebhookSecret.TryParse(secret)!)], AllowPrivate = true };
        using var sender = new WebhookSender(webhook, time, TimeProvider.System);
        return (await sender.SendAsync("e1", Event, Cancelled)).Status;
    }

    private static async Task<HttpStatusCode> PostAsync(Uri url, Dictionary<string, string> headers)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(Event) };
        foreach (var (name, value) in headers)
            request.Headers.TryAddWithoutValidation(name, value);
        using var answer = await http.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }
}

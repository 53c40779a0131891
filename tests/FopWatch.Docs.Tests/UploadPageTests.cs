using System.Text.Json;
using FopWatch.Contracts;
using FopWatch.Local.Hosting;
using FopWatch.Settings;
using FopWatch.Simulator;

namespace FopWatch.Docs.Tests;

/// <summary>The upload policies of the page about upload callbacks, executed by the simulated provider.</summary>
public sealed class UploadPageTests
{
    private const string Page = "docs/uploads.md";

    private static readonly SigningKey Key = new("access-key", "secret-key");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<int> Policies => [.. Blocks.Select((_, index) => index)];

    private static List<Block> Blocks => [.. OfPage("json").Where(block => block.Text.Contains("callbackUrl", StringComparison.Ordinal))];

    private static IEnumerable<Block> OfPage(string language) =>
        Markdown.BlocksOfRepository().Where(block => block.Document == Page && block.Language == language);

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task An_upload_by_the_policy_registers_its_job_with_its_variables(int index)
    {
        using var shown = JsonDocument.Parse(Blocks[index].Text);
        var policy = shown.RootElement;
        var token = Text("callbackUrl").Split('/')[^1];
        Assert.Equal(Text("callbackUrl").Replace("/uploads/", "/notify/", StringComparison.Ordinal), Text("persistentNotifyUrl"));

        await using var provider = await SimulatedProvider.StartAsync(new() { QiniuKeys = [Key] }, Cancelled);
        var folder = Directory.CreateTempSubdirectory("fopwatch-test-").FullName;
        try
        {
            var settings = new HostSettings { Shared = FopWatchSettings.Read(SettingsOf(provider, token)), Urls = "http://127.0.0.1:0", Data = folder };
            await using var host = await LocalHost.StartAsync(settings, TimeProvider.System, logging: null, Cancelled);
            var upload = new Upload("course-video", "lessons/42.mp4", "Fh8xVqod2MQ1mocfI4S4KpRL6D98", 10) { Variables = new Dictionary<string, string> { ["lesson"] = "42" } };
            var isForm = !policy.TryGetProperty("callbackBodyType", out var type);
            var played = new UploadPolicy(new Uri(host.Url, new Uri(Text("callbackUrl")).PathAndQuery).AbsoluteUri, Text("callbackBody"))
            {
                CallbackBodyType = isForm ? UploadPolicy.Form : type.GetString()!,
                Signing = isForm ? SigningScheme.QBox : SigningScheme.Qiniu,
            };
            Assert.Equal(200, (await provider.UploadAsync(upload, played, DocumentedJob.Job, Cancelled)).Status);

            using var http = new HttpClient { BaseAddress = host.Url };
            using var registered = JsonDocument.Parse(await http.GetStringAsync($"/api/jobs/media/{DocumentedJob.Job.Id}", Cancelled));
            var metadata = registered.RootElement.GetProperty("metadata").EnumerateObject().ToDictionary(entry => entry.Name, entry => entry.Value.GetString());
            Assert.Equal(["bucket", "hash", "key", "lesson"], metadata.Keys.Order(StringComparer.Ordinal));
            Assert.Equal("42", metadata["lesson"]);
            Assert.Equal("uploadCallback", registered.RootElement.GetProperty("timeline")[0].GetProperty("by").GetString());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        string Text(string name) => policy.GetProperty(name).GetString()!;
    }

    [Theory]
    [InlineData("", true)]
    [InlineData("&x:lesson=43", false)]
    public async Task The_callback_signed_with_openssl_registers_its_job_unless_the_body_is_changed(string added, bool isRegistered)
    {
        Assert.SkipUnless(Need.IsOnPath("bash") && Need.IsOnPath("openssl") && Need.IsOnPath("curl"), "bash, openssl or curl is not installed.");
        var shown = Assert.Single(OfPage("json"), block => block.Text.Contains("try-it-on-this-machine", StringComparison.Ordinal));
        var script = Assert.Single(OfPage("sh"), block => block.Text.Contains("openssl", StringComparison.Ordinal));
        var folder = Directory.CreateTempSubdirectory("fopwatch-test-").FullName;
        try
        {
            var settings = HostSettings.Read(Settings.Configuration(shown.Text), "http://127.0.0.1:0", folder);
            await using var host = await LocalHost.StartAsync(settings, TimeProvider.System, logging: null, Cancelled);
            var commands = new Rewriting(host.Url.Port).Of(script.Text).Replace("-d \"$body\"", $"-d \"$body{added}\"", StringComparison.Ordinal);
            await using var sent = new RunningCommand(new("bash", ["-ec", commands])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            Assert.Equal(0, await sent.ExitAsync(Cancelled));

            using var http = new HttpClient { BaseAddress = host.Url };
            using var job = await http.GetAsync("/api/jobs/try/z0.try-upload", Cancelled);
            Assert.Equal(isRegistered, job.IsSuccessStatusCode);
            var quarantined = await http.GetStringAsync("/api/quarantine", Cancelled);
            Assert.Equal(isRegistered, !quarantined.Contains("signature", StringComparison.Ordinal));
            if (isRegistered)
            {
                using var registered = JsonDocument.Parse(await job.Content.ReadAsStringAsync(Cancelled));
                var metadata = registered.RootElement.GetProperty("metadata").EnumerateObject().Select(entry => entry.Name);
                Assert.Equal(["bucket", "hash", "key", "lesson"], metadata.Order(StringComparer.Ordinal));
                Assert.Equal("uploadCallback", registered.RootElement.GetProperty("timeline")[0].GetProperty("by").GetString());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Dictionary<string, string?> SettingsOf(SimulatedProvider provider, string token) => new()
    {
        ["Sources:media:Provider"] = nameof(ProviderKind.Qiniu),
        ["Sources:media:StatusEndpoint"] = provider.StatusEndpoint.AbsoluteUri,
        ["Sources:media:NotifyTokens:0"] = token,
        ["Sources:media:Keys:0:AccessKey"] = Key.AccessKey,
        ["Sources:media:Keys:0:SecretKey"] = Key.SecretKey,
    };
}

using System.Text.Json;
using FopWatch.Client;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.Http;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary><c>doctor</c>, with and without a running host.</summary>
public sealed class DoctorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private string Data => Path.Combine(_folder.FullName, "data");

    private string Config => Path.Combine(_folder.FullName, "fopwatch.json");

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 120_000)]
    public async Task A_running_host_is_asked_and_findings_are_shown_worst_first()
    {
        await using var statusApi = await StatusStub.StartAsync();
        statusApi.Answer = (_, _) => (404, "<html>");
        await using var host = await RunningHost.StartAsync(statusEndpoint: statusApi.Endpoint);

        var (exit, output, error) = await CommandRun.RunAsync(host, "doctor");

        Assert.Equal((ExitCodes.Failed, ""), (exit, error));
        var lines = output.ReplaceLineEndings("\n").Split('\n');
        Assert.Equal("trouble  statusApi of files", lines[0]);
        Assert.StartsWith($"  {statusApi.Endpoint.GetLeftPart(UriPartial.Authority)} does not know the path", lines[1], StringComparison.Ordinal);
        Assert.Contains(lines, line => line.StartsWith("  Why: ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("  Do: Check FopWatch:Sources:files:StatusEndpoint", StringComparison.Ordinal));
        Assert.Contains("pass     database", lines);
        Assert.StartsWith("3 troubles, ", lines[^2], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.True(line.Length <= 80, line));
        Assert.DoesNotContain("\u001b", output, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningHost.Token, output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task The_JSON_is_the_hosts_answer()
    {
        await using var host = await RunningHost.StartAsync();

        var (_, output, error) = await CommandRun.RunAsync(host, "doctor", "--json");

        Assert.Empty(error);
        var report = JsonSerializer.Deserialize(output, FopWatchJson.TypeOf<DoctorReport>())!;
        Assert.Contains(report.Findings, finding => finding is { Check: "database", Level: "pass" });
        Assert.Contains(report.Findings, finding => finding is { Check: "statusApi", Source: "media", Level: "trouble" });
    }

    [Fact(Timeout = 120_000)]
    public async Task Without_a_host_settings_status_APIs_and_folder_are_examined_and_skipped_checks_give_a_reason()
    {
        await using var statusApi = await StatusStub.StartAsync();
        await WriteAsync(statusApi.Endpoint);

        var (exit, output, error) = await OfflineAsync("--json");

        Assert.Equal(ExitCodes.Unreachable, exit);
        Assert.Contains("No host was asked: ", error, StringComparison.Ordinal);
        Assert.Contains(Config, error, StringComparison.Ordinal);
        var findings = JsonSerializer.Deserialize(output, FopWatchJson.TypeOf<DoctorReport>())!.Findings;
        Assert.Equal("pass", Of("statusApi").Level);
        Assert.Equal("info", Of("dataFolder").Level);
        Assert.Equal("info", Of("database").Level);
        Assert.Equal("warning", Of("settings").Level);
        foreach (var skipped in (string[])["notifyUrl", "traffic"])
            Assert.Equal(("skipped", true), (Of(skipped).Level, Of(skipped).What.ToString().StartsWith("No host was asked.", StringComparison.Ordinal)));
        Assert.False(Directory.Exists(Data));
        Assert.DoesNotContain(_folder.FullName, output, StringComparison.Ordinal);

        DoctorFinding Of(string check) => findings.First(finding => finding.Check == check);
    }

    [Fact(Timeout = 120_000)]
    public async Task Each_wrong_setting_is_a_trouble_and_the_folder_is_still_examined()
    {
        await File.WriteAllTextAsync(Config, """{"FopWatch":{"Sources":{"media":{"Provider":"Nobody"}}}}""", Cancelled);
        Directory.CreateDirectory(Data);

        var (_, output, _) = await OfflineAsync("--json");

        var findings = JsonSerializer.Deserialize(output, FopWatchJson.TypeOf<DoctorReport>())!.Findings;
        Assert.Equal(2, findings.Count(finding => finding is { Check: "settings", Level: "trouble" }));
        Assert.Contains(findings, finding => finding is { Check: "statusApi", Level: "skipped" });
        Assert.Contains(findings, finding => finding is { Check: "dataFolder", Level: "pass" or "warning" });
    }

    [Fact(Timeout = 120_000)]
    public async Task A_host_that_is_down_is_in_the_exit_code_also_without_a_URL()
    {
        await using var statusApi = await StatusStub.StartAsync();
        await WriteAsync(statusApi.Endpoint);

        // The process has no --url. The variable keeps it from a host that this machine may run at the default address.
        var (exit, output, error) = await CommandProcess.RunAsync(
            _folder.FullName, new() { [HostOptions.UrlVariable] = $"http://127.0.0.1:{Loopback.FreePort()}" }, "doctor", "--data", Data);

        Assert.Equal(ExitCodes.Unreachable, exit);
        Assert.Contains("No host was asked: ", error, StringComparison.Ordinal);
        Assert.Contains("pass     statusApi of media", output, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task In_a_folder_without_settings_doctor_says_where_to_run_it()
    {
        var (exit, output, _) = await CommandProcess.RunAsync(
            _folder.FullName, new() { [HostOptions.UrlVariable] = $"http://127.0.0.1:{Loopback.FreePort()}" }, "doctor", "--json");

        Assert.Equal(ExitCodes.Unreachable, exit);
        var settings = Assert.Single(JsonSerializer.Deserialize(output, FopWatchJson.TypeOf<DoctorReport>())!.Findings, finding => finding.Check == "settings");
        Assert.Equal(("warning", "There are no settings here: no fopwatch.json in this folder, and no FopWatch__… variable."), (settings.Level, settings.What.ToString()));
        Assert.Contains("--config and --data", settings.Fix, StringComparison.Ordinal);
    }

    [Fact(Timeout = 120_000)]
    public async Task Settings_of_the_environment_are_settings()
    {
        await using var statusApi = await StatusStub.StartAsync();

        var (_, output, _) = await CommandProcess.RunAsync(
            _folder.FullName,
            new()
            {
                [HostOptions.UrlVariable] = $"http://127.0.0.1:{Loopback.FreePort()}",
                ["FopWatch__Sources__media__Provider"] = "Qiniu",
                ["FopWatch__Sources__media__StatusEndpoint"] = statusApi.Endpoint.AbsoluteUri,
                ["FopWatch__Sources__media__NotifyTokens__0"] = "0123456789abcdef0123456789abcdef",
            },
            "doctor", "--json");

        var findings = JsonSerializer.Deserialize(output, FopWatchJson.TypeOf<DoctorReport>())!.Findings;
        Assert.DoesNotContain(findings, finding => finding.What.ToString().StartsWith("There are no settings", StringComparison.Ordinal));
        Assert.Contains(findings, finding => finding is { Check: "settings", Source: "media" });
    }

    [Fact(Timeout = 120_000)]
    public async Task A_key_that_the_host_refuses_ends_the_command_without_an_examination()
    {
        await using var host = await RunningHost.StartAsync(apiKey: "0123456789abcdef");

        var (exit, output, error) = await CommandRun.RunAsync(host, "doctor", "--api-key", "another-key-of-16");

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.StartsWith("Refused: ", error, StringComparison.Ordinal);
    }

    private Task<(int Exit, string Output, string Error)> OfflineAsync(params string[] more) =>
        CommandRun.RunAsync(["doctor", "--url", $"http://127.0.0.1:{Loopback.FreePort()}", "--config", Config, "--data", Data, .. more]);

    private Task WriteAsync(Uri statusEndpoint)
    {
        const string Settings = """
            {"FopWatch":{"Sources":{"media":{
              "Provider":"Qiniu","StatusEndpoint":"ENDPOINT",
              "NotifyTokens":["0123456789abcdef0123456789abcdef"],"Keys":{"ak":"sk-of-the-account"}}}}}
            """;
        return File.WriteAllTextAsync(Config, Settings.Replace("ENDPOINT", statusEndpoint.AbsoluteUri, StringComparison.Ordinal), Cancelled);
    }
}

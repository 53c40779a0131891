using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;

namespace FopWatch.Infra.Tests;

/// <summary>infra/ready.sh, with stand-ins for the Azure CLI and curl that answer from files.</summary>
public sealed class ReadyTests : IDisposable
{
    // A synchronisation changes the answers: the files of the folder "synced" replace the others.
    private const string Az = """
        #!/bin/sh
        printf '%s\n' "$*" >>"$STATE/calls"
        case "$1 $2 $3" in
          'functionapp keys list') echo the-key ;;
          'functionapp function list') sed 's:^:app/:' "$STATE/functions" ;;
          'rest --method post')
            if [ "$(grep -c syncfunctiontriggers "$STATE/calls")" -ge "$SYNCS" ]; then cp "$STATE"/synced/* "$STATE"; fi ;;
        esac
        """;

    private const string Curl = """
        #!/bin/sh
        printf '%s\n' "curl $*" >>"$STATE/calls"
        while [ $# -gt 0 ]; do
          case "$1" in --output) cp "$STATE/ready.json" "$2" ;; esac
          shift
        done
        cat "$STATE/status"
        """;

    private static readonly string[] Functions = ["Notify", "SweepOutbox", "StartDueWatches"];

    private readonly string _folder = Directory.CreateTempSubdirectory("fopwatch-ready-").FullName;

    public ReadyTests()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The test needs a POSIX shell.");
        Directory.CreateDirectory(Path.Combine(_folder, "synced"));
        foreach (var (name, text) in (ReadOnlySpan<(string, string)>)[("az", Az), ("curl", Curl)])
        {
            File.WriteAllText(Path.Combine(_folder, name), text.ReplaceLineEndings("\n"));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(Path.Combine(_folder, name), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        using (var package = ZipFile.Open(Path.Combine(_folder, "functions.zip"), ZipArchiveMode.Create))
        using (var metadata = new StreamWriter(package.CreateEntry("functions.metadata").Open()))
            metadata.Write($"[{string.Join(',', Functions.Select(name => $$"""{"name":"{{name}}"}"""))}]");
        State("status", "200");
        State("functions", string.Join('\n', Functions) + "\n");
        State("ready.json", Ready(DateTimeOffset.UtcNow.AddMinutes(1)));
    }

    private int Syncs => File.ReadLines(Path.Combine(_folder, "calls"))
        .Count(call => call == "rest --method post --url /subscriptions/s/app/syncfunctiontriggers?api-version=2024-04-01 --output none");

    [Fact]
    public async Task An_app_with_its_functions_listed_and_timers_run_is_ready()
    {
        var (code, output, _) = await RunAsync();

        Assert.Equal((0, 1), (code, Syncs));
        Assert.Contains("The app is ready", output, StringComparison.Ordinal);
        Assert.Contains("--header x-functions-key: the-key https://host.example/health/ready", File.ReadAllText(Path.Combine(_folder, "calls")), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("functions", "Notify\n", "Azure does not list these functions: StartDueWatches SweepOutbox")]
    [InlineData("functions", "", "Azure does not list these functions: Notify StartDueWatches SweepOutbox")]
    [InlineData("ready.json", """{"status":"ready"}""", "The timers have not run since 2")]
    [InlineData("ready.json", """{"status":"ready","timersRanAt":"2020-01-01T00:00:00.1234567Z"}""", "The timers have not run since 2")]
    [InlineData("status", "503", "/health/ready answers 503.")]
    public async Task Triggers_are_synchronised_until_everything_runs_and_the_script_fails_if_it_never_does(string name, string text, string problem)
    {
        var right = File.ReadAllText(Path.Combine(_folder, name));
        State(name, text);
        State($"synced/{name}", right);

        var (code, output, _) = await RunAsync(syncs: 3);
        Assert.Equal((0, 3), (code, Syncs));
        Assert.Contains($"Attempt 1: {problem}", output, StringComparison.Ordinal);
        Assert.Contains("Attempt 12: ", output, StringComparison.Ordinal);
        Assert.DoesNotContain("Attempt 13: ", output, StringComparison.Ordinal);

        State(name, text);
        var (failed, _, errors) = await RunAsync(syncs: int.MaxValue);
        Assert.Equal(1, failed);
        Assert.Contains(problem, errors, StringComparison.Ordinal);

        // The second run makes 24 attempts and synchronises at every sixth.
        Assert.Equal(3 + 4, Syncs);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Ready(DateTimeOffset ranAt) =>
        $$"""{"status":"ready","timersRanAt":"{{ranAt.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture)}}"}""";

    private void State(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    private async Task<(int Code, string Output, string Errors)> RunAsync(int syncs = int.MaxValue)
    {
        var start = new ProcessStartInfo("/bin/sh", [Repository.PathOf("infra/ready.sh")])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PATH"] = $"{_folder}:{Environment.GetEnvironmentVariable("PATH")}",
                ["STATE"] = _folder,
                ["SYNCS"] = syncs.ToString(CultureInfo.InvariantCulture),
                ["AZURE_RESOURCE_GROUP"] = "group",
                ["FUNCTION_APP_NAME"] = "app",
                ["FUNCTION_APP_ID"] = "/subscriptions/s/app",
                ["FUNCTION_APP_HOST"] = "host.example",
                ["FUNCTIONS_PACKAGE"] = Path.Combine(_folder, "functions.zip"),
                ["ATTEMPTS"] = "24",
                ["PAUSE_SECONDS"] = "0",
            },
        };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output, await errors);
    }
}

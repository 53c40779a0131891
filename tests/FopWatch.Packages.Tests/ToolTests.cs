using System.IO.Compression;
using System.Text.Json.Nodes;

namespace FopWatch.Packages.Tests;

/// <summary>The .NET tool, installed from the packed packages without any other source.</summary>
public sealed class ToolTests(Packed packed)
{
    private static readonly Dictionary<string, string> Sources = new()
    {
        ["FopWatch__Sources__media__Provider"] = "Qiniu",
        ["FopWatch__Sources__media__NotifyTokens__0"] = "abcdefgh",
        ["FopWatch__Sources__media__StatusEndpoint"] = "http://127.0.0.1:9",
        ["FopWatch__Sources__files__Provider"] = "WangsuFmgr",
        ["FopWatch__Sources__files__NotifyTokens__0"] = "abcdefgh",
        ["FopWatch__Sources__files__StatusEndpoint"] = "http://127.0.0.1:9",
    };

    [Fact]
    public void The_package_has_the_native_database_of_every_platform_and_is_small()
    {
        using var package = packed.Open("fopwatch");
        var names = package.Entries.Select(entry => entry.FullName).ToList();

        foreach (var platform in (string[])["linux-x64", "linux-arm64", "linux-musl-x64", "linux-musl-arm64", "osx-x64", "osx-arm64", "win-x64", "win-arm64"])
            Assert.Contains(names, name => name.StartsWith($"tools/net10.0/any/runtimes/{platform}/native/", StringComparison.Ordinal) && name.Contains("e_sqlite3", StringComparison.Ordinal));
        foreach (var assembly in (string[])["fopwatch", "FopWatch.Api", "FopWatch.Contracts", "FopWatch.Core", "FopWatch.Simulator", "FopWatch.Sqlite"])
            Assert.Contains($"tools/net10.0/any/{assembly}.dll", names);
        Assert.DoesNotContain(names, name => name.Contains("/runtimes/ios", StringComparison.Ordinal) || name.EndsWith(".xml", StringComparison.Ordinal) && name.Contains("FopWatch", StringComparison.Ordinal));
        Assert.Contains("README.md", names);
        Assert.DoesNotContain(names, name => Path.GetFileName(name) is "fopwatch.json" or "fopwatch.db");
        Assert.InRange(new FileInfo(Path.Combine(packed.Feed, $"fopwatch.{packed.Version}.nupkg")).Length, 1, 20 << 20);
    }

    [Fact]
    public async Task The_tool_is_installed_with_one_command_and_runs_the_demo()
    {
        using var tool = await InstalledTool.InstallAsync(packed);

        var (exit, version, error) = await tool.RunAsync("--version");
        Assert.Equal((0, ""), (exit, error));
        Assert.Matches($@"^{System.Text.RegularExpressions.Regex.Escape(packed.Version)}(\+[0-9a-f]{{40}})?$", version.Trim());

        var demo = await tool.RunAsync("demo", "--jobs", "20", "--seed", "1");
        Assert.True(demo.Exit == 0, demo.Output + demo.Error);

        // Commands in the help can be copied and run.
        var help = await tool.RunAsync("track", "--help");
        Assert.Contains("tools/fopwatch track", help.Output.Replace('\\', '/'), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tool_writes_its_settings_in_an_empty_folder_and_serves_with_them()
    {
        using var tool = await InstalledTool.InstallAsync(packed);

        var init = await tool.RunAsync("init", "--non-interactive", "--provider", "Qiniu", "--public-url", "http://127.0.0.1:7071");
        Assert.True(init.Exit == 0, init.Error);
        var check = await tool.RunAsync("config", "check");
        Assert.True(check.Exit == 0, check.Error);

        await using var host = await tool.ServeAsync("data", []);
    }

    /// <summary>An operator's upgrade: start the new version on the data, copy the data, and start on the copy.</summary>
    [Fact]
    public async Task The_tool_serves_data_of_an_earlier_version_which_can_be_copied_meanwhile_and_restored()
    {
        using var tool = await InstalledTool.InstallAsync(packed);
        var fixture = Directory.GetDirectories(Path.Combine(Sdk.Repository, "tests", "FopWatch.Local.Tests", "Fixtures")).Order(StringComparer.Ordinal).First();
        Directory.CreateDirectory(Path.Combine(tool.Folder, "data"));
        await using (var compressed = new BrotliStream(File.OpenRead(Path.Combine(fixture, "fopwatch.db.br")), CompressionMode.Decompress))
        await using (var database = File.Create(Path.Combine(tool.Folder, "data", "fopwatch.db")))
            await compressed.CopyToAsync(database, TestContext.Current.CancellationToken);
        var stored = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(fixture, "answers.json"), TestContext.Current.CancellationToken))!;

        IReadOnlyList<string> jobs;
        await using (var host = await tool.ServeAsync("data", Sources))
        {
            jobs = await host.JobsAsync();
            Assert.NotEmpty(jobs);
            Assert.All(jobs, job => Assert.Contains(job.Split('/')[1], stored.ToJsonString(), StringComparison.Ordinal));

            var backup = await tool.RunAsync("backup", "copy.db", "--data", "data");
            Assert.True(backup.Exit == 0, backup.Error);
            await host.RegisterAsync("media", "z0.after-the-copy");
            Assert.Equal(jobs.Count + 1, (await host.JobsAsync()).Count);
        }

        var restore = await tool.RunAsync("restore", "copy.db", "--data", "restored");
        Assert.True(restore.Exit == 0, restore.Error);
        await using var restored = await tool.ServeAsync("restored", Sources);
        Assert.Equal(jobs, await restored.JobsAsync());
    }
}

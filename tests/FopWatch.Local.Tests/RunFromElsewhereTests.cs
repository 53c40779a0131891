using System.Diagnostics;
using System.Text.Json;
using FopWatch.Local.CommandLine;
using FopWatch.Local.Tests.CommandLine;

namespace FopWatch.Local.Tests;

/// <summary>The project started and published from another folder than its own.</summary>
public sealed class RunFromElsewhereTests : IDisposable
{
    private const string Settings = """{"FopWatch": {"Sources": {"media": {"Provider": "Qiniu", "NotifyTokens": ["abcdefgh"]}}}}""";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact(Timeout = 300_000)]
    public async Task Relative_paths_are_relative_to_the_users_directory()
    {
        Write("fopwatch.json", Settings);
        Write("body.json", """{"id": "a", "code": 0, "items": []}""");
        Write("ids.txt", "no blanks allowed\n");

        var decoded = await RunAsync("decode", "body.json", "--source", "media");
        Assert.Equal((0, ""), (decoded.Exit, decoded.Error));

        var tracked = await RunAsync("track", "media", "--file", "ids.txt");
        Assert.Equal(ExitCodes.Refused, tracked.Exit);
        Assert.Contains("line 1: 'no blanks allowed'", tracked.Error, StringComparison.Ordinal);

        var start = Start("serve", "--urls", "http://127.0.0.1:0");
        start.RedirectStandardOutput = true;
        using var serving = Process.Start(start)!;
        try
        {
            var log = "";
            while (!log.Contains("Source media", StringComparison.Ordinal))
                log += await serving.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken) ?? throw new InvalidOperationException(log);

            // On macOS the folder is below a symbolic link.
            Assert.Matches($"Settings were read from .*{Path.GetFileName(_folder.FullName)}.fopwatch.json", log);
            Assert.Contains("with 1 source(s)", log, StringComparison.Ordinal);
            Assert.Contains("No provider can reach the notify URLs: they begin with http://127.0.0.1:", log, StringComparison.Ordinal);
            Assert.True(File.Exists(Path.Combine(_folder.FullName, "fopwatch-data", "fopwatch.db")));
        }
        finally
        {
            serving.Kill(entireProcessTree: true);
            await serving.WaitForExitAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The files that would be published, as MSBuild evaluates the project in a folder with files that contain keys.</summary>
    [Fact(Timeout = 120_000)]
    public async Task No_settings_file_is_published()
    {
        File.Copy(Path.Combine(Project, "FopWatch.Local.csproj"), Path.Combine(_folder.FullName, "FopWatch.Local.csproj"));
        foreach (var name in (string[])["fopwatch.json", "fopwatch.production.json", "mine.json", "Demo/fopwatch.json", "fopwatch-data/fopwatch.json"])
            Write(name, Settings);

        var (exit, output, error) = await CommandProcess.RunAsync(
            _folder.FullName, [], "dotnet", ["msbuild", "FopWatch.Local.csproj", "-getItem:Content,None,EmbeddedResource", "-p:TargetFramework=net10.0"]);

        Assert.True(exit == 0, output + error);
        var copied = JsonDocument.Parse(output).RootElement.GetProperty("Items").EnumerateObject()
            .SelectMany(items => items.Value.EnumerateArray().Select(item => (Kind: items.Name, Item: item)))
            .Where(one => one.Kind != "None" || Has(one.Item, "CopyToPublishDirectory") || Has(one.Item, "CopyToOutputDirectory"))
            .Select(one => one.Item.GetProperty("Identity").GetString());
        Assert.Empty(copied);

        static bool Has(JsonElement item, string metadata) =>
            item.TryGetProperty(metadata, out var value) && value.GetString() is { Length: > 0 } and not "Never";
    }

    private static string Project
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "FopWatch.slnx")))
                folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The tests do not run in the repository.");
            return Path.Combine(folder, "src", "FopWatch.Local");
        }
    }

    private static string Configuration => Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;

    private void Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }

    private ProcessStartInfo Start(params string[] arguments) =>
        new("dotnet", ["run", "--no-build", "-c", Configuration, "--project", Project, "--", .. arguments]) { WorkingDirectory = _folder.FullName };

    private Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments)
    {
        var start = Start(arguments);
        return CommandProcess.RunAsync(_folder.FullName, [], start.FileName, [.. start.ArgumentList]);
    }
}

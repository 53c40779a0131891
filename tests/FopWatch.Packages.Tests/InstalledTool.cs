using System.Diagnostics;
using System.Text.Json;

namespace FopWatch.Packages.Tests;

/// <summary>The tool as <c>dotnet tool install</c> installs it from the packed packages alone.</summary>
internal sealed class InstalledTool : IDisposable
{
    private readonly TempFolder _folder;
    private readonly Packed _packed;

    private InstalledTool(TempFolder folder, Packed packed) => (_folder, _packed) = (folder, packed);

    public string Folder => _folder.FullName;

    public static async Task<InstalledTool> InstallAsync(Packed packed)
    {
        var tool = new InstalledTool(new(), packed);
        await Sdk.DotnetAsync(
            tool.Folder, packed.NewUser, "tool", "install", "fopwatch", "--tool-path", "tools", "--version", packed.Version, "--configfile", packed.NuGetConfig);
        return tool;
    }

    /// <summary>Runs a command and waits for its end.</summary>
    public Task<(int Exit, string Output, string Error)> RunAsync(params string[] arguments) => Sdk.RunAsync(Folder, Variables([]), Program, arguments);

    /// <summary>Starts a host and waits until it is ready.</summary>
    public async Task<ServingTool> ServeAsync(string data, Dictionary<string, string> settings)
    {
        var url = new Uri($"http://127.0.0.1:{Loopback.FreePort()}");
        settings = new(settings) { ["FOPWATCH_URLS"] = url.AbsoluteUri.TrimEnd('/'), ["FOPWATCH_DATA"] = data };
        var serving = new ServingTool(Sdk.Start(Folder, Variables(settings), Program), url);
        try
        {
            await serving.UntilReadyAsync();
            return serving;
        }
        catch
        {
            await serving.DisposeAsync();
            throw;
        }
    }

    public void Dispose() => _folder.Dispose();

    private string Program => Path.Combine(Folder, "tools", OperatingSystem.IsWindows() ? "fopwatch.exe" : "fopwatch");

    // The tool's shim looks for the runtime in its default location.
    private Dictionary<string, string> Variables(Dictionary<string, string> settings) => new(settings)
    {
        ["HOME"] = _packed.NewUser["HOME"],
        ["DOTNET_ROOT"] = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")),
    };
}

/// <summary>A running host.</summary>
internal sealed class ServingTool(Process process, Uri url) : IAsyncDisposable
{
    private readonly HttpClient _http = new() { BaseAddress = url };
    private readonly Task<string> _output = process.StandardOutput.ReadToEndAsync();
    private readonly Task<string> _error = process.StandardError.ReadToEndAsync();

    public Uri Url => url;

    public async Task UntilReadyAsync() => await Eventually.HoldsAsync(async () =>
    {
        try
        {
            return (await _http.GetAsync("/health/ready", TestContext.Current.CancellationToken)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            Assert.False(process.HasExited, process.HasExited ? $"{await _output}\n{await _error}" : "");
            return false;
        }
    });

    /// <summary>The ids of all jobs in alphabetical order.</summary>
    public async Task<IReadOnlyList<string>> JobsAsync()
    {
        using var answer = JsonDocument.Parse(await _http.GetStringAsync("/api/jobs?top=1000", TestContext.Current.CancellationToken));
        return [.. answer.RootElement.GetProperty("jobs").EnumerateArray()
            .Select(job => $"{job.GetProperty("source").GetString()}/{job.GetProperty("id").GetString()}")
            .Order(StringComparer.Ordinal)];
    }

    public async Task RegisterAsync(string source, string id)
    {
        using var body = new StringContent($$"""{"source": "{{source}}", "id": "{{id}}"}""");
        (await _http.PostAsync("/api/jobs", body, TestContext.Current.CancellationToken)).EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        if (!process.HasExited)
            process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
    }
}

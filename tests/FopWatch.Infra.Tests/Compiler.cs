using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;

namespace FopWatch.Infra.Tests;

/// <summary>The Bicep compiler. It works on a copy of infra/, so nothing is written to the repository.</summary>
internal sealed class Compiler : IDisposable
{
    /// <summary>A stand-in for the deployment's subscription and tenant: Azure is never called.</summary>
    public const string Subscription = "11111111-1111-1111-1111-111111111111";

    public const string Tenant = "22222222-2222-2222-2222-222222222222";

    /// <summary>A run takes seconds; the limit allows for a busy machine.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private static readonly string Program = typeof(Compiler).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(one => one.Key == "Bicep").Value!;

    /// <summary>A run keeps a core busy, and more runs than cores only delay each other.</summary>
    private static readonly SemaphoreSlim Cores = new(Environment.ProcessorCount);

    private readonly string _folder = Directory.CreateTempSubdirectory("fopwatch-infra-").FullName;

    public Compiler()
    {
        var infra = Repository.PathOf("infra");
        foreach (var path in Directory.EnumerateFiles(infra, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(_folder, Path.GetRelativePath(infra, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.WriteAllText(copy, Path.GetExtension(path) == ".bicepparam" ? Filled(File.ReadAllText(path)) : File.ReadAllText(path));
        }
    }

    /// <summary>A parameter file with values in place of its placeholders, with which it cannot be deployed.</summary>
    private static string Filled(string text) => text
        .Replace("<address>", "oncall@example.com", StringComparison.Ordinal)
        .Replace("<MgrDomain of the account>", "mgr.example.com", StringComparison.Ordinal)
        .Replace("00000000-0000-0000-0000-000000000000", "55555555-5555-5555-5555-555555555555", StringComparison.Ordinal);

    /// <summary>Writes a file to the copy.</summary>
    public Compiler With(string file, string text)
    {
        File.WriteAllText(Path.Combine(_folder, file), text);
        return this;
    }

    /// <summary>Changes the copy of a file. The text to replace must occur exactly once.</summary>
    public Compiler Change(string file, string from, string to)
    {
        var text = Text(file);
        Assert.Equal(2, text.Split(from).Length);
        return With(file, text.Replace(from, to, StringComparison.Ordinal));
    }

    /// <summary>All diagnostics of the compiler and its linter for a file and the files it uses.</summary>
    public async Task<string> LintAsync(string file) => (await RunAsync(["lint", file])).Errors;

    /// <summary>A template as Azure receives it.</summary>
    public async Task<JsonObject> BuildAsync(string file) => Json(await RunAsync(["build", file, "--stdout"]));

    /// <summary>Parameters as Azure receives them.</summary>
    public async Task<JsonObject> BuildParametersAsync(string file) => Json(await RunAsync(["build-params", file, "--stdout"]));

    /// <summary>Formats every file with the compiler.</summary>
    public async Task FormatAsync() => Assert.Equal(0, (await RunAsync(["format", "--pattern", "**/*.bicep*"])).Code);

    /// <summary>The text of a file of the copy.</summary>
    public string Text(string file) => File.ReadAllText(Path.Combine(_folder, file));

    /// <summary>Why a parameter file cannot be deployed.</summary>
    public async Task<string> RefusalAsync(string file)
    {
        var run = await SnapshotAsync(file, "fopwatch", environment: null);
        Assert.NotEqual(0, run.Code);
        return run.Errors;
    }

    /// <summary>The resources that a parameter file deploys.</summary>
    /// <param name="file">The parameter file.</param>
    /// <param name="deployment">The name of the deployment.</param>
    /// <param name="environment">Environment variables, for parameter files that read them.</param>
    public async Task<Deployment> DeployAsync(
        string file, string deployment = "fopwatch", IReadOnlyDictionary<string, string>? environment = null)
    {
        var run = await SnapshotAsync(file, deployment, environment);
        Assert.True(run.Code == 0, $"{file} cannot be deployed: {run.Errors}");
        var snapshot = Path.Combine(_folder, Path.ChangeExtension(file, ".snapshot.json"));
        return new(JsonNode.Parse(await File.ReadAllTextAsync(snapshot))!.AsObject(), run.Errors);
    }

    private Task<Run> SnapshotAsync(string file, string deployment, IReadOnlyDictionary<string, string>? environment) => RunAsync(
        ["snapshot", file, "--mode", "overwrite", "--subscription-id", Subscription, "--tenant-id", Tenant, "--location", "eastus2",
            "--deployment-name", deployment],
        environment);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static JsonObject Json(Run run)
    {
        Assert.True(run.Code == 0, run.Errors);
        return JsonNode.Parse(run.Output)!.AsObject();
    }

    private async Task<Run> RunAsync(string[] arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Program, arguments)
        {
            WorkingDirectory = _folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Parameter files read these; their values on the test machine must not matter.
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("AZURE_", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;

        // The compiler is a .NET program that runs for seconds. Compiling its methods a second time costs a quarter of its processor time.
        start.Environment["DOTNET_TieredCompilation"] = "0";

        await Cores.WaitAsync();
        try
        {
            return await FinishAsync(start);
        }
        finally
        {
            Cores.Release();
        }
    }

    private static async Task<Run> FinishAsync(ProcessStartInfo start)
    {
        using var process = Process.Start(start)!;
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(patience.Token);
            var errors = process.StandardError.ReadToEndAsync(patience.Token);
            await process.WaitForExitAsync(patience.Token);
            return new(process.ExitCode, await output, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"bicep {string.Join(' ', start.ArgumentList)} took more than {Patience}.");
        }
    }

    private sealed record Run(int Code, string Output, string Errors);
}

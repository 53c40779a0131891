using System.Diagnostics;

namespace FopWatch.Packages.Tests;

/// <summary>Runs programs as a user with a fresh .NET SDK: with a home and a package cache of their own.</summary>
internal static class Sdk
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    public static string Repository { get; } = FindRepository();

    /// <summary>The configuration in which these tests were built.</summary>
    public static string Configuration { get; } = Path.GetFileName(Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory)))!;

    /// <summary>The folder of the packages that this repository's build restored.</summary>
    public static string RestoredPackages { get; } = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } folder
        ? folder
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>Runs <c>dotnet</c> and requires exit code 0.</summary>
    /// <returns>Its output.</returns>
    public static async Task<string> DotnetAsync(string folder, IReadOnlyDictionary<string, string>? variables, params string[] arguments)
    {
        var (exit, output, error) = await RunAsync(folder, variables, "dotnet", arguments);
        Assert.True(exit == 0, $"dotnet {string.Join(' ', arguments)} ended with {exit}:\n{output}\n{error}");
        return output;
    }

    /// <summary>Runs a program and waits for its end.</summary>
    public static async Task<(int Exit, string Output, string Error)> RunAsync(
        string folder, IReadOnlyDictionary<string, string>? variables, string program, params string[] arguments)
    {
        using var process = Start(folder, variables, program, arguments);
        process.StandardInput.Close();
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(Cancelled), process.StandardError.ReadToEndAsync(Cancelled));
            await process.WaitForExitAsync(Cancelled).WaitAsync(Patience, Cancelled);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }

    public static Process Start(string folder, IReadOnlyDictionary<string, string>? variables, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("FOPWATCH", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";

        // Build servers would outlive the test and hold its output open.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["DOTNET_CLI_USE_MSBUILD_SERVER"] = "0";
        start.Environment["UseSharedCompilation"] = "false";
        foreach (var (name, value) in variables ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private static string FindRepository()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "FopWatch.slnx")))
                return folder;
        }

        throw new DirectoryNotFoundException("The tests do not run below the repository's folder.");
    }
}

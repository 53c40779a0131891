using System.Diagnostics;
using FopWatch.Local.Hosting;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>A run of the real program that ends without a signal.</summary>
internal static class CommandProcess
{
    /// <summary>Runs the program and waits for its end.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="variables">Environment variables in addition to those of the tests.</param>
    /// <param name="arguments">The command line.</param>
    public static Task<(int Exit, string Output, string Error)> RunAsync(string folder, Dictionary<string, string> variables, params string[] arguments) =>
        RunAsync(folder, variables, "dotnet", [typeof(LocalHost).Assembly.Location, .. arguments]);

    /// <summary>Runs any program and waits for its end.</summary>
    public static async Task<(int Exit, string Output, string Error)> RunAsync(
        string folder,
        Dictionary<string, string> variables,
        string program,
        string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;

        var cancelled = TestContext.Current.CancellationToken;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancelled), process.StandardError.ReadToEndAsync(cancelled));
            await process.WaitForExitAsync(cancelled).WaitAsync(TimeSpan.FromSeconds(90), cancelled);
            return (process.ExitCode, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}

using Xunit.Runner.InProc.SystemConsole;

namespace FopWatch.Client.Tests;

/// <summary>Runs the tests, or the program of docs/clients.md.</summary>
public static class Program
{
    /// <summary>The argument that starts the program of the page; the arguments after it are the program's.</summary>
    public const string PageArgument = "--client-page";

    public static async Task<int> Main(string[] args)
    {
        if (args is not [PageArgument, .. var rest])
            return await ConsoleRunner.Run(args);
        await ClientPageSample.RunAsync(rest);
        return Environment.ExitCode;
    }
}

using Xunit.Runner.InProc.SystemConsole;

namespace FopWatch.Client.Tests;

/// <summary>Runs the tests, or the program that docs/clients.md shows.</summary>
public static class Program
{
    /// <summary>The argument that runs the program of the page with the arguments after it.</summary>
    public const string PageArgument = "--client-page";

    public static async Task<int> Main(string[] args)
    {
        if (args is not [PageArgument, .. var rest])
            return await ConsoleRunner.Run(args);
        await ClientPageSample.RunAsync(rest);
        return 0;
    }
}

using FopWatch.Local.Tests.Storage;
using Xunit.Runner.InProc.SystemConsole;

namespace FopWatch.Local.Tests;

public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        switch (args)
        {
            case [CommitUntilKilled.Argument, var folder, var isBroker]:
                await CommitUntilKilled.RunAsync(folder, bool.Parse(isBroker));
                return 0;
            case [CommitRate.Argument, .. var rest]:
                await CommitRate.RunAsync(rest);
                return 0;
            default:
                return await ConsoleRunner.Run(args);
        }
    }
}

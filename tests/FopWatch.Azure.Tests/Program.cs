using FopWatch.Azure.Tests.Tables;
using Xunit.Runner.InProc.SystemConsole;

namespace FopWatch.Azure.Tests;

public static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (args is not [PollUntilKilled.Argument, var table])
            return await ConsoleRunner.Run(args);

        await PollUntilKilled.RunAsync(table);
        return 0;
    }
}

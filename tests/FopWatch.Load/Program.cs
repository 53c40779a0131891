using FopWatch.Load.Bare;
using FopWatch.Load.Generating;

namespace FopWatch.Load;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (BareEndpoint.Modes.Contains(args.FirstOrDefault("")))
        {
            await BareEndpoint.RunAsync(args);
            return 0;
        }

        if (args is ["--help"])
        {
            Console.WriteLine(LoadOptions.Usage);
            return 0;
        }

        if (!LoadOptions.TryParse(args, out var options, out var wrong))
        {
            await Console.Error.WriteLineAsync($"{wrong}\n{LoadOptions.Usage}");
            return 2;
        }

        if (!LoadRun.Names.Any(options.Wants))
            return 0;
        await InlineCompletions.EnableAsync();
        return await LoadRun.RunAsync(options) ? 0 : 1;
    }
}

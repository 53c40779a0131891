namespace FopWatch.Load.Functions;

internal static class Program
{
    public static async Task<int> Main(string[] args)
    {
        if (!LoadOptions.TryParse(args, out var options, out var wrong))
        {
            await Console.Error.WriteLineAsync($"{wrong}\n{LoadOptions.Usage}");
            return 2;
        }

        if (!LoadRun.CloudNames.Any(options.Wants))
            return 0;
        if (!FunctionsHost.IsGiven)
        {
            await Console.Error.WriteLineAsync(FunctionsHost.NoHost);
            return 2;
        }

        return await CloudRun.RunAsync(options) ? 0 : 1;
    }
}

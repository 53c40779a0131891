using System.CommandLine;
using FopWatch.Local.Demo;

namespace FopWatch.Local.CommandLine;

/// <summary>The command line: <c>serve</c> (the default), <c>demo</c>, <c>track</c>, <c>watch</c> and <c>decode</c>.</summary>
internal static class Cli
{
    public static Task<int> RunAsync(string[] args)
    {
        var serve = ServeCommand.Create();
        var root = new RootCommand(
            "FopWatch knows how every media-processing job at Qiniu or Wangsu/CDNetworks ended. Without a command it serves.")
        {
            serve,
            DemoCommand.Create(),
        };

        // Serving is the default: the root takes its options too.
        foreach (var option in serve.Options)
            root.Options.Add(option);
        root.Action = serve.Action;

        return root.Parse(args).InvokeAsync(new() { ProcessTerminationTimeout = TimeSpan.FromSeconds(10) });
    }
}

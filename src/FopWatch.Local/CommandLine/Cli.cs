using System.CommandLine;
using FopWatch.Local.CommandLine.Mcp;
using FopWatch.Local.Demo;

namespace FopWatch.Local.CommandLine;

/// <summary>The command line; <c>serve</c> is the default.</summary>
internal static class Cli
{
    /// <summary>Runs the process's command.</summary>
    public static Task<int> RunAsync(string[] args) => RunAsync(args, Terminal.OfProcess(), CancellationToken.None);

    /// <summary>Runs a command in a terminal.</summary>
    /// <returns>The exit code; see <see cref="ExitCodes"/>.</returns>
    public static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        try
        {
            return await InvokeAsync(args, terminal, cancellationToken);
        }
        catch (OutputFailedException e)
        {
            terminal.WriteErrorLine(e.Message);
            return ExitCodes.OutputFailed;
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            terminal.Error.WriteLine(e.ToString());
            return ExitCodes.Failed;
        }
    }

    /// <summary>All commands.</summary>
    public static RootCommand Create(Terminal terminal)
    {
        var serve = ServeCommand.Create(terminal);
        var root = new RootCommand(
            "FopWatch knows how every media-processing job at Qiniu or Wangsu/CDNetworks ended. Without a command it serves.")
        {
            serve,
            DemoCommand.Create(terminal),
            TrackCommand.Create(terminal),
            WatchCommand.Create(terminal),
            DecodeCommand.Create(terminal),
            PlanCommand.Create(terminal),
            JobsCommand.Create(terminal),
            QuarantineCommand.Create(terminal),
            WebhooksCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            InitCommand.Create(terminal),
            ConfigCommand.Create(terminal),
            BackupCommand.Create(terminal),
            RestoreCommand.Create(terminal),
            CompletionCommand.Create(terminal),
            McpCommand.Create(terminal),
        };

        // Serving is the default: the root takes its options too.
        foreach (var option in serve.Options)
            root.Options.Add(option);
        root.Action = serve.Action;
        ExplainedCommand.ShowIn(root, terminal);

        // The parser's own, [suggest], throws at what is not a number. See Suggestions.
        root.Directives.Clear();
        return root;
    }

    private static async Task<int> InvokeAsync(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        if (Suggestions.AreAskedFor(args, out var position))
        {
            foreach (var word in Suggestions.Of(Create(terminal), args[1], position))
                terminal.Output.WriteLine(word);
            return ExitCodes.Ok;
        }

        // An argument that begins with @ is not the name of a file with more of them.
        var parsed = Create(terminal).Parse(args, new() { ResponseFileTokenReplacer = null });
        if (WrongUsage.Find(parsed, args) is { Count: > 0 } problems)
            return WrongUsage.Report(terminal, parsed.CommandResult.Command, problems);

        return await parsed.InvokeAsync(
            new()
            {
                ProcessTerminationTimeout = TimeSpan.FromSeconds(10),
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
            },
            cancellationToken);
    }
}

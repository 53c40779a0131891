using System.CommandLine;
using FopWatch.Local.CommandLine.Mcp;
using FopWatch.Local.Demo;

namespace FopWatch.Local.CommandLine;

/// <summary>The command line; <c>serve</c> is the default.</summary>
internal static class Cli
{
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

    public static RootCommand Create(Terminal terminal)
    {
        var serve = ServeCommand.Create(terminal);
        var root = new RootCommand(
            "FopWatch knows how every media-processing job at Qiniu or Wangsu/CDNetworks ended. Without a command, it runs the host (serve).")
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

        // serve is the default command, so the root takes its options too.
        foreach (var option in serve.Options)
            root.Options.Add(option);
        root.Action = serve.Action;
        ExplainedCommand.ShowIn(root, terminal);

        // The parser's own directive, [suggest], throws if its position is not a number. Suggestions replaces it.
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

        var root = Create(terminal);
        args = WithHelpOption(root, args);

        // No response files: an argument that begins with @ is an ordinary argument.
        var parsed = root.Parse(args, new() { ResponseFileTokenReplacer = null });
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

    /// <summary><c>help jobs show</c> and <c>jobs help show</c> mean <c>jobs show --help</c>.</summary>
    private static string[] WithHelpOption(RootCommand root, string[] args) => args switch
    {
        ["help", .. var words] => [.. words, "--help"],
        [var name, "help", .. var words] when root.Subcommands.Any(one => one.Name == name && one.Subcommands.Count > 0) => [name, .. words, "--help"],
        _ => args,
    };
}

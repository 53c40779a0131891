using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FopWatch.Local.CommandLine;

/// <summary>A command whose help ends in more than its options say: examples, exit codes.</summary>
/// <param name="name">Its name.</param>
/// <param name="description">What it does, in a sentence.</param>
/// <param name="more">What its help ends in.</param>
internal sealed class ExplainedCommand(string name, string description, string more) : Command(name, description)
{
    /// <summary>What its help ends in.</summary>
    public string More { get; } = more;

    /// <summary>Makes the help of a root command show it.</summary>
    public static void ShowIn(RootCommand root, Terminal terminal)
    {
        foreach (var help in root.Options.OfType<HelpOption>())
        {
            if (help.Action is HelpAction standard)
                help.Action = new Help(standard, terminal);
        }
    }

    private sealed class Help(HelpAction standard, Terminal terminal) : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            var code = standard.Invoke(parseResult);
            if (parseResult.CommandResult.Command is ExplainedCommand explained)
                terminal.WriteHelp(explained.More);
            return code;
        }
    }
}

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace FopWatch.Local.CommandLine;

/// <summary>A command with further text after the options in its help, such as examples and exit codes.</summary>
/// <param name="name">The name of the command.</param>
/// <param name="description">What the command does, in a sentence.</param>
/// <param name="more">The text after the options.</param>
internal sealed class ExplainedCommand(string name, string description, string more) : Command(name, description)
{
    /// <summary>The text after the options.</summary>
    public string More { get; } = more;

    /// <summary>Makes the help of a root command show the text.</summary>
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

using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace FopWatch.Local.CommandLine;

/// <summary>How a command line that cannot work is answered: what is wrong, and one line of usage.</summary>
internal static class WrongUsage
{
    private const int MaxLength = 400;

    /// <summary>What is wrong with a command line, a sentence each; empty if it can be run.</summary>
    public static IReadOnlyList<string> Find(ParseResult parsed, IReadOnlyList<string> args)
    {
        // The parser passes over directives that it does not know.
        if (args is [['[', .., ']'] directive, ..])
            return [$"Unrecognized command or argument '{directive}'."];

        // What is given to a switch, and is neither true nor false, it takes for the argument that comes next.
        List<string> wrongSwitches =
        [
            .. from option in parsed.CommandResult.Command.Options.OfType<Option<bool>>()
               from arg in args
               where arg.StartsWith(option.Name + "=", StringComparison.Ordinal) || arg.StartsWith(option.Name + ":", StringComparison.Ordinal)
               let value = arg[(option.Name.Length + 1)..]
               where !bool.TryParse(value, out _)
               select $"{option.Name}: '{value}' is neither true nor false.",
        ];

        // Of an option that is given twice, it is content with one value.
        wrongSwitches.AddRange(
            from option in parsed.CommandResult.Command.Options
            where option.Arity.MaximumNumberOfValues > 0 && option is not Option<bool>
            let given = parsed.GetResult(option)
            where given is { Implicit: false } && given.IdentifierTokenCount > given.Tokens.Count && given.Tokens.Count > 0
            select $"{option.Name} is given without a value.");
        if (wrongSwitches.Count > 0 || parsed.Action is not ParseErrorAction)
            return wrongSwitches;

        // The parser's own message does not name the argument.
        List<string> missing =
        [
            .. from argument in parsed.CommandResult.Command.Arguments
               where argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is null or { Tokens.Count: 0 }
               select $"{argument.Name} is missing.",
        ];
        var errors = missing.Count == 0 ? parsed.Errors : parsed.Errors.Where(error => error.SymbolResult is OptionResult);
        return [.. missing, .. errors.Select(error => error.Message).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Reports problems, a line each.</summary>
    public static int Report(Terminal terminal, Command command, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
            terminal.WriteErrorLine(new Piece(DisplayText.Cut(problem, MaxLength), Terminal.Wrong));
        terminal.WriteErrorLine(UsageOf(terminal.Program, command));
        return ExitCodes.Refused;
    }

    private static string UsageOf(string program, Command command)
    {
        if (command is RootCommand)
            return $"Usage: {program} [{string.Join('|', command.Subcommands.Select(one => one.Name))}] [options]; see {program} --help";

        var name = $"{program} {NameOf(command)}";
        var arguments = command.Arguments.Select(one => one.Arity.MaximumNumberOfValues > 1 ? $" [{one.Name}...]" : $" {one.Name}");
        var commands = command.Subcommands.Count == 0 ? "" : $" {string.Join('|', command.Subcommands.Select(one => one.Name))}";
        return $"Usage: {name}{commands}{string.Concat(arguments)} [options]; see {name} --help";
    }

    /// <summary>The name of a command, behind those of the commands that it belongs to.</summary>
    private static string NameOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault(parent => parent is not RootCommand) is { } parent ? $"{NameOf(parent)} {command.Name}" : command.Name;
}

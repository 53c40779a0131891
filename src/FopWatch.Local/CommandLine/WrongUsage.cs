using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using FopWatch.Settings;

namespace FopWatch.Local.CommandLine;

/// <summary>Reports a wrong command line: the problems, and one line of usage.</summary>
internal static class WrongUsage
{
    private const int MaxLength = 400;

    /// <summary>The problems of a command line, a sentence each; empty if it can be run.</summary>
    public static IReadOnlyList<string> Find(ParseResult parsed, IReadOnlyList<string> args)
    {
        // The parser ignores unknown directives.
        if (args is [['[', .., ']'] directive, ..])
            return [$"Unrecognized command or argument '{directive}'."];

        // The parser treats a switch's value that is neither true nor false as the next argument.
        List<string> wrongOptions =
        [
            .. from option in parsed.CommandResult.Command.Options.OfType<Option<bool>>()
               from arg in args
               where arg.StartsWith(option.Name + "=", StringComparison.Ordinal) || arg.StartsWith(option.Name + ":", StringComparison.Ordinal)
               let value = arg[(option.Name.Length + 1)..]
               where !bool.TryParse(value, out _)
               select $"{option.Name}: '{value}' is neither true nor false.",
        ];

        // The parser accepts an option that is given twice with only one value.
        wrongOptions.AddRange(
            from option in parsed.CommandResult.Command.Options
            where option.Arity.MaximumNumberOfValues > 0 && option is not Option<bool>
            let given = parsed.GetResult(option)
            where given is { Implicit: false } && given.IdentifierTokenCount > given.Tokens.Count && given.Tokens.Count > 0
            select $"{option.Name} is given without a value.");

        // The parser takes an unknown option for an argument. Every word after -- is an argument.
        var afterDashes = parsed.Tokens.SkipWhile(token => token.Type != TokenType.DoubleDash).Skip(1).Count();
        wrongOptions.AddRange(
            from token in parsed.CommandResult.Command.Arguments.SelectMany(argument => parsed.GetResult(argument)?.Tokens ?? []).SkipLast(afterDashes)
            where token.Value is ['-', _, ..]
            select $"'{token.Value}' is not an option. Write -- before arguments that begin with '-'.");
        if (wrongOptions.Count > 0 || parsed.Action is not ParseErrorAction)
            return wrongOptions;

        // Beside an unknown word, the parser also says that a command is missing, and repeats itself for each further word.
        if (parsed.CommandResult.Command is { Subcommands.Count: > 0 } group && parsed.UnmatchedTokens is [var unknown, ..])
            return [$"Unrecognized command or argument '{unknown}'.{(NearestName.Find(unknown, group.Subcommands.Select(one => one.Name)) is { } near ? $" Did you mean '{near}'?" : "")}"];

        // The parser's own message does not name the argument.
        List<string> missing =
        [
            .. from argument in parsed.CommandResult.Command.Arguments
               where argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is null or { Tokens.Count: 0 }
               let before = parsed.GetResult(parsed.CommandResult.Command.Arguments[0])?.Tokens
               select (argument.Name == "ID" && before is [var source] ? SlashOf(source.Value) : null) ?? $"{argument.Name} is missing.",
        ];
        var errors = missing.Count == 0 ? parsed.Errors : parsed.Errors.Where(error => error.SymbolResult is OptionResult);
        return [.. missing, .. errors.Select(error => error.Message).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>What to write instead of <c>SOURCE/ID</c>, as the URL of a job has them; null if a source has no slash.</summary>
    public static string? SlashOf(string source) =>
        source.Contains('/', StringComparison.Ordinal) ? "ID is missing. Give SOURCE and ID, separated by a space." : null;

    /// <summary>Reports problems, one per line.</summary>
    public static int Report(Terminal terminal, Command command, IEnumerable<string> problems)
    {
        foreach (var problem in problems)
            terminal.WriteErrorLine(new Piece(TextCut.Of(problem, MaxLength), Terminal.Wrong));
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

    /// <summary>The name of a command, after those of its parents.</summary>
    private static string NameOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault(parent => parent is not RootCommand) is { } parent ? $"{NameOf(parent)} {command.Name}" : command.Name;
}

using System.CommandLine;

namespace FopWatch.Local.CommandLine;

/// <summary><c>completion</c>: prints a shell completion script.</summary>
internal static class CompletionCommand
{
    private const string More = """
        The script asks the program for the words that can follow, so it needs no update after an upgrade. Where no word can follow, it
        completes file names.

        For the current shell:
          $ source <(fopwatch completion bash)
          $ source <(fopwatch completion zsh)
          $ fopwatch completion fish | source
          $ fopwatch completion pwsh | Out-String | Invoke-Expression

        For every new shell:
          bash  write it to ~/.local/share/bash-completion/completions/fopwatch
          zsh   write it to the file _fopwatch in a folder of $fpath, before compinit
          fish  write it to ~/.config/fish/completions/fopwatch.fish
          pwsh  add the line above to $PROFILE

        Exit codes:
          0  printed
          2  wrong usage
          5  the output cannot be written
        """;

    private const string Bash = """
        _fopwatch() {
            local cur words
            cur=${COMP_WORDS[COMP_CWORD]}
            mapfile -t words < <("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)
            mapfile -t COMPREPLY < <(compgen -W "${words[*]}" -- "$cur")
        }
        complete -o default -F _fopwatch fopwatch
        """;

    private const string Zsh = """
        #compdef fopwatch
        _fopwatch() {
            local -a found
            local line="${words[1,CURRENT]}"
            found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
            found=(${found:#})
            if (( ${#found} )); then
                compadd -a found
            else
                _files
            fi
        }
        if [ "$funcstack[1]" = _fopwatch ]; then
            _fopwatch "$@"
        else
            compdef _fopwatch fopwatch
        fi
        """;

    private const string Fish = """
        function __fopwatch_complete
            set -l line (commandline -cp)
            set -l program (commandline -opc)[1]
            $program "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c fopwatch -a '(__fopwatch_complete)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName fopwatch -ScriptBlock {
            param($wordToComplete, $commandAst, $cursorPosition)
            $line = $commandAst.ToString().PadRight($cursorPosition - $commandAst.Extent.StartOffset)
            & $commandAst.CommandElements[0].ToString() "[suggest:$($line.Length)]" $line 2>$null |
                Where-Object { $_ -like "$wordToComplete*" } |
                ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
        }
        """;

    private static readonly Dictionary<string, string> Scripts = new(StringComparer.Ordinal)
    {
        ["bash"] = Bash,
        ["zsh"] = Zsh,
        ["fish"] = Fish,
        ["pwsh"] = PowerShell,
    };

    public static Command Create(Terminal terminal)
    {
        var shell = new Argument<string>("SHELL") { Description = $"{string.Join(", ", Scripts.Keys.Order(StringComparer.Ordinal))}." };
        shell.CompletionSources.Add([.. Scripts.Keys]);
        shell.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !Scripts.ContainsKey(token.Value))
                result.AddError($"SHELL: '{token.Value}' is not one of {string.Join(", ", Scripts.Keys)}.");
        });
        var command = new ExplainedCommand("completion", "Prints a script that completes commands and options in a shell.", More) { shell };
        command.SetAction(result =>
        {
            terminal.Output.WriteLine(Scripts[result.GetValue(shell)!].ReplaceLineEndings("\n"));
            return ExitCodes.Ok;
        });
        return command;
    }
}

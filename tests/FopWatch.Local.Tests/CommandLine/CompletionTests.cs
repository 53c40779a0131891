using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>What shells complete with the scripts of <c>completion</c>, for the shells on this machine.</summary>
public sealed class CompletionTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("fopwatch tr", "track")]
    [InlineData("fopwatch config ", "check")]
    [InlineData("fopwatch completion ", "bash", "fish", "pwsh", "zsh")]
    [InlineData("fopwatch init --provider ", "Qiniu", "WangsuFmgr", "WangsuFops")]
    [InlineData("/opt/fopwatch/fopwatch track --wa", "--wait")]
    public async Task The_program_names_the_possible_next_words(string line, params string[] words)
    {
        var (exit, output, error) = await CommandRun.RunAsync([$"[suggest:{line.Length}]", line]);

        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
        Assert.Subset(output.ReplaceLineEndings("\n").Split('\n').ToHashSet(), words.ToHashSet());
    }

    [Theory]
    [InlineData("[suggest:999]", "fopwatch tr")]
    [InlineData("[suggest:0]", "fopwatch tr")]
    [InlineData("[suggest:5]", "")]
    [InlineData("[suggest:40]", "fopwatch track 'unclosed \"")]
    [InlineData("[suggest:20]", "fopwatch decode @/no/such")]
    public async Task No_line_ends_in_an_exception(string directive, string line)
    {
        var (exit, _, error) = await CommandRun.RunAsync([directive, line]);
        Assert.Equal((ExitCodes.Ok, ""), (exit, error));
    }

    [Fact]
    public async Task Bash_completes()
    {
        Assert.SkipUnless(IsOnPath("bash"), "bash is not installed.");
        Assert.Equal("track", await CompleteAsync("bash", $$"""
            source ./script
            COMP_LINE='./fopwatch tra' COMP_POINT=14 COMP_WORDS=(./fopwatch tra) COMP_CWORD=1
            _fopwatch
            echo "${COMPREPLY[@]}"
            """));
        Assert.Equal("--wait", await CompleteAsync("bash", $$"""
            source ./script
            COMP_LINE='./fopwatch track media --wa' COMP_POINT=27 COMP_WORDS=(./fopwatch track media --wa) COMP_CWORD=3
            _fopwatch
            echo "${COMPREPLY[@]}"
            """));
    }

    [Fact]
    public async Task Fish_completes()
    {
        Assert.SkipUnless(IsOnPath("fish"), "fish is not installed.");
        Assert.Equal("track", await CompleteAsync("fish", """
            source ./script
            set -x PATH . $PATH
            complete -C 'fopwatch tra'
            """));
    }

    [Fact]
    public async Task Zsh_completes()
    {
        Assert.SkipUnless(IsOnPath("zsh"), "zsh is not installed.");
        Assert.Equal("track", await CompleteAsync("zsh", """
            compdef() { }
            compadd() { print -l -- "${(@)found:#^tra*}"; }
            _files() { print files; }
            source ./script
            words=(./fopwatch tra) CURRENT=2
            _fopwatch
            """));
    }

    [Fact]
    public async Task PowerShell_completes()
    {
        Assert.SkipUnless(IsOnPath("pwsh"), "PowerShell is not installed.");
        Assert.Equal("track", await CompleteAsync("pwsh", """
            . ./script.ps1
            $env:PATH = ".:$env:PATH"
            (TabExpansion2 'fopwatch tra' 12).CompletionMatches.CompletionText
            """));
    }

    [Fact]
    public async Task An_unsupported_shell_is_wrong_usage()
    {
        var (exit, output, error) = await CommandRun.RunAsync(["completion", "csh"]);

        Assert.Equal((ExitCodes.Refused, ""), (exit, output));
        Assert.StartsWith("SHELL: 'csh' is not one of bash, zsh, fish, pwsh.", error, StringComparison.Ordinal);
    }

    /// <summary>Runs lines in a shell that has loaded its script; the program is in the folder.</summary>
    private async Task<string> CompleteAsync(string shell, string lines)
    {
        var program = Path.Combine(_folder.FullName, "fopwatch");
        if (!File.Exists(program))
        {
            await File.WriteAllTextAsync(program, $"#!/bin/sh\nexec dotnet '{typeof(Cli).Assembly.Location}' \"$@\"\n", TestContext.Current.CancellationToken);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        var script = await CommandRun.RunAsync(["completion", shell]);
        await File.WriteAllTextAsync(Path.Combine(_folder.FullName, shell == "pwsh" ? "script.ps1" : "script"), script.Output, TestContext.Current.CancellationToken);
        var (exit, output, error) = await CommandProcess.RunAsync(_folder.FullName, [], shell, shell == "pwsh" ? ["-NoProfile", "-Command", lines] : ["-c", lines]);
        Assert.True(exit == 0, output + error);
        return output.Trim();
    }

    private static bool IsOnPath(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}

using System.Globalization;
using System.Text.RegularExpressions;

namespace FopWatch.Docs.Tests;

/// <summary>The blocks of the operators' page that stop, restart or reload a host, with stand-ins for all programs.</summary>
public sealed partial class ChangeOfHostTests
{
    private static readonly string[] Programs = ["systemctl", "fopwatch", "dotnet", "readlink", "mv", "cp", "chown", "ln", "curl", "vi"];

    /// <summary>Logs the call, and fails if it is the call of that number.</summary>
    private const string StandIn = """
        #!/bin/sh
        echo "${0##*/} $*" >>"$CALLS"
        count=0
        while read -r _; do count=$((count + 1)); done <"$CALLS"
        [ "$count" -ne "$FAILING" ]
        """;

    public static IEnumerable<TheoryDataRow<object>> Blocks() => Markdown.BlocksOfRepository()
        .Where(block => block.Document == "docs/operating.md" && block.Language == "sh" && Change().IsMatch(block.Text))
        .Select(block => new TheoryDataRow<object>(block) { Label = block.Place });

    [Fact]
    public void The_blocks_restore_upgrade_roll_back_twice_and_change_settings() => Assert.Equal(5, Blocks().Count());

    /// <summary>A host that is started after a failed restore would begin with an empty data folder.</summary>
    [Theory]
    [MemberData(nameof(Blocks), DisableDiscoveryEnumeration = true)]
    public async Task No_step_runs_after_a_failed_one(object block)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows() || !Need.IsOnPath("bash"), "The stand-ins are shell scripts.");
        var text = ProgramInFolder().Replace(((Block)block).Text, "fopwatch ");
        var (exit, all) = await RunAsync(text, failing: 0);

        Assert.Equal((0, text.Split('\n').Count(line => !Assignment().IsMatch(line))), (exit, all.Length));
        for (var failing = 1; failing <= all.Length; failing++)
        {
            (exit, var calls) = await RunAsync(text, failing);
            Assert.NotEqual(0, exit);
            Assert.Equal(all[..failing], calls);
        }
    }

    private static async Task<(int? Exit, string[] Calls)> RunAsync(string text, int failing)
    {
        using var folder = new TempFolder();
        foreach (var program in Programs)
        {
            var path = Path.Combine(folder.FullName, program);
            await File.WriteAllTextAsync(path, StandIn, TestContext.Current.CancellationToken);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var log = Path.Combine(folder.FullName, "calls");
        await using var run = new RunningCommand(new("/bin/bash", ["-c", text])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PATH"] = folder.FullName,
                ["EDITOR"] = "vi",
                ["CALLS"] = log,
                ["FAILING"] = failing.ToString(CultureInfo.InvariantCulture),
            },
        });
        var exit = await run.ExitAsync(TestContext.Current.CancellationToken);
        return (exit, await File.ReadAllLinesAsync(log, TestContext.Current.CancellationToken));
    }

    [GeneratedRegex("^systemctl (stop|restart|reload) ", RegexOptions.Multiline)]
    private static partial Regex Change();

    [GeneratedRegex(@"^""?/opt/\S*/fopwatch""? ", RegexOptions.Multiline)]
    private static partial Regex ProgramInFolder();

    [GeneratedRegex(@"^\w+=\S*$")]
    private static partial Regex Assignment();
}

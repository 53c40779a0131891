using System.Diagnostics;

namespace FopWatch.Load.Tests;

/// <summary>The load program, run for moments: that it still measures, not what.</summary>
public class LoadProgramTests
{
    private static readonly string[] Brief =
        ["--seconds", "0.5", "--warm-up", "0.5", "--connections", "8", "--open", "100,2000", "--due", "500", "--starts", "1"];

    private static readonly string[] Tables = ["Durable intake", "Commit to subscriber", "Start with an empty data folder", "Growth", "Due at once"];

    [Fact(Timeout = 600_000)]
    public async Task Every_row_has_its_figures_and_nothing_fails()
    {
        var (exitCode, tables, errors) = await RunAsync(Brief);

        TestContext.Current.TestOutputHelper?.WriteLine(tables);
        Assert.True(exitCode == 0, errors);
        var printed = tables.Split("### ")[1..].ToDictionary(
            table => table[..table.IndexOf('\n', StringComparison.Ordinal)],
            table => table.Split('\n').Where(line => line.StartsWith('|')).Skip(2).ToList());
        Assert.Equal(Tables, printed.Keys);
        Assert.All(printed.Values, Assert.NotEmpty);
        Assert.All(printed.Values.SelectMany(rows => rows), row => Assert.Matches(@"^\| [^|]+ \|( (–|[\d,.]+) \|)+$", row));
    }

    [Theory]
    [InlineData("--seconds")]
    [InlineData("--seconds", "soon")]
    [InlineData("--seconds", "0")]
    [InlineData("--connections", "8,-1")]
    [InlineData("--open", "5")]
    [InlineData("--only", "nothing")]
    [InlineData("--else", "1")]
    public async Task A_wrong_option_is_named_and_the_options_are_listed(params string[] arguments)
    {
        var (exitCode, _, errors) = await RunAsync(arguments);

        Assert.Equal(2, exitCode);
        Assert.StartsWith(arguments[0], errors, StringComparison.Ordinal);
        Assert.Contains(LoadOptions.Usage, errors, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [typeof(LoadOptions).Assembly.Location, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return (process.ExitCode, await output, await errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }
}

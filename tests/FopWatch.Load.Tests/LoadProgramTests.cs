namespace FopWatch.Load.Tests;

/// <summary>Runs the load program for moments, to see that it still measures, not what.</summary>
public class LoadProgramTests
{
    private const string Program = "FopWatch.Load.dll";

    [Fact(Timeout = 600_000)]
    public async Task Every_row_has_its_figures_and_nothing_fails()
    {
        var run = await LoadProgram.RunAsync(
            Program, "--seconds", "0.5", "--warm-up", "0.5", "--connections", "8", "--open", "100,2000", "--due", "500", "--starts", "1");

        run.HasAllFigures("Durable intake", "Commit to subscriber", "Start with an empty data folder", "Growth", "Due at once");
    }

    [Theory]
    [InlineData("--seconds")]
    [InlineData("--seconds", "soon")]
    [InlineData("--seconds", "0")]
    [InlineData("--connections", "8,-1")]
    [InlineData("--open", "5")]
    [InlineData("--only", "nothing")]
    [InlineData("--else", "1")]
    public async Task An_invalid_option_is_named_and_the_options_are_listed(params string[] arguments)
    {
        var run = await LoadProgram.RunAsync(Program, arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.StartsWith(arguments[0], run.Errors, StringComparison.Ordinal);
        Assert.Contains(LoadOptions.Usage, run.Errors, StringComparison.Ordinal);
    }
}

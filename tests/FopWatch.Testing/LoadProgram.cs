using System.Diagnostics;

namespace FopWatch.Testing;

/// <summary>A run of a load program, whose file is in the tests' folder.</summary>
/// <param name="ExitCode">The exit code.</param>
/// <param name="Output">The standard output.</param>
/// <param name="Errors">The standard error.</param>
public sealed record LoadProgram(int ExitCode, string Output, string Errors)
{
    /// <summary>The rows of each table, by the table's title.</summary>
    public IReadOnlyDictionary<string, List<string>> Tables => Output.Split("### ")[1..].ToDictionary(
        table => table[..table.IndexOf('\n', StringComparison.Ordinal)],
        table => table.Split('\n').Where(line => line.StartsWith('|')).Skip(2).ToList());

    public static async Task<LoadProgram> RunAsync(string file, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, file), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        try
        {
            var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            return new(process.ExitCode, await output, await errors);
        }
        finally
        {
            process.Kill(entireProcessTree: true);
        }
    }

    /// <summary>Fails unless the run succeeded, and every table exists and has all its figures.</summary>
    public void HasAllFigures(params string[] titles)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(Output);
        Assert.True(ExitCode == 0, Errors);
        Assert.Equal(titles, Tables.Keys);
        Assert.All(Tables.Values, Assert.NotEmpty);
        Assert.All(Tables.Values.SelectMany(rows => rows), row => Assert.Matches(@"^\| [^|]+ \|( (–|[\d,.]+) \|)+$", row));
    }
}

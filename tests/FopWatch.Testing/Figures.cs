using System.Globalization;

namespace FopWatch.Testing;

/// <summary>
/// Reports what a test tried and the result in one line: in the test's output and, if <c>FOPWATCH_SUMMARY</c> names a file, at the
/// end of that file. <c>tests/figures.sh</c> makes tables of such lines.
/// </summary>
public static class Figures
{
    private static readonly Lock Writing = new();

    /// <summary>Reports one row, before the test judges it.</summary>
    /// <param name="tried">What was tried.</param>
    /// <param name="jobs">The number of jobs, or of other inputs.</param>
    /// <param name="faults">The faults injected, counted by kind.</param>
    /// <param name="lost">The number that was acknowledged but missing.</param>
    /// <param name="wrong">The number that was present but not true.</param>
    /// <param name="repeated">What was delivered more than once.</param>
    /// <param name="refused">What was refused so that the sender retries.</param>
    public static void Report(string tried, long jobs, string faults, long lost, long wrong, string repeated, string refused) =>
        Write(string.Create(CultureInfo.InvariantCulture, $"figures: {tried} | {jobs} | {faults} | {lost} | {wrong} | {repeated} | {refused}"));

    /// <summary>Reports a result that does not fit into such a row.</summary>
    public static void Write(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        if (Environment.GetEnvironmentVariable("FOPWATCH_SUMMARY") is not { Length: > 0 } file)
            return;
        lock (Writing)
            File.AppendAllText(file, line + "\n");
    }
}

using System.Globalization;

namespace FopWatch.Testing;

/// <summary>
/// What a test tried and what came of it, in one line: to the test's output and, where <c>FOPWATCH_SUMMARY</c> names a file, to the
/// end of that. <c>tests/figures.sh</c> makes tables of such lines.
/// </summary>
public static class Figures
{
    private static readonly Lock Writing = new();

    /// <summary>Tells one row, before the test judges it.</summary>
    /// <param name="tried">What was tried.</param>
    /// <param name="jobs">How many jobs, or other inputs.</param>
    /// <param name="faults">What was done to them, counted.</param>
    /// <param name="lost">What was acknowledged and is not there.</param>
    /// <param name="wrong">What is there and is not true.</param>
    /// <param name="repeated">What was told more than once.</param>
    /// <param name="refused">What was answered so that the sender tries again.</param>
    public static void Tell(string tried, long jobs, string faults, long lost, long wrong, string repeated, string refused) =>
        Write(string.Create(CultureInfo.InvariantCulture, $"figures: {tried} | {jobs} | {faults} | {lost} | {wrong} | {repeated} | {refused}"));

    /// <summary>Tells of something that fits into no such row.</summary>
    public static void Write(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        if (Environment.GetEnvironmentVariable("FOPWATCH_SUMMARY") is not { Length: > 0 } file)
            return;
        lock (Writing)
            File.AppendAllText(file, line + "\n");
    }
}

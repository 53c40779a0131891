namespace FopWatch.Hostile.Tests;

/// <summary>
/// One line on what was tried and what came of it. It goes to the test's output and, where <c>FOPWATCH_SUMMARY</c> names a file, to
/// the end of that, so that a run can be told in a table.
/// </summary>
internal static class Summary
{
    private static readonly Lock Writing = new();

    public static void Write(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        TestContext.Current.SendDiagnosticMessage(line);
        if (Environment.GetEnvironmentVariable("FOPWATCH_SUMMARY") is not { Length: > 0 } file)
            return;
        lock (Writing)
            File.AppendAllText(file, line + Environment.NewLine);
    }
}

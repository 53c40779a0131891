using System.Globalization;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

/// <summary>Shows how far a batch is.</summary>
/// <param name="terminal">Where.</param>
internal sealed class BulkProgress(Terminal terminal) : IProgress<BulkAnswer>
{
    /// <summary>What a batch came to so far.</summary>
    public static string Text(BulkAnswer answer) =>
        string.Create(CultureInfo.InvariantCulture, $"{answer.Done ?? 0} of {answer.Count} done, {answer.Failed ?? 0} failed.");

    public void Report(BulkAnswer value)
    {
        if (value.Continuation is not null)
            terminal.WriteErrorLine(Text(value));
    }
}

using System.Globalization;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

/// <summary>Shows the progress of a batch.</summary>
internal sealed class BulkProgress(Terminal terminal) : IProgress<BulkAnswer>
{
    public static string Text(BulkAnswer answer) =>
        string.Create(CultureInfo.InvariantCulture, $"{answer.Done ?? 0} of {answer.Count} done, {answer.Failed ?? 0} failed.");

    public void Report(BulkAnswer value)
    {
        if (value.Continuation is not null)
            terminal.WriteErrorLine(Text(value));
    }
}

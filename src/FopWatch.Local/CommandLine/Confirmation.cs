namespace FopWatch.Local.CommandLine;

/// <summary>Whether something is to be done with many.</summary>
internal static class Confirmation
{
    /// <summary>The option that says yes.</summary>
    public static System.CommandLine.Option<bool> Option() => new("--yes", "-y") { Description = "Do it without asking, once the count was shown." };

    /// <summary>Shows what would be done, and asks unless the answer was given.</summary>
    /// <param name="terminal">Where.</param>
    /// <param name="what">What would be done, and with how many, in a sentence.</param>
    /// <param name="yes">Whether the answer was given.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<bool> AskAsync(Terminal terminal, string what, bool yes, CancellationToken cancellationToken)
    {
        terminal.WriteErrorLine(what);
        if (yes)
            return true;
        if (terminal.CanAsk)
        {
            terminal.Error.Write("Go on? [y/N] ");
            using var input = new StreamReader(terminal.OpenInput());
            if ((await input.ReadLineAsync(cancellationToken))?.Trim() is "y" or "Y" or "yes")
                return true;
            terminal.WriteErrorLine("Nothing was done.");
            return false;
        }

        terminal.WriteErrorLine("Nothing was done. --yes does it.");
        return false;
    }
}

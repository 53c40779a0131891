namespace FopWatch.Local.CommandLine;

/// <summary>Asks before a batch is run.</summary>
internal static class Confirmation
{
    public static System.CommandLine.Option<bool> Option() => new("--yes", "-y") { Description = "Do not ask for confirmation. The count is still shown." };

    /// <summary>Shows what would be done, and asks unless <c>--yes</c> was given.</summary>
    /// <param name="terminal">Where to ask.</param>
    /// <param name="what">What would be done, with the count, in a sentence.</param>
    /// <param name="yes">Whether <c>--yes</c> was given.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task<bool> AskAsync(Terminal terminal, string what, bool yes, CancellationToken cancellationToken)
    {
        terminal.WriteErrorLine(what);
        if (yes)
            return true;
        if (terminal.CanAsk)
        {
            terminal.Error.Write("Continue? [y/N] ");
            using var input = new StreamReader(terminal.OpenInput());
            if ((await input.ReadLineAsync(cancellationToken))?.Trim() is "y" or "Y" or "yes")
                return true;
            terminal.WriteErrorLine("Nothing was changed.");
            return false;
        }

        terminal.WriteErrorLine("Nothing was changed. Nobody can confirm here; give --yes to continue.");
        return false;
    }
}

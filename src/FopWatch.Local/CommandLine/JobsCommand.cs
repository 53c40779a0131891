using System.CommandLine;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

/// <summary><c>jobs</c>: lists, shows and acts on the jobs of a running host.</summary>
internal static class JobsCommand
{
    private const string More = """
        Examples:
          $ fopwatch jobs list --source media --state failed,partiallyFailed --since 1d
          $ fopwatch jobs show media z0.560e99c37823de5a49c22393
          $ fopwatch jobs poll --overdue --yes

        Exit codes:
          0  done
          1  some jobs could not be found or changed
          2  wrong usage, not confirmed, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal) => new ExplainedCommand("jobs", "Lists, shows and acts on the jobs of a running host.", More)
    {
        JobsListCommand.Create(terminal),
        JobsShowCommand.Create(terminal),
        JobsActionCommand.Create(terminal, BulkAction.Poll),
        JobsActionCommand.Create(terminal, BulkAction.Republish),
        JobsActionCommand.Create(terminal, BulkAction.Stop),
    };
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class QuarantineListCommand
{
    private const int DefaultTop = 20;
    private const int PageSize = 20;

    private const string More = """
        Lists the newest notifications first. Times are UTC.

        Examples:
          $ fopwatch quarantine list
          $ fopwatch quarantine list --source media --json | jq -r .key

        Exit codes:
          0  shown, even if there is none
          2  wrong usage, unknown source, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var source = QuarantineCommand.SourceOption("Only notifications to this source.");
        var top = WholeNumber.Option("--top", 1, 1_000_000, $"The most notifications to show (default: {DefaultTop}).");
        var json = new Option<bool>("--json") { Description = "Print the notifications as JSON, one per line, with their bodies in Base64." };
        var command = new ExplainedCommand("list", "Lists quarantined notifications, each with its reason.", More) { source, top, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            using var client = host.Connect(result, terminal);
            await ListAsync(terminal, client, result.GetValue(source), result.GetValue(top) ?? DefaultTop, result.GetValue(json), cancellationToken);
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static async Task ListAsync(Terminal terminal, FopWatchClient client, string? source, int top, bool json, CancellationToken cancellationToken)
    {
        var (left, any) = (top, false);
        string? continuation = null;
        do
        {
            var page = await client.ListQuarantinePageAsync(source, Math.Min(left, PageSize), continuation, cancellationToken);
            left -= page.Notifications.Count;
            continuation = page.Continuation;
            foreach (var kept in page.Notifications)
            {
                any = true;
                if (json)
                    terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(kept, FopWatchJson.TypeOf<QuarantinedNotification>())));
                else
                    Show(terminal, kept);
            }

            if (page.Unreadable is { Count: > 0 } unreadable)
                terminal.WriteErrorLine(new Piece($"The host cannot read the stored notifications with these keys: {string.Join(", ", unreadable)}.", Terminal.Wrong));
        }
        while (continuation is not null && left > 0);

        if (!any)
            terminal.WriteErrorLine("The quarantine is empty.");
        else if (continuation is not null)
            terminal.WriteErrorLine(string.Create(CultureInfo.InvariantCulture, $"There may be more than {top}. Raise --top to see them."));
    }

    private static void Show(Terminal terminal, QuarantinedNotification kept)
    {
        terminal.WriteLine(new Piece(kept.Key, Terminal.Bold));
        terminal.WriteWrapped("  ", string.Create(CultureInfo.InvariantCulture, $"{kept.Source}, {MomentText.Of(kept.ReceivedAt)}, {kept.Size} bytes: {kept.Reason}"));
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class WebhooksListCommand
{
    private const string More = """
        "behind" is the number of positions in the event log after the webhook's position. Its filters may exclude some of them.

        Examples:
          $ fopwatch webhooks list
          $ fopwatch webhooks list --json | jq 'select(.state != "active")'

        Exit codes:
          0  shown, even if there is none
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var json = WebhooksCommand.JsonOption("Print the webhooks as JSON, one per line.");
        var command = new ExplainedCommand("list", "Lists the webhooks and their states.", More) { json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            using var client = host.Connect(result, terminal);
            var webhooks = await client.ListWebhooksAsync(cancellationToken);
            if (result.GetValue(json))
            {
                foreach (var webhook in webhooks)
                    terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(webhook, FopWatchJson.TypeOf<WebhookStatus>())));
            }
            else if (webhooks.Count > 0)
            {
                Show(terminal, webhooks);
            }

            if (webhooks.Count == 0)
                terminal.WriteErrorLine("The host's settings have no webhooks.");
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static void Show(Terminal terminal, IReadOnlyList<WebhookStatus> webhooks)
    {
        var table = new TextTable(terminal, "webhook", "state", "behind", "delivered", "last error") { MostWidth = 80 };
        foreach (var webhook in webhooks)
        {
            table.Add(
                new Piece(webhook.Name, Terminal.Bold),
                new Piece(WebhooksCommand.StateOf(webhook), webhook.State == WebhookState.Active ? null : Terminal.Wrong),
                webhook.Behind.ToString(CultureInfo.InvariantCulture),
                webhook.LastDeliveredAt is { } last ? MomentText.Of(last) : "never",
                webhook.LastError ?? "");
        }

        table.Write();
    }
}

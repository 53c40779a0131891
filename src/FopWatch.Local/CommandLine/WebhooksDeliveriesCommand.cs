using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class WebhooksDeliveriesCommand
{
    private const int DefaultTop = 20;

    private const string More = """
        Lists the newest attempts first. The host keeps the last 300 attempts of each webhook. Times are UTC.

        Examples:
          $ fopwatch webhooks deliveries crm
          $ fopwatch webhooks deliveries crm --top 300 --json | jq 'select(.error)'

        Exit codes:
          0  shown, even if there is none
          1  the webhook does not exist
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var (name, json) = (WebhooksCommand.NameArgument(), WebhooksCommand.JsonOption("Print the attempts as JSON, one per line."));
        var top = WholeNumber.Option("--top", 1, 300, $"The most attempts to show (default: {DefaultTop}).");
        var command = new ExplainedCommand("deliveries", "Lists the last attempts of a webhook.", More) { name, top, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            using var client = host.Connect(result, terminal);
            var wanted = result.GetValue(name)!;
            if (await client.ListDeliveriesAsync(wanted, result.GetValue(top) ?? DefaultTop, cancellationToken) is not { } deliveries)
                return await WebhooksCommand.NoSuchWebhookAsync(terminal, client, wanted, cancellationToken);
            foreach (var delivery in deliveries)
            {
                if (result.GetValue(json))
                    terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(delivery, FopWatchJson.TypeOf<WebhookDelivery>())));
                else
                    Show(terminal, delivery);
            }

            if (deliveries.Count == 0)
                terminal.WriteErrorLine("Nothing has been sent yet.");
            return ExitCodes.Ok;
        }));
        return command;
    }

    private static void Show(Terminal terminal, WebhookDelivery delivery)
    {
        terminal.WriteLine(
            MomentText.Of(delivery.At),
            "  ",
            new Piece(delivery.Error is null ? $"delivered ({delivery.Status})" : "failed", delivery.Error is null ? null : Terminal.Wrong),
            string.Create(CultureInfo.InvariantCulture, $"  attempt {delivery.Attempt}, {delivery.Milliseconds} ms, position {delivery.Position}"));
        terminal.WriteWrapped("  ", $"{delivery.Type} {delivery.Source}/{delivery.Id}");
        if (delivery.Error is { } error)
            terminal.WriteWrapped("  ", error);
    }
}

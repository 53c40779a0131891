using System.CommandLine;

namespace FopWatch.Local.CommandLine;

internal static class WebhooksShowCommand
{
    private const string More = """
        The values in the query of the URL are left out, because they may be secrets.

        Examples:
          $ fopwatch webhooks show crm

        Exit codes:
          0  shown
          1  the webhook does not exist
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var (name, json) = (WebhooksCommand.NameArgument(), WebhooksCommand.JsonOption("Print the webhook as JSON."));
        var command = new ExplainedCommand("show", "Shows a webhook: its state, position, last error and filters.", More) { name, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            using var client = host.Connect(result, terminal);
            var wanted = result.GetValue(name)!;
            return await WebhooksCommand.ShowAsync(
                terminal, client, wanted, await client.GetWebhookAsync(wanted, cancellationToken), result.GetValue(json), cancellationToken);
        }));
        return command;
    }
}

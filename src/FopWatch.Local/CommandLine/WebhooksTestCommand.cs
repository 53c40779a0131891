using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using FopWatch.Client;

namespace FopWatch.Local.CommandLine;

internal static class WebhooksTestCommand
{
    private const string More = """
        The host sends one signed event of the type fopwatch.webhook.test, which is not about a job, and shows the answer. The event is not
        repeated and changes nothing. A paused webhook can be tested.

        Examples:
          $ fopwatch webhooks test crm

        Exit codes:
          0  the receiver accepted it
          1  the receiver did not accept it, or the webhook does not exist
          2  wrong usage, or refused by the host
          3  the host cannot be reached
          5  the output cannot be written
        """;

    public static Command Create(Terminal terminal)
    {
        var (name, json) = (WebhooksCommand.NameArgument(), WebhooksCommand.JsonOption("Print the result as JSON."));
        var command = new ExplainedCommand("test", "Sends a test event to a webhook.", More) { name, json };
        var host = new HostOptions();
        host.AddTo(command);
        command.SetAction((result, cancellationToken) => HostOptions.GuardAsync(terminal, result, async () =>
        {
            using var client = host.Connect(result, terminal);
            var wanted = result.GetValue(name)!;
            if (await client.TestWebhookAsync(wanted, cancellationToken) is not { } test)
                return await WebhooksCommand.NoSuchWebhookAsync(terminal, client, wanted, cancellationToken);
            if (result.GetValue(json))
                terminal.Output.WriteLine(DisplayText.CleanJson(JsonSerializer.Serialize(test, FopWatchJson.TypeOf<WebhookTest>())));
            else if (test.Error is { } error)
                terminal.WriteText(new Piece(string.Create(CultureInfo.InvariantCulture, $"Not accepted: {error} ({test.Milliseconds} ms)."), Terminal.Wrong));
            else
                terminal.WriteText(string.Create(CultureInfo.InvariantCulture, $"The receiver answered {test.Status} in {test.Milliseconds} ms."));
            return test.Error is null ? ExitCodes.Ok : ExitCodes.Failed;
        }));
        return command;
    }
}
